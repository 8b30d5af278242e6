#pragma once

#include "tests/conformance/interpreters.hpp"
#include "tests/support/cluster.hpp"

#include <map>
#include <memory>
#include <regex>

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
        std::size_t snapshots = 0;       ///< Written until then …
        bool are_synced = true;          ///< … and all of them synced.
        std::size_t appended = 0;        ///< Transactions appended to the log until then.
        std::vector<zab::Zxid> applied;  ///< Of the transactions that the script named.
    };

    explicit Talk(const Case& one);
    /// Plays one step of the stimulus.
    void play(const std::string& words);

    Role role() const { return role_; }
    const std::vector<Look>& looks() const { return looks_; }
    /// The look after the first step whose words begin so; the last before it with `before`.
    const Look& after(const std::string& words) const;
    const Look& before(const std::string& words) const;
    /// What the server has said over the learner connection, pings apart.
    std::vector<zab::Message> said() const;
    /// Acknowledgements said behind this look.
    std::vector<zab::Zxid> acks_after(const Look& look) const;
    /// `[1, 0]`, or a name that the script has given to a proposal.
    zab::Zxid meant(const Value& value) const;
    zab::Zxid meant(const std::string& words) const;
    zab::Zxid snapshot_zxid() const { return snapshot_zxid_; }
    test::Cluster& cluster() { return *cluster_; }
    zab::NodeId self() const { return self_; }

  private:
    void set_up(const Value& described);
    void join_mock_leader();
    void become_leader();
    void speak(zab::NodeId mock, const zab::Notification& notification);
    bool say_as_leader(const std::string& step);
    bool say_as_learner(const std::string& step);
    void say_snapshot();
    void say_proposal(const std::string& words);
    zab::Zxid zxid_of(const std::string& words);
    zab::LinkId link();
    void look(const std::string& step);

    Role role_{};
    zab::NodeId self_{}, leader_{}, learner_{};
    std::unique_ptr<test::Cluster> cluster_;
    std::map<std::string, zab::Zxid> names_;
    std::vector<zab::Zxid> spoken_of_;
    zab::Epoch epoch_{1};
    zab::Zxid snapshot_zxid_{};
    std::vector<Look> looks_;
};

/// Removes remarks in brackets, and blanks at the ends.
std::string without_remarks(const std::string& words);
/// The parts between commas and semicolons.
std::vector<std::string> clauses(const std::string& words);

}  // namespace conformance
