#include "analysis/metric/ensemble_view.hpp"

#include "sim/trace/record_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace analysis {

namespace {

/// Faults that undo another one. All the others may stop the service.
constexpr std::array<std::string_view, 5> repairs = {"restart", "resume", "heal", "release",
                                                     "release_held"};

bool is_repair(std::uint16_t fault) {
    if (fault >= std::size(trace::names::faults)) return false;
    return std::ranges::find(repairs, trace::names::faults[fault]) != repairs.end();
}

EnsembleChange trouble(Trouble what) {
    EnsembleChange change;
    change.trouble = what;
    return change;
}

}  // namespace

EnsembleChange EnsembleView::observe(const trace::Record& record) {
    using enum trace::Kind;
    const trace::Kind kind = record.kind();
    if (kind == fault)
        return is_repair(record.detail()) ? EnsembleChange{} : trouble(Trouble::fault);
    if (kind == server_stopped) return on_stopped(record);
    if (kind == server_paused) return on_paused(record);
    if (kind == looking) return on_looking(record);
    if (kind == elected) return on_elected(record);
    if (kind == established) return on_established(record);
    if (kind == serving) return on_serving(record);
    if (kind == leader_compared) return on_leader_taken(record);
    if (kind == leader_declared) return on_leader_declared(record);
    EnsembleChange change;
    if (kind == trace::Kind::leading) {
        at(record.node()).leading = record.time();
        change.leading = true;
    }
    if (kind == server_resumed) {
        at(record.node()).is_paused = false;
    }
    return change;
}

std::optional<zab::NodeId> EnsembleView::leader() const {
    if (reigns_.empty() || reigns_.back().until) return std::nullopt;
    return reigns_.back().leader;
}

std::optional<zab::Instant> EnsembleView::self_elected(zab::NodeId server) const {
    if (server.value >= servers_.size()) return std::nullopt;
    return servers_[server.value].self_elected;
}

std::optional<zab::Instant> EnsembleView::leading(zab::NodeId server) const {
    if (server.value >= servers_.size()) return std::nullopt;
    return servers_[server.value].leading;
}

EnsembleChange EnsembleView::on_stopped(const trace::Record& record) {
    const bool was_head = is_head(record.node());
    const bool before = has_quorum();
    at(record.node()) = {};
    at(record.node()).is_down = true;
    end_reigns_of(record.node(), record.time(), ReignEnd::stopped);
    if (was_head) return trouble(Trouble::leader_stopped);
    return trouble(has_lost_quorum(before) ? Trouble::quorum_lost : Trouble::server_stopped);
}

EnsembleChange EnsembleView::on_paused(const trace::Record& record) {
    const bool before = has_quorum();
    at(record.node()).is_paused = true;
    if (is_head(record.node())) return trouble(Trouble::leader_paused);
    return trouble(has_lost_quorum(before) ? Trouble::quorum_lost : Trouble::server_paused);
}

EnsembleChange EnsembleView::on_looking(const trace::Record& record) {
    const bool was_head = is_head(record.node());
    const bool was_quorum = is_quorum_looking();
    const bool before = has_quorum();
    Server& server = at(record.node());
    server.is_down = false;
    server.is_looking = true;
    server.has_elected = server.is_to_lead = false;
    end_reigns_of(record.node(), record.time(), ReignEnd::looking);
    EnsembleChange change;
    if (was_head) {
        change.trouble = Trouble::leader_looking;
    } else if (has_lost_quorum(before)) {
        change.trouble = Trouble::quorum_lost;
    }
    change.quorum_looking = !was_quorum && is_quorum_looking();
    return change;
}

EnsembleChange EnsembleView::on_elected(const trace::Record& record) {
    Server& server = at(record.node());
    server.is_down = server.is_looking = false;
    server.has_elected = true;
    server.is_to_lead = record.peer() == record.node().value;
    EnsembleChange change;
    if (server.is_to_lead) {
        server.self_elected = record.time();
        server.leading.reset();
        change.self_elected = true;
    }
    return change;
}

EnsembleChange EnsembleView::on_established(const trace::Record& record) {
    const zab::Epoch epoch{record.c()};
    if (has_led() && epoch <= reigns_.back().epoch) return {};  // A late one: nobody follows it.
    if (has_led() && !reigns_.back().until) {
        reigns_.back().until = record.time();
        reigns_.back().end = ReignEnd::superseded;
    }
    reigns_.push_back({.leader = record.node(),
                       .epoch = epoch,
                       .established = record.time(),
                       .serving = std::nullopt,
                       .until = std::nullopt});
    EnsembleChange change;
    change.established = true;
    return change;
}

EnsembleChange EnsembleView::on_serving(const trace::Record& record) {
    EnsembleChange change;
    if (leader() != record.node() || reigns_.back().serving) return change;
    reigns_.back().serving = record.time();
    change.serving = true;
    return change;
}

/// A leader by the greatest id: who hears of it follows it, and if it led itself, does no longer.
EnsembleChange EnsembleView::on_leader_taken(const trace::Record& record) {
    constexpr std::uint16_t election_ignored = 0;  // Of trace::names::leader_comparisons.
    constexpr std::uint16_t leader_taken = 2;
    if (record.detail() == election_ignored) return {};
    if (record.a() != record.node().value) {
        end_reigns_of(record.node(), record.time(), ReignEnd::superseded);
    }
    if (record.detail() != leader_taken) return {};
    Server& server = at(record.node());
    server.is_down = server.is_looking = false;
    server.has_elected = true;
    return {};
}

/// Such a leader needs no more than to declare itself. Its election has no number: reigns are
/// counted.
EnsembleChange EnsembleView::on_leader_declared(const trace::Record& record) {
    Server& server = at(record.node());
    server.is_down = server.is_looking = false;
    server.has_elected = true;
    server.self_elected = server.leading = record.time();
    if (has_led() && !reigns_.back().until) {
        reigns_.back().until = record.time();
        reigns_.back().end = ReignEnd::superseded;
    }
    reigns_.push_back({.leader = record.node(),
                       .epoch = {static_cast<std::uint32_t>(reigns_.size()) + 1},
                       .established = record.time(),
                       .serving = record.time(),
                       .until = std::nullopt});
    EnsembleChange change;
    change.self_elected = change.leading = change.established = change.serving = true;
    return change;
}

EnsembleView::Server& EnsembleView::at(zab::NodeId id) {
    if (id.value >= servers_.size()) servers_.resize(std::size_t{id.value} + 1);
    return servers_[id.value];
}

void EnsembleView::end_reigns_of(zab::NodeId server, zab::Instant time, ReignEnd end) {
    if (leader() != server) return;
    reigns_.back().until = time;
    reigns_.back().end = end;
}

bool EnsembleView::is_quorum_looking() const {
    return quorum_.is_quorum_where([this](zab::NodeId voter) {
        return voter.value < servers_.size() && servers_[voter.value].is_looking;
    });
}

bool EnsembleView::is_head(zab::NodeId server) {
    return has_led() ? leader() == server : at(server).is_to_lead;
}

bool EnsembleView::has_quorum() const {
    return quorum_.is_quorum_where([this](zab::NodeId voter) {
        const Server server = voter.value < servers_.size() ? servers_[voter.value] : Server{};
        return has_led() ? server.can_acknowledge() : server.can_vote();
    });
}

bool EnsembleView::has_lost_quorum(bool before) const {
    return (leader() || !has_led()) && before && !has_quorum();
}

}  // namespace analysis
