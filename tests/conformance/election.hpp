#pragma once

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"
#include "tests/support/cluster.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace conformance {

using zab::NodeId;

/// Ids here are one higher than in the cases: no server is called 0.
NodeId node_of(std::uint64_t sid);
NodeId node_of(const std::string& sid);
std::vector<NodeId> nodes_in(const std::string& words);
bool is_among(NodeId node, const std::vector<NodeId>& all);
/// What a server is, as ZooKeeper calls it.
std::string state_of(const test::Cluster& cluster, NodeId node);

/// One of several of whom a step speaks.
inline const std::string who_unit =
    "(?:[A-Z]|leader|(?:an?|one|any) observer|observers? [0-9]+|(?:all |both )?(?:followers|"
    "observers)|(?:followers?|nodes?|servers?) [0-9]+|[0-9]+)";
/// Of whom a step speaks, for a regular expression: one group.
inline const std::string who_pattern =
    "((?:all|everybody|everyone) (?:but|except(?: for)?) " + who_unit + "(?: and " + who_unit +
    ")*|" + who_unit + "(?: and " + who_unit + ")+|" +
    "(?:an?|one|any) observer|(?:(?:an?|one|first) )?follower|observers? [0-9]+(?:(?:, ?| and "
    ")[0-9]+)*|"
    "(?:all )?(?:[0-9]+|two|three|four|five) (?:fresh |started |running )?"
    "(?:nodes|servers|peers|voters|observers)|(?:(?:nodes?|servers?|peers?|followers?|sids?|leader)"
    "? "
    "?(?:[0-9]+(?:(?:, ?(?:and )?| and "
    ")[0-9]+)*)|(?:all|both|others|rest|everybody|leader|old leader|remaining)(?: nodes| peers| "
    "servers)?|(?:all |both )?(?:followers|observers)|it|they|all [0-9]+|(?:follower )?[A-Z]|))";

class Stage;
/// As `state_of`; an observer that is in is OBSERVING.
std::string told_state(const Stage& stage, NodeId node);
/// Roles that it took up since this record.
std::vector<std::string> roles_of(const test::Cluster& cluster, NodeId node, std::size_t since);

/// An ensemble in which elections are staged.
class Stage {
  public:
    explicit Stage(const Case& one);
    void play_all();
    /// Roles taken up by a server since it was first asked about, in order.
    std::vector<std::string> roles_of(NodeId node, std::size_t since) const {
        return conformance::roles_of(*cluster, node, since);
    }
    bool is_quorum_up() const;

    /// One election as one server went through it.
    struct Election {
        zab::Instant began{};
        std::optional<zab::Instant> decided;
        NodeId leader{};
    };
    std::vector<Election> elections_of(NodeId node) const;
    /// Those who took part in the first election of all.
    std::vector<NodeId> first_electors() const;
    /// One time as leader.
    struct Lead {
        NodeId node{};
        zab::Instant from{};
        std::optional<zab::Instant> until;
        bool is_established = false;
    };
    std::vector<Lead> leads() const;
    bool has_mocks() const { return !mocks_.empty(); }
    /// Those that start when all do.
    std::vector<NodeId> everybody() const;
    /// Those who are no mocks, and up.
    std::vector<NodeId> listeners() const;
    /// What of a time told is left, counted from the last start.
    zab::Duration left_of(zab::Duration limit) const;
    /// How long after the last start anybody served.
    std::optional<zab::Duration> served_after(std::optional<NodeId> who = std::nullopt) const;
    bool has_served_in_time(const Timed& told, std::optional<NodeId> who = std::nullopt) const;
    /// How long after the last start the last of all that are up has decided.
    std::optional<zab::Duration> decided_within() const;
    bool is_served_only_after_first_lead() const;
    bool was_told_of_looking(const Lead& lead) const;
    bool was_told_by(NodeId node, NodeId other) const;
    /// "3 started servers are up", "0 and 1 decide": of whom the clause speaks, and what it says.
    std::optional<std::pair<std::vector<NodeId>, std::string>> subject_of(
        const std::string& clause) const;
    /// "0 and 1", "0,1,2", "all", "leader": servers of which words or keys speak.
    std::optional<std::vector<NodeId>> nodes_of(const std::string& who) const;
    std::vector<NodeId> nodes_beside(const std::string& who) const;
    std::optional<std::vector<NodeId>> nodes_counted(const std::string& who) const;
    std::optional<std::vector<NodeId>> nodes_of_list(const std::string& who) const;
    /// Of those since it started last.
    std::uint64_t first_round_of(NodeId node) const {
        const auto found = first_rounds_.find(node);
        return found == first_rounds_.end() ? 0 : found->second;
    }
    /// Who was started last.
    std::optional<NodeId> last_started() const { return last_started_; }
    /// Who led before the last step.
    std::optional<NodeId> before() const { return before_; }
    /// How the ensemble stood once who had been restarted was to be back.
    struct Restart {
        bool is_quorum_up = false;
        bool are_all_serving = false;
        bool are_all_decided = false;  ///< FOLLOWING or LEADING.
    };
    const std::vector<Restart>& restarts() const { return restarts_; }
    /// That those who "do not look again" have not.
    void check_steady(Verdict& verdict) const;
    /// All that came of malformed messages: nothing.
    bool ignored_all() const { return ignored_all_; }
    bool has_malformed() const { return has_malformed_; }
    /// Whether this (a pattern) is the last of all that has happened of its kind.
    bool is_last_event(const char* kind) const;
    bool has_led_or_followed(NodeId node, const char* role) const;
    std::optional<zab::Instant> last_start() const { return started_at_; }

    std::unique_ptr<test::Cluster> cluster;
    std::map<std::string, std::string> outcomes;  ///< Of steps that end in a result.
    std::map<std::string, NodeId> names;          ///< T and F.
    std::size_t forced_at = 0;                    ///< Records until then.
    std::vector<std::pair<std::size_t, bool>>
        elections;                     ///< Servers that agree; so does the leader.
    std::size_t answered = 0;          ///< Requests of clients.
    std::vector<std::size_t> leaders;  ///< How many of them, in each of these elections.
    bool reads_observing = false;      ///< While OBSERVING is read as the FOLLOWING of an observer.
    std::vector<NodeId> judged;  ///< Those of whom a key of `expected` speaks: not the "others".
    std::map<NodeId, std::string> after_malformed;  ///< Their states right after such a message.
    std::set<std::string> malformed_sizes;          ///< In bytes, as they are told.
    bool has_bad_configuration = false;             ///< In a vote that counts.
    std::vector<std::pair<NodeId, NodeId>> refused_dials;  ///< Who could not reach whom.
    /// What steps say in passing, and whether it was so.
    std::vector<std::pair<std::string, bool>> claims;

  private:
    std::optional<std::pair<NodeId, NodeId>> read_words(const std::string& words,
                                                        zab::Config& config);
    void read_voters(const Value& nodes, zab::Config& config);
    bool read_observers(const std::string& words, zab::Config& config);
    // election_names.cpp
    void read_initial(const Value& initial);
    void read_nodes(const Value& nodes);
    void refuse_strangers(const std::vector<NodeId>& nodes, const std::string& what) const;
    void establish(const Value& roles);
    std::string without_attributes(const std::string& step);
    std::string without_places(const std::string& step);
    // election_absent.cpp
    bool read_unresolved(const std::string& words, zab::Config& config);
    bool read_node(NodeId node, const std::string& words);
    void read_mocks(const Case& one);
    bool play_runs(const std::string& step);
    void refuse_unreachable();
    // election_messages.cpp
    void note_length(const std::string& told);
    std::string as_message(const std::string& told, std::string& common);
    bool say_in_turn(const std::string& what, const std::string& common);
    std::string without_bad_configuration(const std::string& told);
    // election_claims.cpp
    bool play_passing(const std::string& step);
    bool play_asking(const std::string& words, const std::string& step);
    // election_forms.cpp
    std::string without_ids(const std::string& step);
    bool play_first_lead(const std::string& step);
    bool play_kept(const std::string& step);
    // election_held.cpp
    bool play_placed(const std::string& step);
    bool play_up(const std::string& step);
    void claim_place(const std::vector<NodeId>& nodes, const std::string& step);
    // election_quits.cpp
    void listen();
    void foresee_quits();
    bool play_quits(const std::string& step);
    // election.cpp
    void play(const std::string& told);
    void play_compound(const std::string& step);
    bool play_mocks(const std::string& told);
    void lead_stably(const std::string& step);
    bool play_fraud(const std::string& step);
    // election_starts.cpp
    bool play_elections(const std::string& told, const std::string& step);
    bool play_starts(const std::string& step);
    bool play_stops(const std::string& step);
    void rejoin(const std::vector<NodeId>& nodes, const std::string& step);
    void restart(const std::vector<NodeId>& nodes, const std::string& step);
    bool play_restarts(const std::string& step);
    void start(const std::vector<NodeId>& nodes);
    bool play_further_round(const std::vector<NodeId>& nodes, const std::string& step);
    void claim_first_round(const std::vector<NodeId>& nodes, const std::string& step);
    // election_steps.cpp
    void leave_only(const std::vector<NodeId>& nodes, const std::string& step);
    bool play_stays(const std::string& words, const std::string& step);
    bool play_anew(const std::string& words, const std::string& step);
    bool play_waits(const std::string& step);
    std::vector<NodeId> subject(const std::string& who);
    void note_leader();
    void kill(NodeId node);
    void elect(const std::vector<NodeId>& nodes, std::optional<NodeId> leader,
               const std::string& step);
    void await_decisions(std::vector<NodeId> nodes, const std::string& step);
    void await_end(const std::string& of, const std::string& choice, const std::string& step);
    bool await_election(const std::vector<NodeId>& nodes, const std::string& step);
    std::vector<NodeId> among_whom(const std::string& who);
    void await_message(const std::vector<NodeId>& from, const std::string& step);
    void say_malformed(NodeId mock);
    void say_for_themselves(const std::string& step);
    void say_votes();
    std::vector<std::string> votes_in(const std::string& what) const;
    bool say_each(const std::string& what);
    static bool read_vote(const std::string& words, zab::Notification& vote);
    zab::LinkId link_of(NodeId mock, NodeId to);
    void claim(const std::string& words, bool holds) { claims.emplace_back(words, holds); }
    void elect_again_and_again(std::size_t times);
    void run_clients(std::size_t count, std::size_t each);
    bool play_clients(const std::string& step);

    struct Said {
        NodeId mock;
        zab::Notification vote;
    };
    struct Spoken {
        zab::Instant at{};
        NodeId from{}, to{};
        std::string_view state;
    };
    std::vector<std::string> steps_;
    bool are_nodes_config_ = false;  ///< "nodes": "3 voters, 1 observer".
    std::optional<NodeId> last_started_;
    std::optional<NodeId> late_;  ///< Is said to start behind others.
    std::vector<Said> said_;
    std::vector<Spoken> spoken_;       ///< Notifications of servers that are no mocks.
    std::optional<NodeId> quitter_;    ///< Leaves its leader before it has said its epoch …
    std::vector<zab::Instant> quits_;  ///< … and did so then.
    zab::Instant started_at_{};
    std::map<NodeId, std::uint64_t> first_rounds_;  ///< Since they started last.
    std::map<NodeId, std::uint64_t> last_rounds_;   ///< When they had decided last.
    std::set<NodeId> mocks_;
    std::set<NodeId> killed_;       ///< And not started since.
    std::vector<NodeId> speaking_;  ///< The mocks that spoke last.
    std::vector<NodeId> started_;   ///< Those that start at all; none: everybody.
    std::vector<NodeId> subject_;   ///< Of the clause before.
    std::optional<NodeId> before_;
    bool ignored_all_ = false, has_malformed_ = false;
    std::optional<std::pair<NodeId, NodeId>> unreachable_;  ///< Who cannot dial whom.
    std::vector<NodeId> unresolved_;                        ///< Whom nobody can dial.
    std::vector<std::string> events_;                       ///< "start", "kill", "malformed", …
    std::vector<Restart> restarts_;
    std::vector<std::pair<NodeId, std::size_t>> steady_;  ///< And how often they have looked.
};

/// A step, or what is expected, in the words that the readers know. election_forms.cpp
std::string known_step(const std::string& told);
std::string known_claim(const std::string& told);
/// With numbers for the names of its servers: "S1" is 1, and voters "A", "B", "C" are 0, 1, 2.
Case with_numbers(const Case& one);
/// What is said of who led first; false: the words say something else.
bool check_first_lead(Stage& stage, const std::string& words, Verdict& verdict);
bool tells_of_first_lead(Stage& stage, const Value& value, Verdict& verdict);
/// The parts of "elect a leader, 0 moves up to round 2", but not of "0, 1 and 2 decide".
std::vector<std::string> clauses_of(const std::string& words);
/// What is said of one server. `is_first`: of its first election. election_server.cpp
void check_server(Stage& stage, NodeId node, const std::string& words, bool is_first,
                  Verdict& verdict);
/// False: the words say something else.
bool check_decision(Stage& stage, NodeId node, const std::string& words, bool is_first,
                    Verdict& verdict);
bool check_left(Stage& stage, NodeId node, const std::string& words, Verdict& verdict);
bool check_counted(Stage& stage, const std::vector<NodeId>& nodes, const Timed& told,
                   const std::string& words, Verdict& verdict);
/// All that is said of these, clause by clause. election_expect.cpp
void check_servers(Stage& stage, const std::vector<NodeId>& all, const std::string& words,
                   bool is_first, Verdict& verdict);
/// "quorum up within 10 s": since the last start; "only after 20 s": not before that.
void check_quorum(Stage& stage, const Timed& told, bool is_denied, const std::string& words,
                  Verdict& verdict);
/// What came of the first election or the last; false: the words say something else.
/// election_outcomes.cpp
bool check_elected_by(Stage& stage, bool is_first, const std::string& words, Verdict& verdict);
bool check_majority(Stage& stage, bool is_first, const std::string& words, Verdict& verdict);
bool check_nth_leader(Stage& stage, const std::string& key, const Value& value, Verdict& verdict);
bool check_how_many_decide(Stage& stage, const Value& value, Verdict& verdict);
void check_common_round(Stage& stage, std::uint64_t wanted, Verdict& verdict);
/// "moves up to round 2", "takes over the higher round of 1".
bool check_round(Stage& stage, NodeId node, const std::string& said, Verdict& verdict);
/// Other words for who leads, "1 (was 2)": before those that are known. election_held.cpp
std::string known_leader(const Stage& stage, const std::string& told, Verdict& verdict);
bool check_rounds(Stage& stage, const Value& value, Verdict& verdict);
bool check_winner(Stage& stage, const std::string& key, const Value& value, Verdict& verdict);
/// "FOLLOWING although its sid is higher": what else is said; the id must be so.
/// election_held.cpp
std::optional<std::string> in_spite_of_id(const Stage& stage, NodeId node, const std::string& words,
                                          Verdict& verdict);
bool check_none_above(Stage& stage, const std::string& words, Verdict& verdict);
bool check_late(Stage& stage, const std::string& words, Verdict& verdict);
bool check_new_leader(Stage& stage, const Timed& told, const std::string& words, Verdict& verdict);
/// What was so at a moment, by its key: "before", "afterRestart". election_moments.cpp
bool check_moment(Stage& stage, const std::string& key, const Value& value, Verdict& verdict);
/// "log", "config", "up", "states", "leaders". election_remains.cpp
bool check_remaining_key(Stage& stage, const std::string& key, const Value& value,
                         Verdict& verdict);
/// "elects 1 within 10 s", "has not crashed"; false: the words say something else.
bool check_more(Stage& stage, NodeId node, const std::string& words, bool is_first,
                Verdict& verdict);
/// "leader LEADING, others FOLLOWING": of whom it speaks, besides these.
std::optional<std::pair<std::vector<NodeId>, std::string>> subject_in_role(
    const Stage& stage, const std::string& clause, const std::vector<NodeId>& named);
/// "one leader supported by > 3 peers", "single leader".
bool check_support(Stage& stage, const std::string& words, Verdict& verdict);
/// Steps and claims in the words that the readers know. election_claims.cpp
std::string known_passing(const std::string& told);
std::string known_result(const std::string& told);
/// What is told of one election of several by a key. election_keys.cpp
void check_told_servers(Stage& stage, const std::string& key, const std::string& words,
                        Verdict& verdict);
/// For what is said without a time.
constexpr zab::Duration in_the_end = zab::seconds(20);

}  // namespace conformance
