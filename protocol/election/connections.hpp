#pragma once

#include "protocol/config.hpp"
#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "protocol/message.hpp"
#include "protocol/types/ring.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace zab {

/// QuorumCnxManager: one connection a pair of servers, owned by the larger id; a send queue of
/// one, in which the newest message replaces the unsent one; the last message sent again on every
/// new connection that finds the queue empty.
///
/// Before 3.5.8 one thread sends and dials (WorkerSender, under the manager's lock): while a dial
/// is not answered, nothing is sent to anybody (3756). The election's and the listener's threads,
/// which dial too, would stand still with it; here only their dials wait.
class Connections {
  public:
    Connections(NodeId self, const Config& config);

    /// Queues a notification and dials if nothing connects us (toSend). To ourselves: loops back.
    void send(NodeId to, const Notification& message, Effects& out);
    /// Dials everybody we have something for and are not connected to.
    void connect_all(Effects& out);
    /// Whether at least one queue is empty, so that the messages seem to get through.
    bool have_delivered() const;

    void on_link_up(const LinkUp& up, Effects& out);
    void on_hello(LinkId link, const Hello& hello, Effects& out);
    void on_link_down(LinkId link);
    void on_dial_failed(NodeId node, Effects& out);
    /// Who speaks on this link, once known.
    std::optional<NodeId> peer_of(LinkId link) const;

    /// The oldest notification that we sent to ourselves.
    Notification take_loopback();
    std::uint64_t fingerprint() const;

  private:
    struct Peer {
        bool known = false;
        bool used = false;  ///< Something was sent to it: it has a queue.
        bool dialling = false;
        bool waits_for_dial = false;  ///< Until another server's dial has ended.
        LinkId link{};
        std::optional<Notification> queued;
        std::optional<Notification> last_sent;
    };

    /// What waits for a dial to end: a message, or without one a dial.
    struct Waiting {
        NodeId to{};
        std::optional<Notification> message;
    };

    Peer* find(NodeId node);
    void pass_on(NodeId to, const Notification& message, Effects& out);
    void go_on(Effects& out);
    void dial(NodeId to, Effects& out);
    void adopt(NodeId node, LinkId link, Effects& out);
    void transmit(Peer& peer, Effects& out);

    NodeId self_;
    Duration timeout_;
    bool dials_one_by_one_;
    bool is_dialling_ = false;  ///< One of all; of interest only then.
    std::vector<Peer> peers_;   // By id.
    std::vector<NodeId> members_;
    std::vector<LinkId> unnamed_;  // Accepted, no Hello yet.
    Ring<Notification> loopback_;
    Ring<Waiting> waiting_;
};

}  // namespace zab
