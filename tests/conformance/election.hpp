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
/// What a server is, as ZooKeeper calls it.
std::string state_of(const test::Cluster& cluster, NodeId node);

/// An ensemble in which elections are staged.
class Stage {
  public:
    explicit Stage(const Case& one);
    void play(const std::string& step);
    /// Roles taken up by a server since it was first asked about, in order.
    std::vector<std::string> roles_of(NodeId node, std::size_t since) const;
    bool is_quorum_up() const;

    /// One election as one server went through it.
    struct Election {
        zab::Instant began{};
        std::optional<zab::Instant> decided;
        NodeId leader{};
    };
    std::vector<Election> elections_of(NodeId node) const;
    /// "0 and 1", "0,1,2", "all", "leader": servers of which words or keys speak.
    std::optional<std::vector<NodeId>> nodes_of(const std::string& who) const;
    /// Who led before the last step.
    std::optional<NodeId> before() const { return before_; }
    /// All that came of malformed messages: nothing.
    bool ignored_all() const { return ignored_all_; }

    std::unique_ptr<test::Cluster> cluster;
    std::map<std::string, std::string> outcomes;  ///< Of steps that end in a result.
    std::map<std::string, NodeId> names;          ///< T and F.
    std::size_t forced_at = 0;                    ///< Records until then.
    std::vector<std::pair<std::size_t, bool>>
        elections;             ///< Servers that agree; so does the leader.
    std::size_t answered = 0;  ///< Requests of clients.
    /// What steps say in passing, and whether it was so.
    std::vector<std::pair<std::string, bool>> claims;

  private:
    std::optional<std::pair<NodeId, NodeId>> read_words(const std::string& words,
                                                        zab::Config& config);
    void read_nodes(const Value& nodes);
    bool play_mocks(const std::string& step);
    bool play_starts(const std::string& step);
    bool play_fraud(const std::string& step);
    // election_steps.cpp
    bool play_stops(const std::string& step);
    bool play_waits(const std::string& step);
    std::vector<NodeId> everybody() const;
    std::vector<NodeId> subject(const std::string& who);
    void note_leader();
    void start(const std::vector<NodeId>& nodes);
    void say_malformed(NodeId mock);
    void say_votes();
    zab::LinkId link_of(NodeId mock, NodeId to);
    void claim(const std::string& words, bool holds) { claims.emplace_back(words, holds); }
    void elect_again_and_again(std::size_t times);
    void run_clients();

    struct Said {
        NodeId mock;
        zab::Notification vote;
    };
    std::vector<Said> said_;
    std::set<NodeId> mocks_;
    std::vector<NodeId> speaking_;  ///< The mocks that spoke last.
    std::vector<NodeId> started_;   ///< Those that start at all; none: everybody.
    std::vector<NodeId> subject_;   ///< Of the clause before.
    std::optional<NodeId> before_;
    bool ignored_all_ = false;
};

}  // namespace conformance
