#include "sim/coverage/sites.hpp"

#include "protocol/input.hpp"
#include "protocol/types/ensure.hpp"

#include <algorithm>

namespace sim {

namespace {

using trace::Kind;
using trace::Record;
using Life = SiteSet::Life;
using Known = SiteSet::Known;
using Part = Life::Part;

/// A record of this kind is the site if `is_there` says so of it and of what was known before.
struct Row {
    Site site;
    Kind kind;
    std::string_view meaning;
    bool (*is_there)(const Record& record, const Life& server, const Known& all);
};

bool always(const Record&, const Life&, const Known&) { return true; }

template <zab::LinkKind kind>
bool is_link(const Record& record, const Life&, const Known&) {
    return record.detail() == static_cast<std::uint16_t>(kind);
}
bool is_silence(const Record& record) {
    return record.detail() == static_cast<std::uint16_t>(zab::DownReason::timed_out);
}
bool is_log_read(const Record& record) {
    return record.detail() == static_cast<std::uint16_t>(zab::Work::read_log);
}
/// Cut, and not by a snapshot that replaces the log.
bool is_trunc(const Record& record, const Life& server) {
    return server.part == Part::following && !server.has_installed &&
           server.logged > record.zxid().value;
}
bool is_deposed(const Record& record, const Known& all) {
    return record.zxid().epoch().value < all.established_epoch;
}
std::uint32_t epoch_of(std::uint64_t zxid) { return zab::Zxid{zxid}.epoch().value; }
bool is_in_diff(const Life& s) {
    return s.is_between(Part::following) && s.has_appended && !s.has_truncated && !s.has_installed;
}
bool is_other_leader(const Record& record, const Known& all) {
    for (std::size_t id = 0; id < all.lives.size(); ++id) {
        const Life& life = all.lives[id];
        if (id != record.node().value && life.part == Part::leading && life.established) {
            return true;
        }
    }
    return false;
}
bool has_moved(const Record& record, const Known& all) {
    const std::uint64_t client = record.b();
    return client < all.sessions.size() && all.sessions[client] == record.a() &&
           all.contacts[client] != record.node().value;
}
constexpr std::uint32_t many_in_one_fsync = 16;

// clang-format off
constexpr std::array<Row, site_count> table{{
    {Site::fault_without_target, Kind::fault_skipped,
     "a fault waited for a target, such as a leader, in vain", always},
    {Site::booted_with_log_ahead_of_epoch, Kind::booted,
     "the log is of a later epoch than the file currentEpoch, whose rename a crash prevented",
     [](const Record& r, const Life& s, const Known&) {
         return s.current_epoch != 0 && r.c() > s.current_epoch; }},
    {Site::refused_to_start, Kind::refused_to_start,
     "a process ends at once because its files contradict each other", always},
    {Site::stopped_between_epoch_files, Kind::server_stopped,
     "acceptedEpoch is written and currentEpoch is not",
     [](const Record&, const Life& s, const Known&) {
         return s.accepted_epoch > s.current_epoch; }},
    {Site::stopped_in_diff, Kind::server_stopped,
     "a learner stops behind a part of its DIFF, before it has acknowledged NEWLEADER",
     [](const Record&, const Life& s, const Known&) { return is_in_diff(s); }},
    {Site::stopped_in_trunc, Kind::server_stopped,
     "a learner stops behind its TRUNC, before it has acknowledged NEWLEADER",
     [](const Record&, const Life& s, const Known&) {
         return s.is_between(Part::following) && s.has_truncated && !s.has_installed; }},
    {Site::stopped_in_snap, Kind::server_stopped,
     "a learner stops behind its SNAP, before it has acknowledged NEWLEADER",
     [](const Record&, const Life& s, const Known&) {
         return s.is_between(Part::following) && s.has_installed; }},
    {Site::leader_stopped_with_proposals_out, Kind::server_stopped,
     "a leader stops with proposals that it has not committed",
     [](const Record&, const Life& s, const Known&) {
         return s.part == Part::leading && s.proposed > s.committed; }},
    {Site::leader_stopped_before_its_first_proposal, Kind::server_stopped,
     "an established leader stops before it has proposed anything",
     [](const Record&, const Life& s, const Known&) {
         return s.part == Part::leading && s.established && epoch_of(s.proposed) != s.epoch; }},
    {Site::halted_itself, Kind::server_stopped, "a process ends itself",
     [](const Record& r, const Life&, const Known&) {
         return r.detail() == static_cast<std::uint16_t>(trace::StopReason::halted); }},
    {Site::quorum_went_down, Kind::server_stopped, "with this server the last quorum is down",
     [](const Record&, const Life& s, const Known& all) {
         return s.is_up() && s.is_voter && all.voters_up == all.quorum(); }},
    {Site::nobody_was_up, Kind::server_stopped, "with this server the last of all is down",
     [](const Record&, const Life& s, const Known& all) {
         return s.is_up() && all.servers_up == 1; }},
    {Site::deposed_while_paused, Kind::server_resumed,
     "a leader runs again after others have established a later epoch",
     [](const Record&, const Life& s, const Known& all) {
         return s.part == Part::leading && s.epoch < all.established_epoch; }},
    {Site::leader_lost_a_learner_by_silence, Kind::link_down,
     "a serving leader drops a connection on which nothing came",
     [](const Record& r, const Life& s, const Known&) {
         return is_silence(r) && s.part == Part::leading && s.serving && r.peer() != 0; }},
    {Site::learner_lost_its_leader_by_silence, Kind::link_down,
     "a serving learner hears nothing from its leader for too long",
     [](const Record& r, const Life& s, const Known&) {
         return is_silence(r) && s.part == Part::following && s.serving && r.peer() == s.leader; }},
    {Site::blocked_on_an_election_link, Kind::link_full,
     "a thread waits for room on an election connection", is_link<zab::LinkKind::election>},
    {Site::blocked_on_a_learner_link, Kind::link_full,
     "a thread waits for room on a learner's connection", is_link<zab::LinkKind::learner>},
    {Site::blocked_on_a_client_link, Kind::link_full,
     "a thread waits for room on a client's connection", is_link<zab::LinkKind::client>},
    {Site::went_on_after_block, Kind::link_writable, "a thread that waited for room goes on",
     always},
    {Site::diff_in_vain, Kind::looking, "a learner looks again behind a part of its DIFF",
     [](const Record&, const Life& s, const Known&) { return is_in_diff(s); }},
    {Site::trunc_in_vain, Kind::looking, "a learner looks again behind its TRUNC",
     [](const Record&, const Life& s, const Known&) {
         return s.is_between(Part::following) && s.has_truncated && !s.has_installed; }},
    {Site::snap_in_vain, Kind::looking, "a learner looks again behind its SNAP",
     [](const Record&, const Life& s, const Known&) {
         return s.is_between(Part::following) && s.has_installed; }},
    {Site::leader_gave_up_before_it_was_established, Kind::looking,
     "a leader had its epoch agreed and no quorum to follow it",
     [](const Record&, const Life& s, const Known&) {
         return s.part == Part::leading && !s.established; }},
    {Site::leader_gave_up_while_serving, Kind::looking, "a leader lost its quorum, and knew it",
     [](const Record&, const Life& s, const Known&) {
         return s.part == Part::leading && s.serving; }},
    {Site::took_over_a_later_round, Kind::elected,
     "the election that ended was of a later round than the one that began here",
     [](const Record& r, const Life& s, const Known&) { return r.c() > s.round; }},
    {Site::epoch_agreed_after_one_that_came_to_nothing, Kind::leading,
     "an epoch is agreed though the one before it was never established",
     [](const Record& r, const Life&, const Known& all) {
         return all.agreed_epoch > all.established_epoch && r.c() > all.agreed_epoch; }},
    {Site::two_leaders_established, Kind::established,
     "another server still leads an earlier epoch, in good faith",
     [](const Record& r, const Life&, const Known& all) { return is_other_leader(r, all); }},
    {Site::adopted_what_nobody_had_committed, Kind::established,
     "the initial history ends in proposals of an earlier leader that were not committed",
     [](const Record& r, const Life&, const Known& all) { return r.a() > all.committed; }},
    {Site::leader_read_its_log_for_a_learner, Kind::work,
     "a learner's DIFF begins before what the leader keeps in memory",
     [](const Record& r, const Life& s, const Known&) {
         return is_log_read(r) && s.part == Part::leading; }},
    {Site::memory_brought_level_with_log, Kind::work,
     "a server that leaves its role reads its log again",
     [](const Record& r, const Life& s, const Known&) {
         return is_log_read(r) && s.part == Part::following; }},
    {Site::deposed_leader_proposed, Kind::propose,
     "a leader proposes that does not know of the later epoch",
     [](const Record& r, const Life&, const Known& all) { return is_deposed(r, all); }},
    {Site::counter_ran_out, Kind::propose, "an epoch's last zxid is given",
     [](const Record& r, const Life&, const Known&) { return r.zxid().counter() == 0xffffffff; }},
    {Site::observer_logged_while_serving, Kind::append,
     "an observer learns of a committed transaction by INFORM",
     [](const Record&, const Life& s, const Known&) { return s.serving && !s.is_voter; }},
    {Site::fsync_of_many, Kind::synced, "one fsync makes 16 transactions or more durable",
     [](const Record& r, const Life&, const Known&) { return r.c() >= many_in_one_fsync; }},
    {Site::booted_with_unsynced_log, Kind::synced,
     "a process makes durable what a dead one had left in the page cache",
     [](const Record&, const Life& s, const Known&) { return s.part == Part::booting; }},
    {Site::deposed_leader_committed, Kind::commit,
     "a leader commits that does not know of the later epoch",
     [](const Record& r, const Life&, const Known& all) { return is_deposed(r, all); }},
    {Site::committed_beyond_a_quorum, Kind::commit,
     "more voters than needed had acknowledged it: an earlier proposal held it up",
     [](const Record& r, const Life&, const Known& all) { return r.c() > all.quorum(); }},
    {Site::learner_was_level, Kind::synchronized,
     "a learner lacked nothing and had nothing too much: an empty DIFF",
     [](const Record&, const Life& s, const Known&) {
         return !s.has_appended && !s.has_truncated && !s.has_installed; }},
    {Site::learner_was_ahead, Kind::truncated,
     "TRUNC: a learner had logged what its leader does not have",
     [](const Record& r, const Life& s, const Known&) { return is_trunc(r, s); }},
    {Site::cut_back_into_an_earlier_epoch, Kind::truncated,
     "TRUNC takes all that a learner had of an epoch",
     [](const Record& r, const Life& s, const Known&) {
         return is_trunc(r, s) && epoch_of(s.logged) > r.zxid().epoch().value; }},
    {Site::cut_back_into_an_earlier_process, Kind::truncated,
     "TRUNC reaches back over the log file that this process began",
     [](const Record& r, const Life& s, const Known&) {
         return is_trunc(r, s) && r.zxid().value < s.started_with; }},
    {Site::observer_was_ahead, Kind::truncated, "TRUNC for an observer",
     [](const Record& r, const Life& s, const Known&) { return is_trunc(r, s) && !s.is_voter; }},
    {Site::power_loss_took_transactions, Kind::lost, "transactions that were not durable are gone",
     [](const Record& r, const Life&, const Known&) { return r.c() > 0; }},
    {Site::power_loss_took_what_was_acknowledged, Kind::lost,
     "transactions are gone that this server had acknowledged",
     [](const Record& r, const Life& s, const Known&) {
         return r.zxid().value < std::min(s.acknowledged, s.logged); }},
    {Site::snap_for_an_empty_learner, Kind::snapshot_installed,
     "SNAP for a server with an empty log",
     [](const Record&, const Life& s, const Known&) { return s.logged == 0; }},
    {Site::snap_over_a_history, Kind::snapshot_installed, "SNAP for a server with a log of its own",
     [](const Record&, const Life& s, const Known&) { return s.logged != 0; }},
    {Site::snap_over_a_longer_history, Kind::snapshot_installed,
     "SNAP for a server whose log goes beyond it",
     [](const Record& r, const Life& s, const Known&) { return s.logged > r.a(); }},
    {Site::snap_for_an_observer, Kind::snapshot_installed, "SNAP for an observer",
     [](const Record&, const Life& s, const Known&) { return !s.is_voter; }},
    {Site::session_moved, Kind::client_connected, "a session goes on at another server",
     [](const Record& r, const Life&, const Known& all) { return has_moved(r, all); }},
    {Site::session_expired, Kind::client_expired, "a client learns that its session is over",
     always},
    {Site::gave_up_for_an_expired_session, Kind::fail,
     "an operation fails because its session is over",
     [](const Record& r, const Life&, const Known&) {
         return trace::outcome_of(r.detail()) == trace::Outcome::session_expired; }},
}};
// clang-format on

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].site != static_cast<Site>(i) || (i > 0 && table[i].kind < table[i - 1].kind)) {
            return false;
        }
    }
    return true;
}
static_assert(is_in_order(), "sites are listed by kind of record, and as they are enumerated");

/// The rows of each kind of record: from its own to the next one's.
constexpr auto first_row = [] {
    std::array<std::uint8_t, trace::kind_count + 1> first{};
    for (std::size_t kind = 0; kind <= trace::kind_count; ++kind) {
        while (first[kind] < site_count && table[first[kind]].kind < static_cast<Kind>(kind)) {
            ++first[kind];
        }
    }
    return first;
}();

}  // namespace

std::string_view site_name(std::size_t site) { return value_names<Site>[site]; }
std::string_view site_meaning(std::size_t site) { return table[site].meaning; }

SiteSet::SiteSet(const Scenario& scenario) {
    for (const ServerSpec& server : scenario.servers) {
        const std::size_t id = server.id.value;
        known_.lives.resize(std::max(known_.lives.size(), id + 1));
        known_.lives[id].is_voter = server.voter;
        known_.voters += server.voter ? 1 : 0;
    }
}

trace::KindSet SiteSet::kinds() {
    trace::KindSet kinds = trace::kind_set({Kind::server_started, Kind::following, Kind::serving,
                                            Kind::append, Kind::ack, Kind::accepted_epoch,
                                            Kind::current_epoch, Kind::snapshot_written});
    for (const Row& row : table) kinds |= trace::kind_bit(row.kind);
    return kinds;
}

void SiteSet::observe(const Record& record, trace::RecordId) {
    const auto kind = static_cast<std::size_t>(record.kind());
    const std::uint16_t node = record.node().value;
    zab::ensure(node < known_.lives.size(), "records are of servers that the scenario declares");
    for (std::size_t row = first_row[kind]; row < first_row[kind + 1]; ++row) {
        marks_[row] = marks_[row] || table[row].is_there(record, known_.lives[node], known_);
    }
    learn(record);
}

}  // namespace sim
