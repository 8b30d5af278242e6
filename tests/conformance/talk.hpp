#pragma once

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"
#include "tests/support/cluster.hpp"

#include <map>
#include <memory>

namespace conformance {

/// A conversation of one real server with a scripted other side, and what could be seen of it at
/// each step. The server is a learner of a mock leader, or the leader of mock learners.
class Talk {
  public:
    enum class Role : std::uint8_t { follower, observer, leader };
    /// What could be seen after a step.
    struct Look {
        std::string step;
        std::size_t heard = 0;  ///< Messages from the server until then.
        zab::Epoch accepted{}, current{};
        zab::Zxid processed{}, reloaded{};
        std::size_t snapshots = 0;  ///< Written until then …
        bool are_synced = true;     ///< … and all of them synced.
        std::size_t appended = 0;   ///< Transactions appended to the log until then.
        /// Of the transactions that the script named: in memory, and in the log on disk.
        std::vector<zab::Zxid> applied, logged;
        /// Sessions that memory holds, and that a reload from disk gives.
        std::size_t sessions = 0, reloaded_sessions = 0;
    };
    /// When the server ended what it should have kept up, and where the other side stood then.
    struct End {
        zab::Duration waited{};  ///< Since the script last spoke.
        std::size_t pings = 0;   ///< From the server since then.
    };

    explicit Talk(const Case& one);
    /// Plays one step of the stimulus; `finish` comes behind the last one.
    void play(const std::string& words);
    void finish();
    /// Ends the server, as a process ends, and starts it again from its disk.
    void restart();

    Role role() const { return role_; }
    /// Whether this names the real server: "leader", "mock follower".
    bool is_self(const std::string& who) const;
    /// Whether the case tells how long ticks and limits are.
    bool tells_limits() const { return tells_limits_; }
    const std::vector<Look>& looks() const { return looks_; }
    /// The look after the first step whose words begin so; the last before it with `before`.
    const Look& after(const std::string& words) const;
    const Look& before(const std::string& words) const;
    bool has_said(const std::string& packet) const;  ///< The script.
    static bool is_step(const Look& look, const std::string& words);
    /// What the server has said over the learner connection, pings apart; nothing of sessions that
    /// the script has opened only to write.
    std::vector<zab::Message> said(bool with_pings = false) const;
    /// Acknowledgements said behind this look.
    std::vector<zab::Zxid> acks_after(const Look& look) const;
    /// `[1, 0]`, or a name that the script has given to a proposal.
    zab::Zxid meant(const Value& value) const;
    zab::Zxid meant(const std::string& words) const;
    zab::Zxid snapshot_zxid() const { return snapshot_zxid_; }
    test::Cluster& cluster() { return *cluster_; }
    zab::NodeId self() const { return self_; }
    const std::vector<zab::Zxid>& spoken_of() const { return spoken_of_; }
    /// Of these, the ones that open a session.
    const std::vector<zab::Zxid>& opened() const { return opened_; }
    /// The server has closed the connection; it has left its role.
    const std::optional<End>& closed() const { return closed_; }
    const std::optional<End>& left() const { return left_; }
    /// Its process has ended itself.
    bool has_exited() const { return cluster_->halts() > 0; }
    std::uint16_t exit_code() const { return cluster_->halt_code(); }
    /// It was started again: what it holds in memory now it has read from its disk.
    bool was_restarted() const { return was_restarted_; }
    /// Pings from the server since the script last spoke.
    std::size_t pings() const { return pings_; }
    bool answers_pings() const { return answers_pings_; }  ///< The script.
    /// How long the script has said nothing.
    zab::Duration silent_for() const { return cluster_->now() - spoke_at_; }
    /// What steps say of the server's own packets, and whether it was so: "LEADERINFO <1,0>".
    const std::vector<std::pair<std::string, bool>>& claims() const { return claims_; }

  private:
    /// What is said of a packet behind its name.
    struct Details {
        std::optional<zab::Zxid> zxid;
        std::optional<zab::Epoch> epoch;
        std::optional<std::uint16_t> sid;
        std::string name;
        bool opens_session = false;
    };

    void set_up(const Value& described);
    void join_mock_leader();
    void become_leader();
    void lose_log(const Value& told);
    void fail_truncation();
    bool play_fault(const std::string& words);
    void speak(zab::NodeId mock, const zab::Notification& notification);
    void run(zab::Duration time);
    bool run_until(const std::function<bool()>& holds, zab::Duration limit);
    void attend();
    bool is_in_role() const;
    void look(const std::string& step);
    bool is_own(const zab::Message& message) const;

    // talk_says.cpp
    bool play_clause(const std::string& words);
    bool say(const std::string& packet, std::optional<std::uint16_t> sid, const std::string& rest);
    std::optional<Details> details_of(std::string words);
    bool say_as_leader(const std::string& packet, const Details& details);
    bool say_as_learner(const std::string& packet, const Details& details);
    void say_snapshot(const Details& details);
    void say_txn(const std::string& packet, const Details& details);
    void await(const std::string& packet);
    bool hear(const std::string& packet, const std::string& rest);
    void claim_zxid(const std::string& packet, const std::string& rest);
    void wait(const std::string& told);
    void check_held_back(const std::string& words) const;
    void wait_out();
    void go_normally_up_to(const std::string& packet);
    void propose(zab::Operation operation = zab::Operation::create);
    void propose_untold(const std::string& step);
    void close();
    zab::Zxid zxid_of(const Details& details, const std::string& packet);
    zab::LinkId link();

    Role role_{};
    zab::NodeId self_{}, leader_{}, learner_{};
    zab::NodeId speaker_{};  ///< Which mock learner speaks.
    std::unique_ptr<test::Cluster> cluster_;
    std::map<std::string, zab::Zxid> names_;
    std::vector<zab::Zxid> spoken_of_, opened_;
    std::vector<zab::Zxid> own_;  ///< Sessions of the script's own clients.
    zab::Epoch epoch_{1};
    zab::Zxid sync_point_{};  ///< What DIFF or TRUNC has named.
    zab::Zxid snapshot_zxid_{};
    std::vector<Look> looks_;
    zab::Instant spoke_at_{};
    std::size_t attended_ = 0;  ///< Of what mocks have heard.
    std::size_t pings_ = 0;
    bool answers_pings_ = false;
    bool tells_limits_ = false;
    bool was_linked_ = false;
    bool was_restarted_ = false;
    std::optional<zab::Duration> silence_;  ///< Still to be waited out.
    std::vector<std::pair<std::string, bool>> claims_;
    std::optional<End> closed_, left_;
};

zab::Txn txn_at(zab::Zxid zxid);
zab::Snapshot tree_up_to(const std::vector<zab::Zxid>& history);
/// The names of packets between leader and learner, for a regular expression.
extern const char* const packet_names;
/// How the message is called in a case; empty: it is no such packet.
std::string packet_name(const zab::Message& message);
/// What the packet says: its zxid, or that of its epoch.
std::optional<zab::Zxid> zxid_said(const zab::Message& message);

/// The moment that a key speaks of: "epochsAtAck", "afterInfo", "leaderAfterTimeout"; else the
/// last one. talk_moments.cpp
const Talk::Look& look_for(const Talk& talk, const std::string& key);
/// What a case says in words of the server at that moment; throws Refused. talk_clauses.cpp
void check_clause(Talk& talk, const std::string& words, const Talk::Look& look, Verdict& verdict);
/// "currentEpoch 1", "both epochs 1", "last processed <1,2>", "UPTODATE received": what the server
/// holds at that moment, or has said until then. False: the words are about something else.
bool check_moment(const Talk& talk, const std::string& words, const Talk::Look& look,
                  Verdict& verdict);
/// What a case says of a connection or a role: "closed by the leader after syncLimit*tick"; of what
/// has been said, or is held, in the end. False: the words are about something else. talk_fates.cpp
bool check_fate(Talk& talk, const std::string& told, Verdict& verdict);
/// "learner": "exits (QUORUM_PACKET_ERROR)", "exitCode": 13. False: the key or the words are about
/// something else. talk_ends.cpp
bool check_exit(const Talk& talk, const std::string& key, const Value& value, Verdict& verdict);
/// "last zxid as before the sync": what that was when the talk began. False: other words.
/// talk_ends.cpp
bool check_unchanged(const Talk& talk, const std::string& words, const Talk::Look& look,
                     Verdict& verdict);
/// "received": ["LEADERINFO <1,0>", "DIFF", …]: all that the server says, one after the other, as
/// far as the list goes. False: the key or the list is about something else. talk_ends.cpp
bool check_transcript(Talk& talk, const std::string& key, const Value& value, Verdict& verdict);
/// "last": "ACK <1,0> twice (NEWLEADER, UPTODATE)". False: other words. talk_ends.cpp
bool check_last_acks(const Talk& talk, const Value& value, Verdict& verdict);
/// "becomes 1 after ACKEPOCH": not earlier, and not later. False: the words name no packet.
/// talk_moments.cpp
bool check_change(const Talk& talk, const std::string& words, bool is_accepted, Verdict& verdict);
/// "afterACK": "UPTODATE", "afterNEWLEADER": ["ACK <1,0>"]: what the server says next, behind that
/// packet, and between it and the next step that goes on with the synchronization. False: the key
/// or the words are about something else. talk_moments.cpp
bool check_said_after(Talk& talk, const std::string& key, const Value& value, Verdict& verdict);
/// What a sequence tells, one after the other: "PROPOSAL, pings, then connection closed".
std::vector<std::string> parts_of(const Value& value, const std::string& key);
/// Packets and what they carry. False: the key is about something else. talk_packets.cpp
bool check_packets(Talk& talk, const std::string& key, const Value& value, Verdict& verdict);
std::string list_of(const std::vector<zab::Zxid>& zxids);
/// The same case, its steps and words written as the readers of talks expect. talk_forms.cpp
Case in_one_form(const Case& one);
/// "connectionClosedBy": "connection closed by".
std::string words_of_key(const std::string& key);

}  // namespace conformance
