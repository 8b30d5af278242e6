#pragma once

#include "protocol/config.hpp"
#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "protocol/peer.hpp"
#include "sim/coverage/tuple_set.hpp"
#include "sim/disk/disk.hpp"
#include "sim/trace/record.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A world without time for exhaustive search: the shipped peers, their disks, their connections
/// and threads, and the list of everything that may happen next.
///
/// One step is one step of one peer. Any thread that has something to do may be next; a blocked one
/// waits for its work, as in the world. Finer than the world: what lies in one thread's queue is
/// kept in order only within each connection and among handed turns, not between them. Coarser:
/// a dial is answered, and accepted if the accepting thread is free, in one step; a restart is one
/// step; a process's sockets are reset with its crash, behind what it has sent, which still arrives
/// (after a power loss too); a power loss takes all unsynced log entries; nobody reads so slowly
/// that a read times out, and no connection breaks but by its ends. There is no other reduction:
/// no commuting steps are left out, within the bounds every order is taken.
namespace sim {

/// What may happen beyond the peers' own work. Part of the state: what was used up is gone.
struct Bounds {
    std::uint8_t crashes = 0;        ///< Of a process: the page cache survives, sockets are reset.
    std::uint8_t power_losses = 0;   ///< Unsynced log entries are lost; the others get a time-out.
    std::uint8_t restarts = 0;       ///< At any moment.
    std::uint8_t late_restarts = 0;  ///< When nothing else can happen but timers and faults.
    /// Timers that fire, by kind, while something else could happen: at any moment.
    std::array<std::uint8_t, zab::timer_kind_count> hasty{};
    /// Timers that fire, by kind, when nothing else can happen but crashes and restarts.
    std::array<std::uint8_t, zab::timer_kind_count> patient{};
    friend bool operator==(const Bounds&, const Bounds&) = default;
};

/// Defects that can be planted into the small world.
struct Defects {
    bool acknowledges_before_sync = false;  ///< The log's thread does not wait for its fsync.
    friend bool operator==(const Defects&, const Defects&) = default;
};

/// One thing that may happen next.
struct Choice {
    enum class What : std::uint8_t {
        turn,          ///< A shared stage performs a handed item. `item`: the stage.
        handler_turn,  ///< A learner connection's handler does. `link`.
        done,          ///< A piece of work is done. `item`: its place in the server's list.
        receive,       ///< The head of what comes in on a connection is read. `link`, `item`: side.
        link_up,       ///< An end learns that its connection stands. `link`, `item`: side.
        dial,          ///< A dial reaches the other server. `link`.
        timer,         ///< `item`: the kind.
        crash,
        power_loss,
        restart,
        write_back,  ///< With the planted defect: the fsync nobody waits for is done.
    };
    What what{};
    std::uint8_t server = 0;  ///< At which it happens, by index.
    std::uint8_t item = 0;
    std::uint8_t link = 0;  ///< Index into the connections of the state before it.
    bool is_fault() const {
        return what == What::crash || what == What::power_loss || what == What::restart;
    }
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// What one step leaves: what it told, and the peer's wishes while they are interpreted.
struct Scratch {
    std::vector<trace::Record::Fields> records;
    zab::Effects effects;
    TupleSet* tuples = nullptr;  ///< Where it is marked what each peer took in which phase.
};

class SmallWorld {
  public:
    static constexpr std::size_t server_count = 3;

    /// Servers 1, 2 and 3 with empty disks, all of them down.
    SmallWorld(const Bounds& bounds, const Defects& defects);

    /// Boots a server; not counted against the bounds.
    void boot(std::size_t index, Scratch& scratch);
    /// A client connects to this server and asks for a session: one transaction.
    void ask_for_session(std::size_t index, Scratch& scratch);

    /// All that may happen next, in a fixed order.
    void list_choices(std::vector<Choice>& out) const;
    /// Makes it happen. Requires: `choice` is one of list_choices(). Appends what is told to
    /// `scratch.records`.
    void apply(const Choice& choice, Scratch& scratch);

    std::uint64_t fingerprint() const;
    /// One line about a choice, as it would happen in this state.
    std::string describe(const Choice& choice) const;

    void set_bounds(const Bounds& bounds) { left_ = bounds; }
    bool is_up(std::size_t server) const { return servers_[server]->up; }
    const zab::Peer& peer(std::size_t server) const { return servers_[server]->peer; }
    const Disk& disk(std::size_t server) const { return servers_[server]->disk; }
    /// Whether all servers that run serve, under one leader.
    bool is_served() const;

  private:
    struct Order {  // A piece of work under way.
        zab::Work work{};
        zab::Stage stage{};
        bool in_background = false;  // Planted: nobody waits for it.
        zab::LinkId link{};
        std::uint64_t argument = 0;
        std::uint64_t log_target = 0;
        zab::Position snapshot_name{};
    };
    struct Server {
        zab::NodeId id{};
        zab::Peer peer;
        Disk disk;
        bool up = false;
        std::array<std::uint8_t, zab::shared_stage_count> turns{};
        std::array<bool, zab::timer_kind_count> timers{};
        std::array<bool, 3> listens{};  // By link kind.
        std::vector<Order> orders;
        std::uint64_t print = 0;  // The digest of all above.
    };
    struct Flight {
        enum class What : std::uint8_t { message, closed, reset, timed_out };
        What what{};
        zab::Message message{};
        std::shared_ptr<const zab::Snapshot> snapshot;
    };
    struct Link {
        std::uint16_t slot = 0;  // Even; names it towards the peers. Sorted by it.
        zab::LinkKind kind{};
        bool dialling = false;
        std::array<std::uint8_t, 2> ends{};  // [0] dialled, [1] accepted.
        std::array<bool, 2> open{};
        std::array<bool, 2> up_pending{};  // The end does not know yet that it stands.
        std::uint8_t handler_turns = 0;
        std::array<std::vector<Flight>, 2> pipes;  // [side]: what `side` has sent.
    };

    // small_world.cpp
    Server& edit(std::size_t server);
    Link* find(zab::LinkId id);
    zab::LinkId link_id(const Link& link, unsigned side) const;
    void forget_closed();
    void stop(std::size_t index, trace::StopReason reason);
    void receive(const Choice& choice);
    void finish(const Choice& choice);
    void answer_dial(const Choice& choice);
    void tell_up(Link& link, unsigned side);

    // choices.cpp
    bool is_blocked(const Server& server, zab::Stage stage, zab::LinkId link) const;
    bool can_read(const Link& link, unsigned side) const;
    bool can_learn_up(const Link& link, unsigned side) const;
    void list_server_choices(std::size_t server, std::vector<Choice>& out) const;
    void list_link_choices(std::size_t index, std::vector<Choice>& out) const;
    void list_timers(bool nothing_else, std::vector<Choice>& out) const;
    void list_faults(bool nothing_else, std::vector<Choice>& out) const;

    // small_effects.cpp
    void step(std::size_t server, const zab::Input& input);
    void interpret(std::size_t index, const zab::Effect& effect);
    void send(zab::LinkId id, const Flight& flight);
    void dial(std::size_t server, const zab::Dial& wish);
    void close(zab::LinkId id);
    void start(std::size_t index, const zab::Start& wish);
    void tell(const Server& server, trace::Record::Fields fields);
    void make_durable(Server& server, const Order& order);

    std::shared_ptr<const zab::Config> config_;
    Defects defects_;
    Bounds left_;
    std::array<std::shared_ptr<Server>, server_count> servers_;
    std::vector<Link> links_;
    Scratch* scratch_ = nullptr;  // Of the step being taken.
};

}  // namespace sim
