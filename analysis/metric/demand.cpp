#include "analysis/metric/demand.hpp"

#include "analysis/metric/summary.hpp"

#include <algorithm>
#include <utility>

namespace analysis {

namespace {

using trace::Operation;

bool is_of_load(Operation operation) {
    return operation != Operation::set_watches && operation != Operation::close_session;
}

}  // namespace

Demand::Demand(const std::vector<ClientWants>& groups) {
    std::size_t all = 0;
    for (const ClientWants& wants : groups) all += wants.count;
    clients_.reserve(all);
    group_of_.reserve(all);
    for (const ClientWants& wants : groups) {
        const auto number = static_cast<std::uint32_t>(groups_.size());
        groups_.push_back({.wants = wants, .first = clients_.size(), .has_left = false});
        clients_.resize(clients_.size() + wants.count, Client{.due = wants.start});
        group_of_.resize(clients_.size(), number);
        if (wants.leave && (!next_leave_ || *wants.leave < *next_leave_)) next_leave_ = wants.leave;
    }
}

const ClientWants* Demand::wants_of(std::uint64_t client) const {
    return client < clients_.size() ? &groups_[group_of_[client]].wants : nullptr;
}

void Demand::observe(const trace::Record& record) {
    const bool is_told = record.kind() == trace::Kind::notified;
    const std::uint64_t number = record.b();
    const ClientWants* wants = wants_of(number);
    if (wants == nullptr) return;
    Client& client = clients_[number];
    if (is_told) {
        if (!client.due) client.due = record.time() + wants->think_time;
        return;
    }
    if (record.kind() == trace::Kind::client_connected) {
        if (has_waited(client, *wants, record.time())) {
            client.waited = Waited{.from = *client.due, .is_first = !client.had_server};
        }
        client.is_attached = client.had_server = true;
        return;
    }
    client.is_attached = false;
    // With its session end a client's watches: what waited for them is asked for anew.
    if (record.kind() == trace::Kind::client_expired && !client.due) client.due = record.time();
}

bool Demand::has_waited(const Client& client, const ClientWants& wants, zab::Instant now) {
    return wants.writes && !wants.is_open && !client.is_attached && client.due &&
           *client.due < now && client.issued < wants.most;
}

std::optional<Demand::Waited> Demand::invoked(std::uint64_t client, Operation operation) {
    const ClientWants* wants = wants_of(client);
    if (wants == nullptr || !is_of_load(operation)) return std::nullopt;
    Client& one = clients_[client];
    ++one.issued;
    one.writes_under_way += is_write(operation) ? 1U : 0U;
    return std::exchange(one.waited, std::nullopt);
}

void Demand::completed(std::uint64_t client, Operation operation, zab::Instant now) {
    const ClientWants* wants = wants_of(client);
    if (wants == nullptr || !is_of_load(operation)) return;
    Client& one = clients_[client];
    if (is_write(operation) && one.writes_under_way > 0) --one.writes_under_way;
    one.due.reset();
    if (operation != Operation::watch) one.due = now + wants->think_time;
}

/// A closed loop asks again for what was lost.
void Demand::failed(std::uint64_t client, Operation operation, zab::Instant now) {
    const ClientWants* wants = wants_of(client);
    if (wants == nullptr || !is_of_load(operation)) return;
    Client& one = clients_[client];
    if (is_write(operation) && one.writes_under_way > 0) --one.writes_under_way;
    one.due = now;
}

std::optional<Demand::Left> Demand::take_left_behind(zab::Instant now) {
    if (!next_leave_ || now <= *next_leave_) return std::nullopt;
    Left left{.writes = 0, .at = *next_leave_};
    next_leave_.reset();
    for (Group& group : groups_) {
        const ClientWants& wants = group.wants;
        if (!wants.leave || group.has_left) continue;
        if (left.at < *wants.leave) {
            if (!next_leave_ || *wants.leave < *next_leave_) next_leave_ = wants.leave;
            continue;
        }
        group.has_left = true;
        for (std::size_t i = 0; wants.leaves_at_once && i < wants.count; ++i) {
            left.writes += clients_[group.first + i].writes_under_way;
            clients_[group.first + i].writes_under_way = 0;
        }
    }
    return left;
}

std::optional<Demand::Span> Demand::waiting(zab::Instant from, zab::Instant end) const {
    std::optional<Span> all;
    for (const Group& group : groups_) {
        const std::optional<Span> span = waiting_of(group, from, end);
        if (!span) continue;
        all =
            all ? Span{std::min(all->first, span->first), std::max(all->last, span->last)} : *span;
    }
    return all;
}

std::optional<Demand::Span> Demand::waiting_of(const Group& group, zab::Instant from,
                                               zab::Instant end) const {
    const ClientWants& wants = group.wants;
    const zab::Instant until = wants.leave ? std::min(*wants.leave, end) : end;
    if (!wants.writes || wants.is_open) return std::nullopt;
    std::optional<zab::Instant> first;
    for (std::size_t i = 0; i < wants.count; ++i) {
        const Client& client = clients_[group.first + i];
        if (client.is_attached || !client.due || client.issued >= wants.most) continue;
        const zab::Instant wanted = std::max(from, *client.due);
        if (wanted >= until) continue;
        first = first ? std::min(*first, wanted) : wanted;
    }
    if (!first) return std::nullopt;
    return Span{*first, until};
}

}  // namespace analysis
