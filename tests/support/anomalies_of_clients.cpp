#include "tests/support/anomalies.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

// Section 3 of the catalogue of properties: what clients see.

namespace tests {

namespace {

using trace::Kind;
using trace::Operation;
using trace::Record;

auto place(Records& records, std::size_t index) {
    return std::next(records.begin(), static_cast<std::ptrdiff_t>(index));
}

Record with(const Record& record, const std::function<void(Record::Fields&)>& change) {
    Record::Fields fields = record.fields();
    change(fields);
    return Record(fields);
}

bool is_of(const Record& r, const Record& other, Kind kind) {
    return r.kind() == kind && r.b() == other.b();
}

bool is_answered(const Record& r) {
    return r.kind() == Kind::complete &&
           trace::operation_of(r.detail()) != Operation::create_session &&
           (trace::outcome_of(r.detail()) == trace::Outcome::ok ||
            trace::outcome_of(r.detail()) == trace::Outcome::node_exists ||
            trace::outcome_of(r.detail()) == trace::Outcome::no_node);
}

bool is_write(const Record& r) {
    const Operation operation = trace::operation_of(r.detail());
    return is_answered(r) && (operation == Operation::set || operation == Operation::create);
}

/// The next record of the same client of that kind; the end if there is none.
std::size_t next_of(const Records& records, std::size_t index, Kind kind) {
    std::size_t i = index + 1;
    while (i < records.size() && !is_of(records[i], records[index], kind)) ++i;
    return i;
}

/// Where the request that record `index` answers was invoked; the end if nowhere.
std::size_t invocation_of(const Records& records, std::size_t index) {
    for (std::size_t i = index; i-- > 0;) {
        if (is_of(records[i], records[index], Kind::invoke) &&
            records[i].c() == records[index].c()) {
            return i;
        }
    }
    return records.size();
}

/// The highest zxid among the answers before `index`: of this client in this session, or of
/// everybody's writes.
std::uint64_t seen_before(const Records& records, std::size_t index) {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < index; ++i) {
        const Record& r = records[i];
        if (is_of(r, records[index], Kind::client_expired)) seen = 0;
        // A session that goes on elsewhere keeps what it saw; to be sure, nothing is expected.
        if (is_of(r, records[index], Kind::client_connected)) seen = 0;
        if (r.b() == records[index].b() && is_answered(r)) seen = std::max(seen, r.a());
    }
    return seen;
}
std::uint64_t written_before(const Records& records, std::size_t index) {
    std::uint64_t written = 0;
    for (std::size_t i = 0; i < index; ++i) {
        if (is_write(records[i])) written = std::max(written, records[i].a());
    }
    return written;
}

bool delete_answered_invocation(Records& records, std::size_t index) {
    for (std::size_t i = index + 1; i < records.size(); ++i) {
        if (records[i].b() != records[index].b() || records[i].c() != records[index].c()) continue;
        if (records[i].kind() == Kind::invoke || records[i].kind() == Kind::fail) return false;
        if (records[i].kind() != Kind::complete) continue;
        records.erase(place(records, index));
        return true;
    }
    return false;
}

/// What stays outstanding for ever is in the way of the next reply.
bool delete_before_a_reply(Records& records, std::size_t index) {
    if (next_of(records, index, Kind::complete) == records.size()) return false;
    if (invocation_of(records, index) == records.size()) return false;
    records.erase(place(records, index));
    return true;
}

bool duplicate_reply(Records& records, std::size_t index) {
    records.insert(place(records, index), records[index]);
    return true;
}

bool repeat_reply_later(Records& records, std::size_t index) {
    const std::size_t next = next_of(records, index, Kind::complete);
    if (next == records.size()) return false;
    records.insert(place(records, next), records[index]);
    return true;
}

bool duplicate_invocation(Records& records, std::size_t index) {
    std::size_t next = next_of(records, index, Kind::complete);
    while (next < records.size() && records[next].c() <= records[index].c()) {
        next = next_of(records, next, Kind::complete);
    }
    if (next == records.size()) return false;
    for (std::size_t i = index; i < next; ++i) {
        if (is_of(records[i], records[index], Kind::fail)) return false;
    }
    records.insert(place(records, index), records[index]);
    return true;
}

bool swap_replies(Records& records, std::size_t index) {
    const std::size_t next = next_of(records, index, Kind::complete);
    if (next == records.size() || invocation_of(records, next) == records.size()) return false;
    std::swap(records[index], records[next]);
    return true;
}

bool swap_invocations(Records& records, std::size_t index) {
    const std::size_t next = next_of(records, index, Kind::invoke);
    if (next == records.size()) return false;
    int answered = 0;
    for (std::size_t i = index; i < records.size(); ++i) {
        const bool is_either =
            records[i].c() == records[index].c() || records[i].c() == records[next].c();
        if (is_either && is_of(records[i], records[index], Kind::fail)) return false;
        if (is_either && is_of(records[i], records[index], Kind::complete)) ++answered;
    }
    if (answered != 2) return false;
    std::swap(records[index], records[next]);
    return true;
}

bool answer_before_the_question(Records& records, std::size_t index) {
    const std::size_t invoked = invocation_of(records, index);
    if (invoked == records.size()) return false;
    std::rotate(place(records, invoked), place(records, index), place(records, index + 1));
    return true;
}

bool rewind_below_what_was_seen(Records& records, std::size_t index) {
    const std::uint64_t seen = seen_before(records, index);
    if (!is_answered(records[index]) || seen == 0) return false;
    records[index] = with(records[index], [seen](auto& f) { f.a = seen - 1; });
    return true;
}

bool rewind_write_to_an_earlier_one(Records& records, std::size_t index) {
    const std::size_t invoked = invocation_of(records, index);
    if (!is_write(records[index]) || invoked == records.size()) return false;
    const std::uint64_t floor = written_before(records, invoked);
    if (floor == 0) return false;
    records[index] = with(records[index], [floor](auto& f) { f.a = floor; });
    return true;
}

/// This write and one that was invoked after its reply get each other's zxids.
bool exchange_ordered_writes(Records& records, std::size_t index) {
    if (!is_write(records[index])) return false;
    for (std::size_t i = index + 1; i < records.size(); ++i) {
        if (!is_write(records[i]) || records[i].b() == records[index].b()) continue;
        const std::size_t invoked = invocation_of(records, i);
        if (invoked == records.size() || invoked < index) continue;
        const std::uint64_t mine = records[index].a();
        const std::uint64_t other = records[i].a();
        records[index] = with(records[index], [other](auto& f) { f.a = other; });
        records[i] = with(records[i], [mine](auto& f) { f.a = mine; });
        return true;
    }
    return false;
}

bool repeat_zxid_of_another_write(Records& records, std::size_t index) {
    if (!is_write(records[index])) return false;
    for (std::size_t i = index; i-- > 0;) {
        if (!is_write(records[i])) continue;
        const std::uint64_t other = records[i].a();
        records[index] = with(records[index], [other](auto& f) { f.a = other; });
        return true;
    }
    return false;
}

bool send_to_another_client(Records& records, std::size_t index) {
    for (std::uint64_t client = 0; client < 4; ++client) {
        const bool has_asked = std::ranges::any_of(records, [&](const Record& r) {
            return r.kind() == Kind::invoke && r.b() == client && r.c() == records[index].c();
        });
        if (has_asked) continue;
        records[index] = with(records[index], [client](auto& f) { f.b = client; });
        return true;
    }
    return false;
}

bool answer_what_nobody_asked(Records& records, std::size_t index) {
    records[index] = with(records[index], [](auto& f) { f.c += 1'000'000; });
    return true;
}

constexpr Anomaly all[] = {
    {"an answered request was never made", Kind::invoke, delete_answered_invocation},
    {"a request is made twice", Kind::invoke, duplicate_invocation},
    {"two requests change places", Kind::invoke, swap_invocations},
    {"a reply is lost", Kind::complete, delete_before_a_reply},
    {"a reply comes twice", Kind::complete, duplicate_reply},
    {"a reply comes again later", Kind::complete, repeat_reply_later},
    {"two replies change places", Kind::complete, swap_replies},
    {"a reply comes before its request", Kind::complete, answer_before_the_question},
    {"a reply shows less than was seen", Kind::complete, rewind_below_what_was_seen},
    {"a write is ordered with an earlier one", Kind::complete, rewind_write_to_an_earlier_one},
    {"two writes are exchanged", Kind::complete, exchange_ordered_writes},
    {"a write gets another's zxid", Kind::complete, repeat_zxid_of_another_write},
    {"a reply goes to another client", Kind::complete, send_to_another_client},
    {"a reply to a request that nobody made", Kind::complete, answer_what_nobody_asked},
    {"a failure is not told", Kind::fail, delete_before_a_reply},
};

}  // namespace

std::span<const Anomaly> client_anomalies() { return all; }

}  // namespace tests
