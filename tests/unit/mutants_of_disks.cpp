#include "tests/unit/mutant_world.hpp"

#include <memory>

// Defects of the world itself: disks that are not what their servers left. What the servers then
// do, they do by themselves.

namespace test {

namespace {

/// The first `count` transactions of a log.
zab::History first_of(zab::History log, std::size_t count) {
    log.truncate(count);
    return log;
}

/// The disk holds this log instead of its own, and no snapshot.
void replace_log(sim::Disk& disk, const zab::History& log) {
    disk.preset(log, std::nullopt, disk.image().accepted_epoch, disk.image().current_epoch);
}

/// A snapshot that is rightly named, and lacks what was written.
void lose_tree(sim::Disk& disk) {
    const zab::Position end = disk.image().log.last();
    disk.preset(zab::History(end), zab::Snapshot{.position = end, .tree = {}, .sessions = {}},
                disk.image().accepted_epoch, disk.image().current_epoch);
}

/// Only the older half of the log is really durable: what else the disk confirmed was a lie.
void unsync_half(sim::Disk& disk) {
    const zab::History log = disk.image().log;
    REQUIRE(log.base() == zab::Position{});  // Nothing was dropped yet.
    replace_log(disk, first_of(log, log.size() / 2));
    for (std::size_t i = log.size() / 2; i < log.size(); ++i) disk.append(log.at(i).txn);
}

void alter_last_transaction(sim::Disk& disk) {
    zab::History log = disk.image().log;
    zab::Txn txn = log.at(log.size() - 1).txn;
    ++txn.cxid;
    log.truncate(log.size() - 1);
    log.push(txn);
    replace_log(disk, log);
}

/// One thing done to the disk of each of `servers`.
std::vector<Meddling> with_disks(zab::Instant at, const std::vector<std::uint16_t>& servers,
                                 const std::function<void(sim::Disk&)>& act) {
    return {{at, [servers, act](sim::World& world) {
                 for (const std::uint16_t id : servers) act(server_of(world, id).disk);
             }}};
}

/// All stop; servers 2 and 3 come back first, and nobody writes before server 1 is back too.
const std::string all_restart = R"({"duration": "30s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "clients": [{"count": 1, "start": "22s"}],
    "start": {"servers": {"1": {"history": ["1:1-1:9"]}, "2": {"history": ["1:1-1:9"]},
                          "3": {"history": ["1:1-1:9"]}}},
    "faults": [{"at": "5s", "crash": "all"}, {"at": "7s", "restart": 2}, {"at": "7s", "restart": 3},
               {"at": "14s", "restart": 1}]})";

/// Server 1 loses its tail to a truncation; then all stop and start again.
const std::string cut_and_restart = R"({"duration": "30s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "clients": [{"count": 1, "start": "22s"}],
    "start": {"servers": {"1": {"down": true, "history": ["1:1-1:9"]},
                          "2": {"history": ["1:1-1:5"]}, "3": {"history": ["1:1-1:5"]}}},
    "faults": [{"at": "5s", "restart": 1}, {"at": "10s", "crash": "all"},
               {"at": "12s", "restart": 1}, {"at": "12s", "restart": 2},
               {"at": "12s", "restart": 3}]})";

/// Nobody writes after the crash: what is overwritten would be right again.
const std::string written_and_left = R"({"duration": "20s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"},
    "clients": [{"count": 2, "load": {"closed": {"think_time": "20ms"}}, "leave": {"at": "8s"}}],
    "faults": [{"at": "10s", "crash": 1}, {"at": "14s", "restart": 1}]})";

const std::string half_alive =
    five(R"({"at": "5s", "crash": 2}, {"at": "6s", "crash": 3}, {"at": "9s", "power_loss": 1})");

const std::string slow_disks = R"({"duration": "20s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "disk": {"sync": "60ms"},
    "clients": [{"count": 6, "load": {"closed": {"outstanding": 2, "think_time": "5ms"}}}],
    "faults": [{"at": "8s", "crash": 1}, {"at": "12s", "restart": 1}]})";

/// The tail of server 1's log, kept at the start, is back after the restart.
std::vector<Meddling> brings_a_tail_back() {
    const auto kept = std::make_shared<zab::History>();
    return {
        {at_second(1), [kept](sim::World& world) { *kept = server_of(world, 1).disk.image().log; }},
        {at_second(11),
         [kept](sim::World& world) { replace_log(server_of(world, 1).disk, *kept); }}};
}

std::vector<Meddling> rewinds_a_quorum() {
    return with_disks(at_second(6), {2, 3},
                      [](sim::Disk& disk) { replace_log(disk, first_of(disk.image().log, 5)); });
}

}  // namespace

std::vector<Mutant> mutants_of_disks() {
    static constexpr zab::Instant just_before{at_second(9).ns - 1};
    const auto meddles = [](const char* name, std::string scenario, const char* property,
                            std::function<std::vector<Meddling>()> meddling) {
        return Mutant{.name = name,
                      .scenario = std::move(scenario),
                      .property = property,
                      .meddling = std::move(meddling)};
    };
    return {
        meddles("a truncation of what two forgetful disks lost", all_restart, "truncation_safety",
                rewinds_a_quorum),
        meddles("a leader that two forgetful disks elect", all_restart, "leader_completeness",
                rewinds_a_quorum),
        meddles("a truncated tail that comes back and is elected", cut_and_restart,
                "no_resurrected", brings_a_tail_back),
        meddles("a disk that lies about its syncs", half_alive, "committed_durability",
                [] { return with_disks(just_before, {1}, unsync_half); }),
        meddles("a disk that lies about its syncs, seen at once", half_alive, "synced_survives",
                [] { return with_disks(just_before, {1}, unsync_half); }),
        meddles("a page cache that does not outlive the process", slow_disks, "boot_equals_disk",
                [] {
                    return with_disks(at_second(10), {1},
                                      [](sim::Disk& disk) { disk.lose_power(0, 0); });
                }),
        meddles("a log record that changed on the disk", crash, "log_matching",
                [] { return with_disks(at_second(12), {5}, alter_last_transaction); }),
        meddles("a snapshot with another tree", written_and_left, "tree_agreement",
                [] { return with_disks(at_second(12), {1}, lose_tree); }),
        meddles("an acceptedEpoch file of older times", crash, "boot_precondition",
                [] {
                    return with_disks(at_second(12), {5}, [](sim::Disk& disk) {
                        disk.write_accepted_epoch(zab::Epoch{0});
                    });
                }),
    };
}

}  // namespace test
