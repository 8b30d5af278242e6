#pragma once

#include "analysis/check/checker_set.hpp"
#include "protocol/peer.hpp"
#include "sim/disk/disk.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// Several real peers with real disks under a virtual clock, held by the hand of a test: it starts
/// and kills servers, holds back messages and work, and speaks itself as a mock server or a client.
/// Every message, fsync and other piece of work takes a millisecond unless the test says otherwise.
/// All checkers watch.
class Cluster {
  public:
    struct Sent {
        zab::NodeId from{}, to{};
        zab::LinkKind kind{};
        zab::Message message{};
        template <class M>
        const M* as() const {
            return std::get_if<M>(&message);
        }
    };
    /// What a client has asked, and what came of it.
    struct Asked {
        std::uint64_t client = 0;
        zab::Request request{};
        std::optional<zab::ClientReply> reply;
    };

    explicit Cluster(zab::Config config);

    /// Changes what all servers read, running ones too: system properties of a test.
    void reconfigure(const std::function<void(zab::Config&)>& change) {
        for (auto& [id, node] : nodes_) change(*node.config);
    }
    /// Of one server only.
    void reconfigure(zab::NodeId node, const std::function<void(zab::Config&)>& change) {
        change(*nodes_.at(node).config);
    }
    /// A server that reads another configuration than the rest. Before it starts.
    void configure(zab::NodeId node, zab::Config config);
    /// A server that the test plays itself: it listens on all ports.
    void mock(zab::NodeId node);
    void start(zab::NodeId id);
    void start_all();
    void kill(zab::NodeId node) { stop(node, false); }
    void lose_power(zab::NodeId node) { stop(node, true); }

    zab::Instant now() const { return now_; }
    void run(zab::Duration time);
    /// Until it holds; false: not within `limit`.
    bool run_until(const std::function<bool()>& holds, zab::Duration limit);

    bool is_up(zab::NodeId node) const { return nodes_.at(node).peer.has_value(); }
    const zab::Peer& peer(zab::NodeId node) const { return *nodes_.at(node).peer; }
    sim::Disk& disk(zab::NodeId node) { return nodes_.at(node).disk; }
    const zab::Config& config() const { return config_; }
    /// The server that serves as the leader of the highest epoch.
    std::optional<zab::NodeId> leader() const;
    bool serves(zab::NodeId id) const;
    std::vector<zab::NodeId> members() const;
    std::uint64_t refusals() const { return refusals_; }
    /// How often the server ended itself.
    std::uint64_t halts() const { return halts_; }
    /// The exit code with which the last one to do so did.
    std::uint16_t halt_code() const { return halt_code_; }

    // What the test speaks: as a mock, over a connection.
    /// A notification as if it came from this server, over the connection that stands.
    bool forge(zab::NodeId from, zab::NodeId to, const zab::Notification& notification);
    zab::LinkId dial(zab::NodeId from, zab::NodeId to, zab::LinkKind kind);
    void send(zab::LinkId own_end, const zab::Message& message,
              std::shared_ptr<const zab::Snapshot> snapshot = nullptr);
    void close(zab::LinkId own_end);
    /// What mocks have received, in order, and over which of their links.
    std::vector<std::pair<zab::LinkId, zab::Message>> heard;
    /// The mock's end of the youngest open connection between these two, of this kind.
    std::optional<zab::LinkId> link_of_mock(zab::NodeId mock, zab::NodeId peer,
                                            zab::LinkKind kind) const;

    /// Who is at this end of a connection, and who at the other.
    std::pair<zab::NodeId, zab::NodeId> ends_of(zab::LinkId own_end) const;

    // Clients: numbers from 1.
    std::uint64_t connect(zab::NodeId server, zab::SessionId session = {}, zab::Zxid seen = {});
    /// 0: not connected.
    zab::SessionId session_of(std::uint64_t client) const;
    /// The client's socket dies; its session does not.
    void disconnect(std::uint64_t client);
    /// Its connection has ended, whoever ended it.
    bool has_lost(std::uint64_t client) const;
    std::size_t ask(std::uint64_t client, zab::Operation operation, zab::PathId path = 0);
    /// A sign of life, and how many of them were answered so far.
    void ping(std::uint64_t client);
    std::size_t pings_answered(std::uint64_t client) const;
    const Asked& asked(std::size_t request) const { return asked_.at(request); }

    // Hooks. A message for which `holds` is true waits, and all behind it on its connection, until
    // release(); one for which `drops` is true breaks its connection instead of arriving.
    std::function<bool(const Sent&)> holds;
    std::function<bool(const Sent&)> drops;
    /// Rewrites what is sent.
    std::function<void(Sent&)> rewrites;
    /// Work for which this is true does not complete before resume().
    std::function<bool(zab::NodeId, const zab::Start&)> stalls;
    void resume();
    /// A thread for which this is true does nothing before thaw(). The peer is a handler's learner.
    std::function<bool(zab::NodeId, zab::Stage, zab::NodeId peer)> freezes;
    void thaw();
    /// What is no longer frozen goes on.
    void wake();
    /// Work for which this is true does nothing to the disk and fails: an I/O error.
    std::function<bool(zab::NodeId, const zab::Start&)> fails;
    /// How long work takes; nothing: a millisecond.
    std::function<std::optional<zab::Duration>(zab::NodeId, const zab::Start&)> takes;
    /// Called after a piece of work was done to the disk, before its server learns of it.
    std::function<void(zab::NodeId, zab::Work)> on_disk_work;
    std::function<void(const Sent&)> on_sent;
    /// Dials for which this is true are refused.
    std::function<bool(zab::NodeId from, zab::NodeId to, zab::LinkKind)> refuses;
    void release();
    void break_links(zab::NodeId one, zab::NodeId other);

    std::vector<std::string> violations() const;
    /// Properties that were violated, each once.
    std::set<std::string> violated() const;
    /// Records told so far.
    const std::vector<trace::Record>& records() const { return records_; }

  private:
    using StageKey = std::pair<zab::Stage, std::uint32_t>;
    struct Item {
        bool is_turn = false;
        std::function<void()> act;
    };
    struct Node {
        zab::NodeId id{};
        std::shared_ptr<zab::Config> config;
        std::optional<zab::Peer> peer;
        sim::Disk disk;
        bool is_mock = false;
        std::uint32_t incarnation = 0;
        std::map<StageKey, std::deque<Item>> queues;
        std::set<StageKey> blocked;
        std::array<std::uint32_t, zab::timer_kind_count> timers{};
        std::array<bool, 3> listens{};
    };
    struct Flight {
        Sent sent;
        bool is_end = false;  // The connection's end, not a message.
        zab::DownReason reason{};
        std::shared_ptr<const zab::Snapshot> snapshot;
    };
    struct Link {
        zab::LinkKind kind{};
        std::array<zab::NodeId, 2> ends{};
        std::array<bool, 2> open{};
        std::array<std::deque<Flight>, 2> pipes;  // [side]: what `side` has sent.
        std::array<bool, 2> held{};
        std::array<zab::Instant, 2> last_heard{};
        std::array<zab::Duration, 2> read_timeout{};
    };

    static bool is_client(zab::NodeId id) { return id.value >= first_client; }
    static constexpr std::uint16_t first_client = 10'000;

    // cluster.cpp
    void stop(zab::NodeId id, bool loses_power);
    void schedule(zab::Duration after, std::function<void()> act);
    void enqueue(Node& node, StageKey key, Item item);
    void pump(zab::NodeId id, StageKey key);
    void step(Node& node, const zab::Input& input);
    void tell(const Node& node, trace::Record::Fields fields);

    // cluster_effects.cpp
    void interpret(Node& node, const zab::Effect& effect);
    void interpret_rest(Node& node, const zab::Effect& effect);
    void set_timer(Node& node, const zab::SetTimer& timer);
    void begin_work(Node& node, const zab::Start& wish);
    void finish_work(Node& node, const zab::Start& wish, std::uint64_t target,
                     const zab::Snapshot& before);
    std::uint32_t do_disk_work(Node& node, const zab::Start& wish, std::uint64_t target,
                               const zab::Snapshot& before) const;

    // cluster_links.cpp
    Link& link(zab::LinkId id) { return links_[id.slot / 2]; }
    StageKey reader(const Link& link, std::uint32_t index, unsigned side) const;
    void dial_from(Node& node, const zab::Dial& wish);
    void tell_up(std::uint32_t index, unsigned side);
    void push(std::uint32_t index, unsigned side, Flight flight);
    void arrive(std::uint32_t index, unsigned side);
    void deliver(std::uint32_t index, unsigned side, const Flight& flight);
    void end_link(zab::LinkId id, zab::DownReason reason);
    void reset(std::uint32_t index);
    void check_silence(std::uint32_t index, unsigned side);
    void client_hears(zab::NodeId end, const zab::Message& message);

    zab::Config config_;
    std::vector<std::function<void()>> stalled_;
    std::map<zab::NodeId, Node> nodes_;
    std::vector<Link> links_;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> events_;
    std::uint64_t sequence_ = 0;
    zab::Instant now_{};
    std::map<std::uint64_t, std::pair<zab::LinkId, zab::SessionId>> clients_;
    std::vector<Asked> asked_;
    std::map<std::uint64_t, std::size_t> pings_answered_;
    analysis::CheckerSet checkers_;
    std::vector<trace::Record> records_;
    std::uint64_t refusals_ = 0;
    std::uint64_t halts_ = 0;
    std::uint16_t halt_code_ = 0;
};

}  // namespace test
