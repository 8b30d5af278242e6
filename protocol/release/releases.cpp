#include "protocol/release/release.hpp"
#include "protocol/types/ensure.hpp"

#include <array>

namespace zab {

// Each release as what it differs by from the next newer one: read from the release tags.

namespace {

constexpr Release fixed() { return {}; }

/// The defects that are still open.
constexpr Release master() {
    Release release = fixed();
    release.truncation = Truncation::keeps_both;
    release.log_ahead = LogAheadOfEpoch::refuses;
    release.keeps_partial_trunc = true;
    release.keeps_partial_diff = true;
    release.snap_keeps_log = true;
    release.syncs_trunc_snapshot = false;
    release.returning_learner_keeps = false;
    release.boot_syncs_log = false;
    release.log_error_ends_process = false;
    release.shutdown_awaits_promise = false;
    release.first_proposal_must_join = false;
    release.early_commit_needs_proposal = true;
    release.refuses_gap_in_log = true;
    return release;
}

constexpr Release v3_9_3() {
    Release release = master();
    release.new_leader = NewLeaderStep::sync_committed_hole;
    release.committed_log_has_one_more = true;
    release.refuses_gap_in_log = false;
    return release;
}

/// Also 3.9.0, 3.8.0 to 3.8.4 and 3.7.1 to 3.7.2.
constexpr Release v3_9_1() {
    Release release = v3_9_3();
    release.new_leader = NewLeaderStep::async_log;
    release.log = LogAtShutdown::left_running;
    release.clients_end_sessions = false;
    release.skips_torn_header = false;
    return release;
}

constexpr Release v3_7_0() {
    Release release = v3_9_1();
    release.reads_epoch_temporary = false;
    return release;
}

/// Votes of members that do not look are compared by leader and epoch already, and their rounds are
/// not told (IGNOREVALUE in FastLeaderElection), so that 1732 is not among this release's defects.
constexpr Release v3_5_3() {
    Release release = v3_7_0();
    release.new_leader = NewLeaderStep::lazy;
    release.database = DatabaseAtShutdown::retained;
    release.log = LogAtShutdown::finished_first;
    release.new_leader_before_snap = true;
    release.diff_claims_zxid = true;
    release.keeps_partial_snap = true;
    release.syncs_snap_snapshot = false;
    release.late_read_timeout = true;
    release.slow_connect_retry = true;
    release.observers_wait = false;
    release.dials_one_by_one = true;
    release.decisions_forget_round = true;
    release.settled_votes_as_looking = true;
    release.observers_agree_on_epoch = true;
    release.epochs_in_memory_first = true;
    release.requests = RequestOrder::of_server;
    release.sees_gap_in_log = false;
    release.snapshots_by_size = false;
    release.counts_log_by_role = true;
    return release;
}

constexpr Release v3_4_10() {
    Release release = v3_5_3();
    release.decisions_forget_round = false;
    release.pings_before_leaving = true;
    release.leader_snapshots = false;
    release.log_ahead = LogAheadOfEpoch::adopts;
    release.early_commit_needs_proposal = false;
    release.syncs_from_disk = false;
    release.plans_by_window = true;
    release.throttles_syncs = false;
    release.connects_within_init_limit = false;
    return release;
}

struct Known {
    ReleaseName name;
    Release release;
};

constexpr std::array<Known, 8> known{{
    {{"fixed", "today's master with its open defects repaired"}, fixed()},
    {{"master", "the head of development, July 2026"}, master()},
    {{"3.9.3", "as released in October 2024"}, v3_9_3()},
    {{"3.9.1", "as released in October 2023"}, v3_9_1()},
    {{"3.8.0", "as released in March 2022: the release of the measured ensemble"}, v3_9_1()},
    {{"3.7.0", "as released in March 2021"}, v3_7_0()},
    {{"3.5.3", "as released in April 2017"}, v3_5_3()},
    {{"3.4.10", "as released in March 2017"}, v3_4_10()},
}};

constexpr std::array<ReleaseName, known.size()> names_of_known() {
    std::array<ReleaseName, known.size()> names;
    for (std::size_t i = 0; i < known.size(); ++i) {
        names[i] = known[i].name;
    }
    return names;
}

constexpr auto names = names_of_known();

}  // namespace

std::span<const ReleaseName> releases() { return names; }

Release release_named(std::string_view name) {
    for (const Known& one : known) {
        if (one.name.name == name) {
            return one.release;
        }
    }
    ensure(false, "the loader accepts only releases that exist");
    return {};
}

}  // namespace zab
