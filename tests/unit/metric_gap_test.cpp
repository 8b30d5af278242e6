#include "analysis/metric/summarizer.hpp"
#include "tests/unit/metric_script.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

// An outage lasts from the last moment at which writes were still acknowledged until the next that
// is, whatever happens in between and whoever waits for it.

namespace analysis {

namespace {

using Kind = trace::Kind;

constexpr std::uint16_t fault_cut = 5;
constexpr std::int64_t strikes = 1001;

RunScript with_clients(const ClientWants& wants) {
    return RunScript(Summarizer::Options{
        .warm_up = {}, .voters = {n1, n2, n3}, .groups = {}, .clients = {wants}});
}

RunScript& client(RunScript& script, Kind kind, std::uint64_t number = 0) {
    return script.record({.kind = kind, .node = n1, .b = number});
}

void ask(RunScript& script, std::uint64_t number, std::int64_t queued_ms, zab::Cxid cxid) {
    script.record(
        {.kind = Kind::invoke,
         .node = n1,
         .detail = trace::operation_detail(RunScript::Operation::set, RunScript::Outcome::ok),
         .a = static_cast<std::uint64_t>(ms(queued_ms).ns),
         .b = number,
         .c = cxid});
}

/// Server 2 takes over from the leader that fell; the survivors look at that time.
void take_over(RunScript& script, std::int64_t looks, std::int64_t elected, std::uint32_t epoch) {
    script.at(looks).simple(Kind::looking, n1).simple(Kind::looking, n2);
    script.at(elected).elected(n1, n2).elected(n2, n2);
    script.at(elected + 20).simple(Kind::leading, n2);
    script.at(elected + 40).established(n2, epoch).serving(n2, n2, epoch);
}

/// What happens between two acknowledged writes, at random; and what must be said of it, told from
/// the moments alone at which writes were wanted.
class RandomGap {
  public:
    explicit RandomGap(std::uint64_t seed) : dice_(seed) {
        script_.established_ensemble().steady_writes(200, 1000);
        const bool is_wanted = !dice_.one_in(3);
        if (is_wanted) invoke(1000, 0);
        script_.at(strikes);
        trouble();
        for (now_ = strikes + 1; now_ < 12'000; now_ += 1 + time(2000)) step();
        if (!has_leader_) take_over(script_, now_, now_ + 100, 2);
        now_ += 200;
        invoke(now_, under_way_.empty() && !first_wanted_ ? time(now_ - 1100) : 0);
        now_ += 3;
        script_.at(now_).complete(1, last_cxid_);
    }

    zab::Instant from() const { return at_ms(std::max(strikes, *first_wanted_)); }
    zab::Instant until() const { return at_ms(now_); }
    Summary summary() const { return script_.finish(now_ + 1000); }

  private:
    std::int64_t time(std::int64_t limit) {
        return static_cast<std::int64_t>(dice_.below(static_cast<std::uint64_t>(limit)));
    }

    void trouble() {
        if (dice_.one_in(2)) {
            script_.fault(fault_cut);
        } else {
            script_.simple(Kind::server_stopped, n3);
            has_leader_ = false;
        }
    }

    void invoke(std::int64_t now, std::int64_t queued) {
        script_.at(now);
        ask(script_, 1, queued, ++last_cxid_);
        under_way_.insert(last_cxid_);
        const std::int64_t wanted = std::max<std::int64_t>(now - queued, 1000);
        first_wanted_ = std::min(first_wanted_.value_or(wanted), wanted);
    }

    void step() {
        script_.at(now_);
        switch (dice_.below(6)) {
            case 0: script_.fault(fault_cut); break;
            case 1: fall(); break;
            case 2:
            case 3:
                for (const zab::Cxid cxid : under_way_) script_.fail(1, cxid);
                under_way_.clear();
                break;
            // Only what the trace shows before can have been wanted then.
            case 4: invoke(now_, first_wanted_ ? time(now_ - strikes) : 0); break;
            default: script_.simple(Kind::server_paused, n1).simple(Kind::server_resumed, n1);
        }
    }

    void fall() {
        // A fall that nobody notices is over with the next leader.
        if (!has_leader_ || !first_wanted_) return;
        script_.simple(Kind::looking, n3);
        has_leader_ = false;
    }

    test::Dice dice_;
    RunScript script_;
    std::int64_t now_ = 0;
    bool has_leader_ = true;
    std::optional<std::int64_t> first_wanted_;
    std::set<zab::Cxid> under_way_;
    zab::Cxid last_cxid_ = 0;
};

}  // namespace

TEST_CASE("an outage is the gap in which writes were wanted in vain, whatever fills it") {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        CAPTURE(seed);
        const RandomGap gap(seed);

        const Summary summary = gap.summary();

        REQUIRE(summary.outages.size() == 1);
        const Outage& outage = summary.outages.front();
        CHECK(outage.until == gap.until());
        CHECK_FALSE(outage.open);
        // A fall within the usual time of a write begins the outage itself.
        CHECK(outage.from >= gap.from());
        CHECK((outage.from - gap.from()) < *summary.outage_threshold);
        CHECK(outage.parts.sum() == outage.length());
    }
}

TEST_CASE("an outage begins with the cut although its clients are gone when the leader falls") {
    RunScript script = with_clients({.count = 1, .writes = true, .is_open = true});
    script.established_ensemble();
    client(script.at(150), Kind::client_connected);
    script.steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1001).fault(fault_cut);
    client(script.at(6000), Kind::client_disconnected);
    script.fail(0, 401);
    script.at(6001).simple(Kind::looking, n3);
    take_over(script, 6002, 6200, 2);
    client(script.at(6500), Kind::client_connected);
    ask(script, 0, 490, 402);
    script.at(6503).complete(0, 402);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    const Outage& outage = summary.outages.front();
    CHECK(outage.from == at_ms(1001));
    CHECK(outage.until == at_ms(6503));
    CHECK((outage.trouble == Trouble::fault));
    CHECK(outage.parts.detection == ms(5001));
    CHECK(outage.parts.sum() == outage.length());
}

TEST_CASE("an outage begins with the silence when the fault that caused it seemed to be over") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).fault(fault_cut);
    script.steady_writes(1000, 1100);  // It acts later: a buffer fills, say.
    script.at(1100).invoke(0, script.next_cxid());
    script.at(6000).fail(0, 451);
    script.at(6001).simple(Kind::looking, n3);
    take_over(script, 6002, 6200, 2);
    script.at(6500).invoke(0, script.next_cxid());
    script.at(6503).complete(0, 452);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1100));
    CHECK(summary.outages.front().parts.sum() == ms(5403));
}

TEST_CASE("a closed loop that has no server is an outage from when its time to think is over") {
    std::int64_t leads = 2900;
    std::int64_t back = 3000;
    std::int64_t writes = 3000;
    std::int64_t until = 3003;
    SUBCASE("until it has one, and writes") {}
    SUBCASE("until it has one, though it reads then, and writes much later") {
        writes = 7000;
        until = 3000;
    }
    SUBCASE("not when it had one again by then") {
        leads = 1200;
        back = 1490;
        writes = 1500;
        until = 0;
    }
    SUBCASE("not when a leader served again by then") {
        leads = 1200;
        until = 0;
    }
    RunScript script = with_clients({.count = 1, .writes = true, .think_time = ms(500)});
    script.established_ensemble();
    client(script.at(150), Kind::client_connected);
    script.steady_writes(200, 1000);
    script.at(1001).simple(Kind::server_stopped, n3);
    client(script, Kind::client_disconnected);
    take_over(script, leads - 100, leads, 2);
    client(script.at(back), Kind::client_connected);
    if (writes == 7000) {
        script.invoke(0, script.next_cxid(), RunScript::Operation::get);
        script.at(back + 1).complete(0, 401, RunScript::Operation::get);
    }
    const zab::Cxid cxid = script.next_cxid();
    script.at(writes).invoke(0, cxid).at(writes + 3).complete(0, cxid);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == (until == 0 ? 0 : 1));
    if (until == 0) return;
    const Outage& outage = summary.outages.front();
    CHECK(outage.from == at_ms(1500));
    CHECK(outage.until == at_ms(until));
    CHECK_FALSE(outage.open);
    CHECK(outage.parts.sum() == outage.length());
}

TEST_CASE("what keeps the first leader from coming is an outage, a start by itself is none") {
    std::optional<Trouble> cause;
    std::int64_t leads = 20'000;
    const auto start = [&](bool is_open) {
        RunScript script = with_clients({.count = 1, .writes = true, .is_open = is_open});
        for (const zab::NodeId node : {n1, n2, n3}) script.simple(Kind::looking, node);
        return script;
    };
    std::vector<RunScript> scripts = {start(false), start(true)};
    const auto both = [&](auto happens) {
        for (RunScript& script : scripts) happens(script.at(500));
    };
    SUBCASE("two of three die") {
        cause = Trouble::quorum_lost;
        both([](RunScript& s) {
            s.simple(Kind::server_stopped, n2).simple(Kind::server_stopped, n1);
        });
    }
    SUBCASE("the one that was elected dies") {
        cause = Trouble::leader_stopped;
        both([](RunScript& s) { s.elected(n3, n3).simple(Kind::server_stopped, n3); });
    }
    SUBCASE("a fault, and a long start") {
        cause = Trouble::fault;
        both([](RunScript& s) { s.fault(fault_cut); });
    }
    SUBCASE("a fault, and a start as always") {
        leads = 1000;
        both([](RunScript& s) { s.fault(fault_cut).simple(Kind::server_stopped, n3); });
    }
    SUBCASE("a slow start without any trouble, at the second attempt") {
        both([](RunScript& s) { s.elected(n3, n3).simple(Kind::looking, n3); });
    }
    for (RunScript& script : scripts) {
        take_over(script, leads, leads + 100, 1);
        client(script.at(leads + 200), Kind::client_connected);
        const bool is_open = &script == &scripts.back();
        ask(script, 0, is_open ? leads + 100 : 0, script.next_cxid());
        script.at(leads + 203).complete(0, 1);
        script.steady_writes(leads + 300, leads + 800);

        const Summary summary = script.finish(leads + 900);

        CHECK(summary.outage_threshold.has_value());  // What follows is measured as ever.
        REQUIRE(summary.outages.size() == (cause ? 1 : 0));
        if (!cause) continue;
        const Outage& outage = summary.outages.front();
        CHECK(outage.from == at_ms(500));
        CHECK(outage.until == at_ms(20'203));
        CHECK((outage.trouble == *cause));
        CHECK(outage.parts.sum() == outage.length());
    }
}

TEST_CASE("to find a first server is no outage because a fault met somebody meanwhile") {
    RunScript script = with_clients({.count = 2, .writes = true, .think_time = ms(2000)});
    script.established_ensemble();
    client(script.at(150), Kind::client_connected);
    script.steady_writes(200, 1000);
    script.at(1001).fault(fault_cut);
    client(script.at(1200), Kind::client_connected, 1);
    ask(script, 1, 0, 1);
    script.at(1203).complete(1, 1);

    CHECK(script.finish(2000).outages.empty());
}

}  // namespace analysis
