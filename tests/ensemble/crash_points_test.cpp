#include "tests/ensemble/schedule.hpp"

namespace schedule {

namespace {

/// How server 1 comes to need this kind of synchronization, when it starts.
enum class Need : std::uint8_t { diff, trunc, snap };

void prepare(Cluster& c, Need need) {
    form(c, {n1, n2, n3});
    write(c);
    if (need == Need::trunc) {
        // A tail that only server 1 has: from a leader that lost its power.
        c.holds = [](const Cluster::Sent& sent) {
            return sent.to == n2 && sent.as<zab::Proposal>() != nullptr;
        };
        c.stalls = [](NodeId node, const zab::Start& start) {
            return node == n3 && start.stage == zab::Stage::sync;
        };
        write(c);
        c.lose_power(n3);
        kill_all(c);
        c.release();
        c.resume();
        form(c, {n2, n3});
        return;
    }
    kill_all(c);
    form(c, {n2, n3});
    write(c);
    write(c);
    if (need == Need::snap) {
        c.reconfigure([](zab::Config& config) { config.force_snapshot_sync = true; });
    }
}

bool is_durable_act(zab::Work work) {
    switch (work) {
        case zab::Work::write_accepted_epoch:
        case zab::Work::write_current_epoch:
        case zab::Work::sync_log:
        case zab::Work::truncate_log:
        case zab::Work::write_snapshot: return true;
        case zab::Work::shut_down_role:
        case zab::Work::finish_election:
        case zab::Work::open_port:
        case zab::Work::start_serving:
        case zab::Work::read_log:
        case zab::Work::serialize_snapshot: return false;
    }
    return false;
}

/// Kills `victim` right after its n-th durable act of the synchronization of server 1, and lets it
/// come back. False: there were fewer.
bool crash_after(Need need, NodeId victim, std::size_t nth, bool loses_power) {
    Cluster c(three(""));
    prepare(c, need);
    if (victim == n3) kill_all(c);
    std::size_t acts = 0;
    bool has_crashed = false;
    c.on_disk_work = [&](NodeId node, zab::Work work) {
        if (!(node == victim) || !is_durable_act(work) || has_crashed || ++acts < nth) return;
        has_crashed = true;
        loses_power ? c.lose_power(node) : c.kill(node);
    };
    c.start_all();
    c.run(zab::seconds(10));
    c.on_disk_work = nullptr;
    form(c, {n1, n2, n3});
    rest(c);
    CHECK_MESSAGE(all_serve(c, {n1, n2, n3}), "act " << nth);
    CHECK_EQ(c.refusals(), 0);
    for (const std::string& violation : c.violations())
        FAIL_CHECK("act " << nth << ": " << violation);
    for (const NodeId node : {n1, n2}) {
        CHECK(
            (c.peer(node).server().database.position() == c.peer(n3).server().database.position()));
    }
    return has_crashed;
}

}  // namespace

TEST_CASE("a server that dies after any durable act of a synchronization comes back sound") {
    for (const Need need : {Need::diff, Need::trunc, Need::snap}) {
        for (const NodeId victim : {n1, n3}) {
            for (const bool loses_power : {false, true}) {
                CAPTURE(static_cast<int>(need));
                CAPTURE(victim.value);
                CAPTURE(loses_power);
                std::size_t nth = 1;
                while (nth < 20 && crash_after(need, victim, nth, loses_power)) ++nth;
                CHECK(nth > 3);  // Both epochs, and the history, at least.
                CHECK(nth < 20);
            }
        }
    }
}

}  // namespace schedule
