#include "tests/unit/mutant_world.hpp"

#include <algorithm>

// Defects of what servers deliver and clients see, and of epochs, as they would be told.

namespace test {

namespace {

using trace::Kind;
using trace::Record;

/// The epoch that a record names.
zab::Epoch epoch_of(const Record& r) { return zab::Epoch{r.c()}; }

/// A follower that applies what it logs, without waiting for the commit.
Filter delivers_at_once(std::uint16_t node) {
    return [node](const Record& r) {
        if (is_at(r, Kind::deliver, node)) return Told{};
        if (!is_at(r, Kind::append, node)) return Told{r};
        return Told{r, changed(r, [](auto& f) { f.kind = Kind::deliver; })};
    };
}

/// Leaders after the first go on from an early state of their memory.
Filter leads_from_an_old_state() {
    return [early = std::map<std::uint16_t, Record>(),
            leads = std::map<std::uint16_t, bool>()](const Record& r) mutable {
        const std::uint16_t node = r.node().value;
        if (is_at(r, Kind::deliver, node)) early.emplace(node, r);
        if (r.kind() == Kind::leading) leads[node] = true;
        const bool is_state = r.kind() == Kind::history || r.kind() == Kind::serving;
        const auto old = early.find(node);
        if (!is_state || !leads[node] || old == early.end()) return Told{r};
        return Told{with_history_of(r, old->second)};
    };
}

/// What was left of the old leader's commits is applied after the new one's first.
Filter drains_an_old_queue(std::uint16_t node) {
    return [node, last = std::optional<Record>(), done = false](const Record& r) mutable {
        if (done || !is_at(r, Kind::deliver, node)) return Told{r};
        if (!last.has_value() || last->zxid().epoch() == r.zxid().epoch()) {
            last = r;
            return Told{r};
        }
        done = true;
        return Told{r, at_time_of(*last, r)};
    };
}

/// The 20th read that follows a write of its own client is answered from the state before it.
Filter forgets_own_write() {
    return [writes = std::map<std::uint64_t, std::uint64_t>(), seen = 0](const Record& r) mutable {
        if (is_write(r)) writes[r.b()] = r.a();
        const auto own = writes.find(r.b());
        if (!is_read(r) || own == writes.end() || ++seen != 20) return Told{r};
        const std::uint64_t before = own->second - 1;
        return Told{changed(r, [before](auto& f) { f.a = before; })};
    };
}

/// A leader takes its own history for a quorum's: it is established as soon as it leads.
Filter is_established_alone() {
    return [held = std::map<std::uint16_t, Record>()](const Record& r) mutable {
        if (r.kind() == Kind::booted || r.kind() == Kind::history) {
            held.insert_or_assign(r.node().value, r);
        }
        if (r.kind() == Kind::established) return Told{};
        if (r.kind() != Kind::leading) return Told{r};
        const Record established = with_history_of(
            changed(r, [](auto& f) { f.kind = Kind::established; }), held.at(r.node().value));
        return Told{r, established};
    };
}

/// A learner writes the epoch it comes from once more, and not the new one.
Filter repeats_its_current_epoch(std::uint16_t node) {
    return [node, first = std::optional<Record>()](const Record& r) mutable {
        if (r.kind() != Kind::current_epoch || r.node().value != node) return Told{r};
        if (!first.has_value()) first = r;
        const std::uint32_t epoch = first->c();
        return Told{changed(r, [epoch](auto& f) { f.c = epoch; })};
    };
}

/// Leaders after the first never write currentEpoch.
Filter leads_in_an_old_epoch() {
    return [leads = std::map<std::uint16_t, zab::Epoch>()](const Record& r) mutable {
        if (r.kind() == Kind::leading && r.time() > begin_at) leads[r.node().value] = epoch_of(r);
        const auto led = leads.find(r.node().value);
        const bool is_hidden =
            r.kind() == Kind::current_epoch && led != leads.end() && led->second == epoch_of(r);
        return is_hidden ? Told{} : Told{r};
    };
}

/// Server 1 has the longest history, and leads: the others need what they lack.
const std::string ahead = R"({"duration": "20s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "clients": [{"count": 1, "start": "8s"}],
    "start": {"servers": {"1": {"history": ["1:1-1:9"]}, "2": {"history": ["1:1-1:3"]},
                          "3": {"history": ["1:1-1:3"]}}}})";

/// Server 2 comes back to a leader of a later epoch, and dies when what it was sent is durable.
const std::string half_joined = five(R"(
    {"at": "6s", "crash": 2}, {"at": "8s", "crash": 5}, {"at": "14s", "restart": 2},
    {"before": {"record": "current_epoch", "node": 2, "nth": 3}, "crash": 2},
    {"at": "22s", "restart": 2})");

}  // namespace

std::vector<Mutant> mutants_of_order() {
    return {
        {"a follower that delivers what is only proposed", quiet, "agreement",
         [] { return delivers_at_once(2); }},
        {"a new leader that proposes in an old state", crash, "primary_integrity",
         [] { return leads_from_an_old_state(); }},
        {"an old leader's commits after a new one's", crash, "global_primary_order",
         [] { return drains_an_old_queue(2); }},
        {"a read of a server that lacks the client's own write", quiet, "read_your_writes",
         [] { return forgets_own_write(); }},
        {"a leader that counts nobody but itself", ahead, "established_quorum",
         [] { return is_established_alone(); }},
    };
}

std::vector<Mutant> mutants_of_epochs() {
    return {
        {"NEWLEADER acknowledged before the current epoch is written", crash, "newleader_ack",
         [] { return drops(Kind::current_epoch, {2}); }},
        {"NEWLEADER acknowledged before what the leader sent is on the disk", crash,
         "newleader_ack",
         [] {
             return Filter([](const Record& r) {
                 const bool is_durable = is_at(r, Kind::synced, 5) ||
                                         is_at(r, Kind::truncated, 5) ||
                                         is_at(r, Kind::snapshot_written, 5);
                 return is_durable && r.time() > at_second(16) ? Told{} : Told{r};
             });
         }},
        {"a leader that never makes its epoch the current one", crash, "log_within_current_epoch",
         [] { return leads_in_an_old_epoch(); }},
        {"a follower that makes the old epoch the current one", crash, "log_within_current_epoch",
         [] { return repeats_its_current_epoch(2); }},
        {.name = "a server that starts with a log ahead of its epoch, where that is wrong",
         .scenario = half_joined,
         .property = "boot_precondition",
         .release = "3.8.0"},
    };
}

}  // namespace test
