#include "tests/unit/check_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>

namespace analysis {

namespace {

using enum trace::Kind;
using Records = std::vector<trace::Record>;

/// Changes `records` at `index`; false if nothing there would surely break a property.
using Damage = bool (*)(Records& records, std::size_t index);

struct Anomaly {
    std::string name;
    trace::Kind kind;
    Damage damage;
};

auto place(Records& records, std::size_t index) {
    return std::next(records.begin(), static_cast<std::ptrdiff_t>(index));
}

trace::Record with(const trace::Record& record, Txn txn, std::uint32_t c) {
    trace::Record::Fields fields = record.fields();
    fields.a = txn.zxid.value;
    fields.b = txn.prefix;
    fields.c = c;
    return trace::Record(fields);
}

/// The next record of the same server that is one of `kinds`; the end if there is none.
std::size_t next_of(const Records& records, std::size_t index, trace::KindSet kinds) {
    std::size_t i = index + 1;
    while (i < records.size() && (records[i].node() != records[index].node() ||
                                  (kinds & trace::kind_bit(records[i].kind())) == 0)) {
        ++i;
    }
    return i;
}

bool next_is(const Records& records, std::size_t index, trace::Kind kind,
             trace::KindSet others = 0) {
    const std::size_t next = next_of(records, index, others | trace::kind_bit(kind));
    return next < records.size() && records[next].kind() == kind;
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

bool remove_proposal(Records& records, std::size_t index) {
    // Its author writes it to the log right after.
    return remove_if_next_is(records, index, append, 0);
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
    // An observer's acknowledgement proves nothing, and the model has its observers last.
    if (next == records.size() || records[next].kind() != synchronized) return false;
    if (records[next].node().value > 3) return false;
    for (std::size_t i = 0; i < index; ++i) {  // It may have had this epoch already.
        const trace::Record& r = records[i];
        if (r.kind() == current_epoch && r.node() == records[index].node() &&
            r.c() >= records[index].c()) {
            return false;
        }
    }
    records.erase(place(records, index));
    return true;
}

bool remove_invocation(Records& records, std::size_t index) {
    const trace::Record& invoked = records[index];
    for (std::size_t i = index + 1; i < records.size(); ++i) {
        const trace::Record& r = records[i];
        if (r.b() != invoked.b() || r.c() != invoked.c()) continue;
        if (r.kind() == fail) return false;
        if (r.kind() != complete) continue;
        records.erase(place(records, index));
        return true;
    }
    return false;
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

bool rewind_epoch(Records& records, std::size_t index) {
    for (std::size_t i = 0; i < index; ++i) {
        const bool is_lower = records[i].kind() == records[index].kind() &&
                              records[i].node() == records[index].node() &&
                              records[i].c() < records[index].c();
        if (!is_lower || records[index].c() < 2 || records[i].c() == 0) continue;
        records[index] = with(records[index], {}, records[i].c() - 1);
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
        const bool is_cut = (durable & trace::kind_bit(records[i].kind())) != 0;
        if (is_cut && records[i].zxid().value == 0) holds = false;
    }
    if (!holds || records[index].zxid().value == 0) return false;
    records[index] = with(records[index], {}, records[index].c());
    return true;
}

/// The initial history, or a truncation, becomes the empty one where something is committed.
bool forget_committed(Records& records, std::size_t index) {
    const bool is_committed = std::any_of(records.begin(), place(records, index),
                                          [](const auto& r) { return r.kind() == commit; });
    const bool is_held =
        records[index].kind() == established || records[index].zxid().counter() > 0;
    if (!is_committed || !is_held || records[index].zxid().value == 0) return false;
    records[index] = with(records[index], {}, records[index].c());
    return true;
}

bool raise_ack(Records& records, std::size_t index) {
    const zab::Zxid ahead{records[index].a() + 100'000};
    records[index] = with(records[index], {ahead, 0}, 0);
    return true;
}

bool change_prefix(Records& records, std::size_t index) {
    if (records[index].zxid().value == 0) return false;
    const Txn other{records[index].zxid(), records[index].b() ^ 0x5555};
    records[index] = with(records[index], other, records[index].c());
    return true;
}

bool rewind_reply(Records& records, std::size_t index) {
    for (std::size_t i = index; i-- > 0;) {
        const trace::Record& r = records[i];
        if (r.b() != records[index].b()) continue;
        if (r.kind() == client_connected || r.kind() == client_expired) return false;
        if (r.kind() != complete || r.zxid().value == 0) continue;
        const zab::Zxid before{r.a() - 1};
        records[index] = with(records[index], {before, records[index].b()}, records[index].c());
        return true;
    }
    return false;
}

const std::vector<Anomaly>& anomalies() {
    static const std::vector<Anomaly> all = {
        {"duplicate propose", propose, duplicate},
        {"duplicate commit", commit, duplicate},
        {"duplicate deliver", deliver, duplicate},
        {"duplicate complete", complete, duplicate},
        {"remove propose", propose, remove_proposal},
        {"remove deliver", deliver, remove_delivery},
        {"remove commit", commit, remove_commit},
        {"remove accepted_epoch", accepted_epoch, remove_accepted_epoch},
        {"remove current_epoch", current_epoch, remove_current_epoch},
        {"remove invoke", invoke, remove_invocation},
        {"swap deliver", deliver, swap_deliveries},
        {"swap propose", propose, swap_proposals},
        {"rewind accepted_epoch", accepted_epoch, rewind_epoch},
        {"rewind current_epoch", current_epoch, rewind_epoch},
        {"rewind booted", booted, rewind_to_nothing},
        {"rewind lost", lost, rewind_to_nothing},
        {"rewind established", established, forget_committed},
        {"rewind complete", complete, rewind_reply},
        {"raise ack", ack, raise_ack},
        {"other prefix deliver", deliver, change_prefix},
        {"other prefix synced", synced, change_prefix},
        {"other prefix snapshot", snapshot_written, change_prefix},
        {"other prefix commit", commit, change_prefix},
        {"other prefix established", established, change_prefix},
    };
    return all;
}

Model model_of(std::uint64_t seed) {
    Model model(seed, seed % 2 == 0 ? 3 : 5, seed % 4 == 0 ? 1 : 0);
    model.run(4000);
    return model;
}

std::vector<std::size_t> places_of(const Records& records, trace::Kind kind) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].kind() == kind) places.push_back(i);
    }
    return places;
}

bool is_flagged(const Model& model, const Records& records) {
    CheckerSet checkers(model.ensemble());
    feed(checkers, records);
    return !checkers.is_clean();
}

}  // namespace

TEST_CASE("damage that breaks a property is flagged wherever it strikes") {
    std::map<std::string, int> struck;
    for (std::uint64_t seed = 2; seed < 42; ++seed) {
        const Model model = model_of(seed);
        for (const Anomaly& anomaly : anomalies()) {
            const auto places = places_of(model.records(), anomaly.kind);
            for (std::size_t i = seed % 3; i < places.size(); i += 1 + places.size() / 5) {
                Records records = model.records();
                if (!anomaly.damage(records, places[i])) continue;
                CAPTURE(seed);
                CAPTURE(anomaly.name);
                CAPTURE(places[i]);
                CHECK(is_flagged(model, records));
                ++struck[anomaly.name];
            }
        }
    }
    for (const Anomaly& anomaly : anomalies()) {
        CAPTURE(anomaly.name);
        CHECK(struck[anomaly.name] >= 20);
    }
}

/// Most removals of a record break nothing that a trace could show (an ack less, a later sync): the
/// share that is flagged is a measure of how tight the net is, printed and held from below.
TEST_CASE("a good share of all removed, repeated or exchanged records is noticed") {
    std::map<std::string, std::pair<int, int>> noticed;
    for (std::uint64_t seed = 2; seed < 22; ++seed) {
        const Model model = model_of(seed);
        for (std::size_t i = 10 + seed; i + 1 < model.records().size(); i += 97) {
            const std::string kind(trace::row(model.records()[i].kind()).name);
            for (int what = 0; what < 3; ++what) {
                Records records = model.records();
                if (what == 0) records.erase(place(records, i));
                if (what == 1) duplicate(records, i);
                if (what == 2) std::swap(records[i], records[i + 1]);
                auto& [flagged, all] = noticed[kind + (what == 0   ? " removed"
                                                       : what == 1 ? " repeated"
                                                                   : " exchanged")];
                flagged += is_flagged(model, records) ? 1 : 0;
                ++all;
            }
        }
    }
    int flagged = 0;
    int all = 0;
    for (const auto& [name, counts] : noticed) {
        flagged += counts.first;
        all += counts.second;
        if (std::getenv("CHECK_RATES") == nullptr) continue;
        MESSAGE(name, ": ", counts.first, " of ", counts.second);
    }
    MESSAGE(flagged, " of ", all, " random anomalies are noticed");
    CHECK(flagged * 10 > all * 3);
}

}  // namespace analysis
