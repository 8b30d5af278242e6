#pragma once

#include "protocol/types/ids.hpp"
#include "sim/coverage/enumeration.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sim {

/// Rare moments that many bugs need, each known by one record and by what was known before it. In
/// the order of their kinds of record; sites.cpp says what each of them is.
enum class Site : std::uint8_t {
    fault_without_target,
    booted_with_log_ahead_of_epoch,
    refused_to_start,
    stopped_between_epoch_files,
    stopped_in_diff,
    stopped_in_trunc,
    stopped_in_snap,
    leader_stopped_with_proposals_out,
    leader_stopped_before_its_first_proposal,
    halted_itself,
    quorum_went_down,
    nobody_was_up,
    deposed_while_paused,
    leader_lost_a_learner_by_silence,
    learner_lost_its_leader_by_silence,
    blocked_on_an_election_link,
    blocked_on_a_learner_link,
    blocked_on_a_client_link,
    went_on_after_block,
    diff_in_vain,
    trunc_in_vain,
    snap_in_vain,
    leader_gave_up_before_it_was_established,
    leader_gave_up_while_serving,
    took_over_a_later_round,
    epoch_agreed_after_one_that_came_to_nothing,
    two_leaders_established,
    adopted_what_nobody_had_committed,
    leader_read_its_log_for_a_learner,
    memory_brought_level_with_log,
    deposed_leader_proposed,
    counter_ran_out,
    observer_logged_while_serving,
    fsync_of_many,
    booted_with_unsynced_log,
    deposed_leader_committed,
    committed_beyond_a_quorum,
    learner_was_level,
    learner_was_ahead,
    cut_back_into_an_earlier_epoch,
    cut_back_into_an_earlier_process,
    observer_was_ahead,
    power_loss_took_transactions,
    power_loss_took_what_was_acknowledged,
    snap_for_an_empty_learner,
    snap_over_a_history,
    snap_over_a_longer_history,
    snap_for_an_observer,
    session_moved,
    session_expired,
    gave_up_for_an_expired_session,
};
inline constexpr std::size_t site_count = value_count<Site>;

std::string_view site_name(std::size_t site);
std::string_view site_meaning(std::size_t site);

/// Which sites a run has come by. It looks on at the records, and changes nothing.
class SiteSet final : public trace::Sink {
  public:
    explicit SiteSet(const Scenario& scenario);
    static trace::KindSet kinds();
    void observe(const trace::Record& record, trace::RecordId id) override;
    bool has(std::size_t site) const { return marks_[site]; }

    /// What is known of a server.
    struct Life {
        enum class Part : std::uint8_t { none, booting, looking, following, leading };
        Part part = Part::none;
        bool is_voter = false;
        // Of the part it plays.
        bool synchronized = false;  ///< It has acknowledged NEWLEADER.
        bool has_appended = false;
        bool has_truncated = false;
        bool has_installed = false;  ///< A snapshot.
        bool established = false;
        bool serving = false;
        std::uint16_t leader = 0;
        std::uint32_t epoch = 0;  ///< That it leads.
        // Of its process and disk.
        std::uint32_t round = 0;
        std::uint32_t accepted_epoch = 0;
        std::uint32_t current_epoch = 0;
        std::uint64_t logged = 0;        ///< Last zxid in its log.
        std::uint64_t started_with = 0;  ///< The same when its process started.
        std::uint64_t acknowledged = 0;
        std::uint64_t proposed = 0;
        std::uint64_t committed = 0;

        bool is_up() const { return part != Part::none; }
        bool is_between(Part role) const { return part == role && !synchronized; }
        void play(Part role);
    };
    /// What is known of all.
    struct Known {
        std::vector<Life> lives;              ///< By server id.
        std::vector<std::uint64_t> sessions;  ///< By client.
        std::vector<std::uint16_t> contacts;  ///< Servers, by client.
        std::uint32_t voters = 0;
        std::uint32_t voters_up = 0;
        std::uint32_t servers_up = 0;
        std::uint32_t agreed_epoch = 0;       ///< The highest a quorum has promised to follow.
        std::uint32_t established_epoch = 0;  ///< The highest whose leader a quorum follows.
        std::uint64_t committed = 0;
        std::uint32_t quorum() const { return voters / 2 + 1; }
    };

  private:
    void learn(const trace::Record& record);
    void learn_of_process(const trace::Record& record, Life& life);
    void learn_of_role(const trace::Record& record, Life& life);
    void learn_of_history(const trace::Record& record, Life& life);
    void learn_of_client(const trace::Record& record);

    Known known_;
    std::array<bool, site_count> marks_{};
};

}  // namespace sim
