#include "tests/support/anomalies.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

// Sections 1 and 2 of the catalogue of properties: what servers do, and what their disks hold.

namespace tests {

namespace {

using enum trace::Kind;
using trace::kind_set;
using trace::Record;

auto place(Records& records, std::size_t index) {
    return std::next(records.begin(), static_cast<std::ptrdiff_t>(index));
}

/// The same record with another history, and another `c` if one is given.
Record with(const Record& record, std::uint64_t zxid, std::uint64_t prefix,
            std::optional<std::uint32_t> c = {}) {
    Record::Fields fields = record.fields();
    fields.a = zxid;
    fields.b = prefix;
    fields.c = c.value_or(fields.c);
    return Record(fields);
}

bool is_one_of(const Record& record, trace::KindSet kinds) {
    return (kinds & trace::kind_bit(record.kind())) != 0;
}

/// The next record of the same server that is one of `kinds`; the end if there is none.
std::size_t next_of(const Records& records, std::size_t index, trace::KindSet kinds) {
    std::size_t i = index + 1;
    while (i < records.size() &&
           (records[i].node() != records[index].node() || !is_one_of(records[i], kinds))) {
        ++i;
    }
    return i;
}

bool next_is(const Records& records, std::size_t index, trace::Kind kind,
             trace::KindSet others = 0) {
    const std::size_t next = next_of(records, index, others | trace::kind_bit(kind));
    return next < records.size() && records[next].kind() == kind;
}

/// Observers acknowledge nothing.
bool is_voter(const Records& records, zab::NodeId node) {
    return std::ranges::any_of(
        records, [node](const Record& r) { return r.kind() == ack && r.node() == node; });
}

constexpr trace::KindSet moves_memory =
    kind_set({deliver, history, booted, truncated, snapshot_installed, serving});

bool duplicate(Records& records, std::size_t index) {
    records.insert(place(records, index), records[index]);
    return true;
}

bool remove_if_next_is(Records& records, std::size_t index, trace::Kind kind,
                       trace::KindSet others) {
    if (!next_is(records, index, kind, others)) return false;
    records.erase(place(records, index));
    return true;
}

/// Somebody writes to the log what nobody proposed.
bool remove_proposal(Records& records, std::size_t index) {
    const Record proposed = records[index];
    const bool is_logged = std::any_of(place(records, index), records.end(), [&](const Record& r) {
        return r.kind() == append && r.a() == proposed.a() && r.b() == proposed.b();
    });
    if (is_logged) records.erase(place(records, index));
    return is_logged;
}

bool remove_delivery(Records& records, std::size_t index) {
    return remove_if_next_is(records, index, deliver, moves_memory);
}

bool remove_commit(Records& records, std::size_t index) {
    return remove_if_next_is(records, index, commit, kind_set({leading, looking, server_stopped}));
}

bool remove_accepted_epoch(Records& records, std::size_t index) {
    return remove_if_next_is(records, index, current_epoch, kind_set({accepted_epoch}));
}

bool remove_current_epoch(Records& records, std::size_t index) {
    const std::size_t next = next_of(records, index, kind_set({current_epoch, synchronized}));
    // An observer's acknowledgement proves nothing.
    if (next == records.size() || records[next].kind() != synchronized) return false;
    if (!is_voter(records, records[next].node())) return false;
    for (std::size_t i = 0; i < index; ++i) {  // It may have had this epoch already.
        const Record& r = records[i];
        if (r.kind() == current_epoch && r.node() == records[index].node() &&
            r.c() >= records[index].c()) {
            return false;
        }
    }
    records.erase(place(records, index));
    return true;
}

bool swap_deliveries(Records& records, std::size_t index) {
    const std::size_t next = next_of(records, index, moves_memory);
    if (next == records.size() || records[next].kind() != deliver) return false;
    std::swap(records[index], records[next]);
    return true;
}

bool swap_proposals(Records& records, std::size_t index) {
    const std::size_t next = next_of(records, index, kind_set({propose, leading}));
    if (next == records.size() || records[next].kind() != propose) return false;
    std::swap(records[index], records[next]);
    return true;
}

/// Moves the record to just before the first of `kind` that names the same transaction.
bool move_ahead_of(Records& records, std::size_t index, trace::Kind kind, bool is_of_same_node) {
    for (std::size_t i = 0; i < index; ++i) {
        const Record& r = records[i];
        if (r.kind() != kind || r.a() != records[index].a() || r.b() != records[index].b())
            continue;
        if (is_of_same_node && r.node() != records[index].node()) continue;
        std::rotate(place(records, i), place(records, index), place(records, index + 1));
        return true;
    }
    return false;
}

/// Whoever delivers it: nobody has committed it yet, nor begun an epoch with it.
bool deliver_before_commit(Records& records, std::size_t index) {
    const bool may_be_initial = std::any_of(
        records.begin(), place(records, index),
        [&](const Record& r) { return r.kind() == established && r.a() >= records[index].a(); });
    if (may_be_initial) return false;
    return move_ahead_of(records, index, commit, false);
}

bool append_before_proposal(Records& records, std::size_t index) {
    return move_ahead_of(records, index, propose, false);
}

/// The file that says so comes after the fact.
bool acknowledge_before_epoch(Records& records, std::size_t index) {
    if (!is_voter(records, records[index].node())) return false;
    for (std::size_t i = 0; i < index; ++i) {
        const Record& r = records[i];
        if (r.node() != records[index].node() || !is_one_of(r, kind_set({current_epoch, booted}))) {
            continue;
        }
        if (r.c() < records[index].c()) continue;
        if (r.kind() == booted) return false;
        std::rotate(place(records, i), place(records, index), place(records, index + 1));
        return true;  // Before the first that says so.
    }
    return false;
}

/// Its own sync covers it only afterwards.
bool acknowledge_before_sync(Records& records, std::size_t index) {
    for (std::size_t i = index; i-- > 0;) {
        const Record& r = records[i];
        if (r.node() != records[index].node()) continue;
        // What last became durable must be this transaction, and not with a snapshot.
        if (!is_one_of(r, kind_set({synced, snapshot_written, booted, truncated}))) continue;
        if (r.kind() != synced || r.a() != records[index].a()) return false;
        std::rotate(place(records, i), place(records, index), place(records, index + 1));
        return true;
    }
    return false;
}

bool rewind_epoch(Records& records, std::size_t index) {
    for (std::size_t i = 0; i < index; ++i) {
        const bool is_lower = records[i].kind() == records[index].kind() &&
                              records[i].node() == records[index].node() &&
                              records[i].c() < records[index].c();
        if (!is_lower || records[index].c() < 2 || records[i].c() == 0) continue;
        records[index] = with(records[index], 0, 0, records[i].c() - 1);
        return true;
    }
    return false;
}

/// The history becomes the empty one. A server that holds durable transactions must not do that.
bool rewind_to_nothing(Records& records, std::size_t index) {
    const trace::KindSet durable = kind_set({synced, lost, truncated, snapshot_written, booted});
    bool holds = false;
    for (std::size_t i = 0; i < index; ++i) {
        if (records[i].node() != records[index].node()) continue;
        if (records[i].kind() == synced) holds = true;
        if (is_one_of(records[i], durable) && records[i].zxid().value == 0) holds = false;
    }
    if (!holds || records[index].zxid().value == 0) return false;
    records[index] = with(records[index], 0, 0);
    return true;
}

/// The initial history, or a truncation, becomes the empty one where something is committed.
bool forget_committed(Records& records, std::size_t index) {
    const bool is_committed = std::any_of(records.begin(), place(records, index),
                                          [](const auto& r) { return r.kind() == commit; });
    const bool is_held =
        records[index].kind() == established || records[index].zxid().counter() > 0;
    if (!is_committed || !is_held || records[index].zxid().value == 0) return false;
    records[index] = with(records[index], 0, 0);
    return true;
}

bool raise_ack(Records& records, std::size_t index) {
    records[index] = with(records[index], records[index].a() + 100'000, 0, 0);
    return true;
}

bool change_prefix(Records& records, std::size_t index) {
    if (records[index].zxid().value == 0) return false;
    records[index] = with(records[index], records[index].a(), records[index].b() ^ 0x5555);
    return true;
}

/// Another server has told its tree of the same history, and that before or soon after.
bool change_tree(Records& records, std::size_t index) {
    if (records[index].c() == 0) return false;
    const std::size_t end = std::min(records.size(), index + 1'000);
    for (std::size_t i = index > 1'000 ? index - 1'000 : 0; i < end; ++i) {
        const Record& r = records[i];
        const bool is_same = i != index && is_one_of(r, kind_set({deliver, history})) &&
                             r.a() == records[index].a() && r.b() == records[index].b();
        if (!is_same || r.c() == 0) continue;
        records[index] =
            with(records[index], records[index].a(), records[index].b(), records[index].c() ^ 1);
        return true;
    }
    return false;
}

constexpr Anomaly all[] = {
    {"duplicate propose", propose, duplicate},
    {"duplicate commit", commit, duplicate},
    {"duplicate deliver", deliver, duplicate},
    {"remove propose", propose, remove_proposal},
    {"remove deliver", deliver, remove_delivery},
    {"remove commit", commit, remove_commit},
    {"remove accepted_epoch", accepted_epoch, remove_accepted_epoch},
    {"remove current_epoch", current_epoch, remove_current_epoch},
    {"swap deliver", deliver, swap_deliveries},
    {"swap propose", propose, swap_proposals},
    {"deliver before commit", deliver, deliver_before_commit},
    {"append before propose", append, append_before_proposal},
    {"ack before sync", ack, acknowledge_before_sync},
    {"NEWLEADER's ack before the epoch", synchronized, acknowledge_before_epoch},
    {"rewind accepted_epoch", accepted_epoch, rewind_epoch},
    {"rewind current_epoch", current_epoch, rewind_epoch},
    {"rewind booted", booted, rewind_to_nothing},
    {"rewind lost", lost, rewind_to_nothing},
    {"rewind established", established, forget_committed},
    {"raise ack", ack, raise_ack},
    {"other prefix deliver", deliver, change_prefix},
    {"other prefix synced", synced, change_prefix},
    {"other prefix snapshot", snapshot_written, change_prefix},
    {"other prefix commit", commit, change_prefix},
    {"other prefix established", established, change_prefix},
    {"other tree deliver", deliver, change_tree},
};

}  // namespace

std::span<const Anomaly> server_anomalies() { return all; }

std::vector<std::size_t> places_of(const Records& records, trace::Kind kind) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].kind() == kind) places.push_back(i);
    }
    return places;
}

}  // namespace tests
