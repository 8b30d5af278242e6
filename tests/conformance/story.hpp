#pragma once

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"
#include "tests/support/cluster.hpp"

#include <map>
#include <memory>

namespace conformance {

constexpr std::uint64_t most_creates = 50'000;  ///< In one step.

/// An ensemble that loses and regains servers while a client writes: whose histories must agree in
/// the end. Steps are told in words; `play` knows their vocabulary.
class Story {
  public:
    explicit Story(const Case& one);
    void play_all();

    /// S2, 2, node2, A, "the old leader": as the steps call it.
    zab::NodeId server(const std::string& name);
    /// "A and B", "both followers", "all": the old leader is nobody's follower.
    std::vector<zab::NodeId> servers(const std::string& told);
    /// The same; nothing: it is not told so.
    std::optional<std::vector<zab::NodeId>> known_servers(const std::string& told);
    /// With its path for "the failed create", "the node".
    std::string with_paths(const std::string& words) const;
    bool has_old_leader() const { return names_.contains("old leader"); }
    /// Whoever led when the followers went. Throws Refused if nobody did.
    zab::NodeId old_leader() const;
    /// What the checkers have seen: only until disks of servers were emptied, for those who then
    /// begin again with epoch 1 break what they hold them to, as the case wants it.
    std::vector<std::string> violations() const {
        return before_wipe_ ? *before_wipe_ : cluster_->violations();
    }
    /// Whether what was to be lost is on the server's disk when it acknowledges NEWLEADER.
    bool had_lost_at_ack(zab::NodeId node) const;
    /// What a server's tree holds at a path: the value, or nothing.
    std::optional<std::string> value(zab::NodeId node, const std::string& path) const;
    /// The path of the write that was to be lost; empty: there is none.
    const std::string& lost() const { return lost_; }
    /// Whether anybody wrote it, or tried to.
    bool knows(const std::string& path) const { return paths_.contains(path); }
    /// Tries it.
    bool can_create(std::size_t count);
    /// In which it was last written.
    std::optional<zab::Epoch> epoch_of(const std::string& path) const;
    bool are_all_equal() const;
    bool has_started(zab::NodeId node) const;
    /// Everybody, but for an old leader that the last step leaves down as it starts the others.
    std::vector<zab::NodeId> without_left_out() const;

    test::Cluster& cluster() { return *cluster_; }
    const test::Cluster& cluster() const { return *cluster_; }
    const std::vector<std::string>& created() const { return created_; }
    std::optional<std::string> read() const { return read_; }
    const std::string& read_path() const { return read_path_; }
    const std::map<std::uint32_t, zab::NodeId>& leaders() const { return leaders_; }
    /// Paths of nodes that die with their session, and whose it is.
    const std::map<std::string, zab::SessionId>& ephemerals() const { return ephemerals_; }
    std::optional<zab::NodeId> observed() const { return observed_; }
    /// What steps say in passing, and whether it was so: "read /a at leader: present".
    const std::vector<std::pair<std::string, bool>>& claims() const { return claims_; }
    /// What those who served held.
    struct Moment {
        std::set<std::pair<zab::NodeId, std::string>> held;
        std::set<zab::NodeId> serving;
    };
    Moment moment() const;
    /// Before somebody was restarted for the last time, and before the old leader came back.
    const std::optional<Moment>& before_restart() const { return before_restart_; }
    const std::optional<Moment>& before_return() const { return before_return_; }
    /// Before all of them were stopped for the last time.
    const std::optional<Moment>& before_down() const { return before_down_; }
    /// The session at whose creation somebody wrote a snapshot, and who.
    const std::optional<std::pair<zab::NodeId, zab::SessionId>>& fuzzy() const { return fuzzy_; }
    /// How the old leader was synchronized as it came back.
    const std::string& returned_by() const { return returned_by_; }
    const std::map<zab::NodeId, std::string>& syncs() const { return syncs_; }
    /// Whom it would have been for a server that saw nobody else.
    struct Candidate {
        zab::Epoch epoch{};
        zab::Zxid zxid{};
    };
    /// Those among whom the leader of an epoch was elected.
    const std::map<std::uint32_t, std::map<zab::NodeId, Candidate>>& contests() const {
        return contests_;
    }

  private:
    using Step = bool (Story::*)(const std::string&);

    static bool is_lost_write(const std::string& step);
    void settle();
    void note_leader();
    // story_contests.cpp
    void note_candidate(zab::NodeId node, const zab::Notification& vote);
    void note_contest(std::uint32_t epoch);
    // story.cpp
    void write(const std::string& path, const std::string& value, bool waits = true);
    void ensure_client();
    zab::PathId path_id(const std::string& path);
    void create_some(std::size_t count);
    void play(const std::string& told);
    // story_names.cpp
    void read_initial(const Value& initial, zab::Config& config);
    std::vector<zab::NodeId> preset_logs(const Value& initial);
    std::vector<zab::NodeId> not_yet_started(const Value& initial);
    std::vector<zab::NodeId> started_first();
    void name_servers(const Value& nodes);
    void name_roles(const Value& initial);
    void find_numbering(const Value& expected);
    std::optional<std::vector<zab::NodeId>> counted_followers(const std::string& told);
    std::vector<zab::NodeId> named(const std::string& told);
    // story_groups.cpp
    std::optional<std::vector<zab::NodeId>> all_but(const std::string& told);
    std::vector<zab::NodeId> started_but(std::size_t count) const;
    std::optional<std::vector<zab::NodeId>> by_start(const std::string& told) const;
    // story.cpp
    void claim(const std::string& words, bool holds) { claims_.emplace_back(words, holds); }
    bool tells(const char* pattern) const;

    // story.cpp
    bool play_writes(const std::string& step);
    void write_as_told(const std::string& path, const std::string& step);
    bool play_reads(const std::string& told);
    bool play_sights(const std::string& step);
    // story_lost.cpp
    zab::NodeId losing_leader() const;
    std::optional<std::string> only_new_path() const;
    void lose_followers();
    bool play_lost_write(const std::string& step, const std::vector<std::string>& paths);
    // story_ups.cpp, story_returns.cpp
    void up(const std::vector<zab::NodeId>& who, bool by_snapshot = false);
    void hide_old_leader_from(const std::vector<zab::NodeId>& who);
    void down(const std::vector<zab::NodeId>& who);
    void down_for_restart(const std::vector<zab::NodeId>& who);
    void hide(zab::NodeId node);
    void let_back();
    bool awaits_lost_write() const;
    bool loses_followers_first() const;
    bool tells_return() const;
    bool leads(zab::NodeId node) const;
    void slow_down(zab::NodeId leader, zab::Duration tick);
    zab::Duration tick_in(const std::string& words, const std::string& step) const;
    bool play_isolation(const std::string& step);
    bool play_downs(const std::string& step);
    static std::string without_old_leader(const std::string& words);
    void claim_old_leader(const std::string& step);
    bool play_ups(const std::string& step);
    bool play_failing_ups(const std::string& told);
    bool play_returns(const std::string& step);
    bool play_outcomes(const std::string& step);
    // story_servers.cpp
    bool play_snap_races(const std::string& step);
    void race_with_snap(zab::NodeId learner, const std::string& before, const std::string& after);
    bool play_disks(const std::string& step);
    bool play_stays(const std::string& step);
    bool play_roles(const std::string& step);
    void grow_epochs(std::size_t times, const std::string& step);
    bool play_sessions(const std::string& step);
    // story_background.cpp
    static constexpr std::size_t created_meanwhile = 8;  ///< Where "creates go on".
    bool play_background(const std::string& step);
    void create_in_background();
    void create_ephemerals(std::size_t count);
    bool play_cut_syncs(const std::string& step);
    bool play_asides(const std::string& step);
    bool claim_unwritten(const std::string& words, const std::string& step);
    // story_corruption.cpp
    bool play_corruption(const std::string& step);
    bool corrupt_snapshots(zab::NodeId node);
    // story_fuzzy.cpp
    bool play_fuzzy(const std::string& step);
    void snapshot_in_session(zab::NodeId node, zab::NodeId opened_at, const std::string& step);
    // story_named.cpp
    bool play_named(const std::string& step);
    bool play_timed_downs(const std::string& step);
    bool is_told_elsewhere(const std::string& name) const;
    // story_clients.cpp
    bool play_clients(const std::string& step);
    // story_paths.cpp
    void fail_as_told(const Value& told);
    // story_loads.cpp
    bool play_repeats(const std::string& step);
    bool play_loads(const std::string& step);
    bool play_reads_that_fail(const std::string& step);
    void create_at(zab::NodeId node, const std::string& told);
    void delete_logs(const std::vector<zab::NodeId>& who, const std::string& step);

    std::unique_ptr<test::Cluster> cluster_;
    std::map<std::string, zab::NodeId> names_;
    std::map<std::string, zab::PathId> paths_;
    std::map<zab::PathId, std::map<std::uint64_t, std::string>> values_;  // By zxid.
    std::vector<std::string> created_;
    std::map<std::uint32_t, zab::NodeId> leaders_;  // By epoch.
    std::map<std::string, zab::SessionId> ephemerals_;
    std::map<zab::NodeId, Candidate> candidates_;
    std::map<std::uint32_t, std::map<zab::NodeId, Candidate>> contests_;  // By epoch.
    std::optional<std::string> read_;
    std::string read_path_;
    std::optional<zab::NodeId> observed_;
    std::optional<std::uint64_t> client_;
    zab::Epoch client_epoch_{};  // Of the leadership it is connected to.
    zab::SessionId session_{};
    std::size_t next_path_ = 0;
    std::vector<std::string> steps_;
    std::size_t at_ = 0;  ///< The step that is played.
    std::vector<std::pair<std::string, bool>> claims_;
    std::optional<Moment> before_restart_, before_return_, before_down_;
    std::optional<std::pair<zab::NodeId, zab::SessionId>> fuzzy_;
    std::optional<std::string> opens_at_;  ///< Where a session is opened, if it is told.
    std::string returned_by_;
    std::pair<std::size_t, std::vector<zab::NodeId>> started_at_;  ///< The step, and who.
    std::map<zab::NodeId, std::string> syncs_;         ///< How it was synchronized last.
    std::optional<zab::NodeId> hidden_;                ///< Takes no part in elections.
    std::set<zab::NodeId> failing_;                    ///< Fails when UPTODATE comes.
    std::optional<zab::Duration> leader_tick_;         ///< Once it has lost its followers.
    std::string lost_;                                 ///< The path that is not to be committed.
    std::vector<zab::NodeId> last_named_;              ///< "it", "they".
    std::map<zab::NodeId, zab::Zxid> on_disk_at_ack_;  ///< The end of the log, at NEWLEADER.
    std::optional<std::vector<std::string>> before_wipe_;
    std::string expected_;  ///< All its words.
    bool is_one_based_ = false;
    bool names_from_s1_ = false;                         ///< S1 is the first of them.
    bool is_loaded_ = false, loads_ephemerals_ = false;  ///< Writes go on beside the steps.
    bool is_unsettled_ = false;
    bool is_slow_ = false;                                        ///< A leader's tick was raised.
    static constexpr zab::Duration slow_tick = zab::seconds(10);  ///< Where it is not told.
};

/// The initial state, with what it tells in words as members. story_initial.cpp
Value story_initial(const Value& initial);
/// "client": "connected within 30 s"; false: the key is about something else. story_clients.cpp
bool check_client(Story& story, const std::string& key, const Value& value, Verdict& verdict);

/// The steps in the words that a story knows; what is expected; whom or when its key names.
/// story_forms.cpp
std::vector<std::string> story_steps(const Value& stimulus);
std::string story_words(const std::string& words);
std::string story_key(const std::string& key);

// What is said of one server. story_clauses.cpp
/// Whether paths must be there, or not; nothing: the words do not speak of paths.
std::optional<bool> presence_in(const std::string& told);
void check_paths(Story& story, zab::NodeId node, const std::string& words, bool is_there,
                 Verdict& verdict);
void check_at(const Story::Moment& moment, zab::NodeId node, const std::string& path, bool is_there,
              Verdict& verdict);
void check_clause(Story& story, zab::NodeId node, const std::string& words, Verdict& verdict);
/// "all global sessions of the leader", where a snapshot was written while one was created. False:
/// the words or the key are about something else. story_fuzzy.cpp
bool check_sessions(const Story& story, zab::NodeId node, const std::string& told,
                    Verdict& verdict);
bool check_session_key(Story& story, const std::string& key, const Value& value, Verdict& verdict);
/// Something that is said of these servers. story_expect.cpp
void check_words(Story& story, const std::vector<zab::NodeId>& nodes, const std::string& words,
                 Verdict& verdict);
/// Of who is behind, or refuses the leader's epoch; of paths written in an earlier one. False: the
/// words are about something else. story_epochs.cpp
bool check_promise(Story& story, zab::NodeId node, const std::string& words, Verdict& verdict);
bool check_earlier(Story& story, zab::NodeId node, const std::string& words, Verdict& verdict);
/// What a key makes of its words; false: it is about something else. story_keys.cpp
bool check_durable(const Story& story, const std::string& key, const std::string& words,
                   Verdict& verdict);
bool check_lost_answer(const Story& story, const std::string& key, const std::string& words,
                       Verdict& verdict);
bool check_shared(Story& story, const std::string& key, const std::string& words, Verdict& verdict);
/// "2000 more creates ok". story_corruption.cpp
bool check_more_creates(Story& story, zab::NodeId node, const std::string& words, Verdict& verdict);
/// "fails to start": of who refused as it last tried. False: the words are about something else.
/// story_corruption.cpp
bool check_refusal(const Story& story, zab::NodeId node, const std::string& words,
                   Verdict& verdict);
/// "after": "new leader has /a"; "beforeKill": "L serves /a". story_moments.cpp
bool check_sentences(Story& story, const std::string& key, const std::string& words,
                     Verdict& verdict);
/// "13000 creates; F stopped at 5000": "5000 creates", "F stopped", and the rest behind what
/// happens meanwhile. story_points.cpp
std::vector<std::string> with_points(const std::vector<std::string>& steps);
/// "S0 (higher currentEpoch)": than whoever else could have been elected for that epoch.
/// story_contests.cpp
void check_reason(const Story& story, std::uint32_t epoch, zab::NodeId leader,
                  const std::string& told, Verdict& verdict);
/// "not the old one", "A or B", "a former follower": the servers that it may be; nothing: the words
/// name none.
std::optional<std::vector<zab::NodeId>> nodes_meant(Story& story, const std::string& told);

}  // namespace conformance
