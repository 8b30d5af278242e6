#include "analysis/metric/summarizer.hpp"

#include "sim/trace/record_names.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>

namespace analysis {

namespace {

/// What clients and servers say to each other; everything else passes between servers.
constexpr std::array<std::string_view, 7> client_messages = {
    "connect",     "connect_reply",     "client_request", "client_reply",
    "client_ping", "client_ping_reply", "watch_event"};

constexpr std::size_t message_count = std::size(trace::names::messages);

constexpr std::array<bool, message_count> is_client_message = [] {
    std::array<bool, message_count> table{};
    for (std::size_t i = 0; i < message_count; ++i) {
        for (const std::string_view name : client_messages) {
            if (trace::names::messages[i] == name) table[i] = true;
        }
    }
    return table;
}();

static_assert(std::ranges::count(is_client_message, true) == std::ssize(client_messages),
              "each of them is a message of the trace format");

/// A file may say anything; what this version does not know is not counted.
bool is_known(std::uint16_t detail) {
    return static_cast<std::size_t>(trace::operation_of(detail)) < operation_count &&
           static_cast<std::size_t>(trace::outcome_of(detail)) < outcome_count;
}

bool is_busier(const ResourceUse& left, const ResourceUse& right) {
    const auto key = [](const ResourceUse& use) {
        return std::tuple{-use.per_mille(), use.node, use.resource, use.number};
    };
    return key(left) < key(right);
}

}  // namespace

Summarizer::Summarizer(const Options& options)
    : warm_up_(options.warm_up),
      ensemble_(zab::Quorum(options.voters, options.groups)),
      outages_(options.warm_up),
      demand_(options.clients) {}

void Summarizer::observe(const trace::Record& record, trace::RecordId /*id*/) {
    // Time does not run backwards; a file that says so is not believed.
    if (record.time() < last_) {
        ++untracked_;
        return;
    }
    last_ = record.time();
    while (const auto left = demand_.take_left_behind(last_)) {
        outages_.writes_left_behind(left->writes, left->at);
    }
    const trace::KindSet bit = trace::kind_bit(record.kind());
    if ((bit & Demand::kinds) != 0) demand_.observe(record);
    if (record.kind() == trace::Kind::receive) {
        count_message(record);
    } else if ((bit & operation_kinds) != 0) {
        observe_operation(record);
    } else if ((bit & WatchView::kinds) != 0) {
        watches_.observe(record, is_warm(record));
        if (record.kind() == trace::Kind::commit && is_warm(record)) ++commits_;
    } else if ((bit & (EnsembleView::kinds | TextbookView::kinds)) != 0) {
        if ((bit & EnsembleView::kinds) != 0) observe_ensemble(record);
        if ((bit & TextbookView::kinds) != 0) textbook_.observe(record, is_warm(record));
        if (record.kind() == trace::Kind::command_agreed && is_warm(record)) ++commits_;
    } else if (record.kind() == trace::Kind::resource) {
        note_resource(record);
    }
}

void Summarizer::observe_operation(const trace::Record& record) {
    if (!is_known(record.detail())) {
        ++untracked_;
    } else if (record.kind() == trace::Kind::invoke) {
        invoked(record);
    } else {
        ended(record);
    }
}

void Summarizer::invoked(const trace::Record& record) {
    const trace::Operation kind = trace::operation_of(record.detail());
    const auto since_start =
        static_cast<std::uint64_t>(std::max<std::int64_t>(record.time().ns, 0));
    const auto queued_ns = static_cast<std::int64_t>(std::min(record.a(), since_start));
    const auto added = pending_.add(
        record.b(),
        {.invoked = record.time(), .queued_ns = queued_ns, .cxid = record.c(), .kind = kind});
    if (!added.is_tracked) {
        ++untracked_;
        return;
    }
    if (added.displaced) {
        ++operations_[static_cast<std::size_t>(added.displaced->kind)].unfinished;
        if (is_write(added.displaced->kind)) outages_.write_abandoned(record.time());
    }
    zab::Instant arrived{record.time().ns - queued_ns};
    std::optional<Demand::Waited> waited = demand_.invoked(record.b(), kind);
    // To find a first server takes its time, too.
    if (waited && waited->is_first && !outages_.is_broken()) waited.reset();
    if (is_write(kind)) {
        if (waited) arrived = std::min(arrived, waited->from);
        outages_.write_invoked(record.time(), arrived, ensemble_);
    } else if (waited) {
        outages_.waited(waited->from, record.time());
    }
}

void Summarizer::ended(const trace::Record& record) {
    const auto operation = pending_.take(record.b(), record.c());
    if (!operation) {
        ++untracked_;  // It was invoked before the trace's window, or was one too many.
        return;
    }
    const trace::Outcome outcome = trace::outcome_of(record.detail());
    const bool is_ok = record.kind() == trace::Kind::complete && outcome == trace::Outcome::ok;
    const bool is_answered = record.kind() == trace::Kind::complete;
    if (is_answered) {
        demand_.completed(record.b(), operation->kind, record.time());
    } else {
        demand_.failed(record.b(), operation->kind, record.time());
    }
    if (is_write(operation->kind)) {
        // A reply that refuses a write is a transaction too: it shows that writes get through.
        if (is_answered) {
            outages_.write_completed(record.time(), operation->invoked, ensemble_);
        } else {
            outages_.write_abandoned(record.time());
        }
    }
    if (!is_warm(record)) return;
    OperationSummary& summary = operations_[static_cast<std::size_t>(operation->kind)];
    if (is_ok) {
        ++summary.ok;
        summary.latency.add(record.time() - operation->invoked +
                            zab::nanoseconds(operation->queued_ns));
    } else {
        ++summary.failed[static_cast<std::size_t>(outcome)];
    }
}

void Summarizer::observe_ensemble(const trace::Record& record) {
    const EnsembleChange change = ensemble_.observe(record);
    if (change.self_elected && is_warm(record)) ++elections_;
    outages_.ensemble_changed(change, record, ensemble_);
}

void Summarizer::count_message(const trace::Record& record) {
    if (record.peer() == 0 || !is_warm(record)) return;
    const std::size_t message = record.detail();
    if (message < message_count && is_client_message[message]) return;
    ++messages_;
}

void Summarizer::note_resource(const trace::Record& record) {
    resources_.push_back({.node = record.node(),
                          .number = record.peer(),
                          .resource = static_cast<trace::Resource>(record.detail()),
                          .busy_ns = static_cast<std::int64_t>(record.a()),
                          .span_ns = static_cast<std::int64_t>(record.b()),
                          .uses = record.c()});
}

Summary Summarizer::finish(zab::Instant end) const {
    Summary summary{.warm_up = warm_up_,
                    .end = end,
                    .operations = operations_,
                    .reigns = ensemble_.reigns(),
                    .elections = elections_,
                    .outages = outages_.outages(end, ensemble_, demand_),
                    .outage_threshold = outages_.threshold(),
                    .messages = messages_,
                    .commits = commits_,
                    .resources = resources_,
                    .untracked = untracked_,
                    .textbook = textbook_.summary(),
                    .watches = watches_.summary()};
    pending_.for_each([&summary](const PendingOperations::Operation& operation) {
        ++summary.operations[static_cast<std::size_t>(operation.kind)].unfinished;
    });
    std::ranges::stable_sort(summary.resources, is_busier);
    return summary;
}

}  // namespace analysis
