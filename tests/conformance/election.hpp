#pragma once

#include "tests/conformance/interpreters.hpp"
#include "tests/support/cluster.hpp"

#include <map>
#include <memory>
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

    std::unique_ptr<test::Cluster> cluster;
    std::map<std::string, std::string> outcomes;  ///< Of steps that end in a result.
    std::map<std::string, NodeId> names;          ///< T and F.
    std::size_t forced_at = 0;                    ///< Records until then.
    std::vector<std::pair<std::size_t, bool>>
        elections;             ///< Servers that agree; so does the leader.
    std::size_t answered = 0;  ///< Requests of clients.

  private:
    static std::optional<std::pair<NodeId, NodeId>> read_words(const std::string& words,
                                                               zab::Config& config);
    void read_nodes(const Value& nodes);
    bool play_mocks(const std::string& step);
    bool play_starts(const std::string& step);
    bool play_fraud(const std::string& step);
    void say_votes();
    void start_and_settle(NodeId node);
    void elect_again_and_again(std::size_t times);
    void run_clients();

    struct Said {
        NodeId mock;
        zab::Notification vote;
    };
    std::vector<Said> said_;
};

}  // namespace conformance
