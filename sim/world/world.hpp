#pragma once

#include "protocol/config.hpp"
#include "protocol/effect.hpp"
#include "sim/clock/event_queue.hpp"
#include "sim/random/key.hpp"
#include "sim/random/zipf.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/fault_state.hpp"
#include "sim/world/outlet.hpp"
#include "sim/world/parts.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

/// The world: one virtual clock drives servers, clients, network and disks. A value: it can be
/// copied at any moment, and both copies run on independently to their own, reproducible ends.
/// What a run does is a function of (engine version, scenario, seed) and of nothing else.
namespace sim {

class World {
  public:
    /// Builds the world of a scenario; nothing has happened yet. `branch` re-keys the draws of a
    /// fork (0: none). The scenario is shared, never changed.
    World(std::shared_ptr<const Scenario> scenario, std::uint64_t seed, std::uint64_t branch = 0);

    /// Where records go. Not copied with the world: a copy has no outlets until it is given some.
    void set_outlets(const trace::Outlets* outlets) { outlets_.value = outlets; }
    /// Where it is marked what each server took in which phase: not copied either.
    void set_tuples(TupleSet* tuples) { outlets_.tuples = tuples; }

    /// Runs the events up to and with `until`; ends early, with false, once they have made
    /// `max_records` more.
    bool run_until(zab::Instant until, std::uint64_t max_records = ~std::uint64_t{0});
    bool run_one();  ///< Performs the next event. False: nothing is left to happen.
    void finish();   ///< Emits the closing records: what never came, uses of resources. Once.

    zab::Instant now() const { return {now_}; }
    const trace::Recorder& recorder() const { return recorder_; }
    std::uint64_t events() const { return events_; }
    const std::vector<ServerNode>& servers() const { return servers_; }
    const Scenario& scenario() const { return *scenario_; }
    /// The server that leads, by what is true and not by what servers believe: the established
    /// leader of the highest epoch that still runs.
    std::optional<ServerIndex> leader() const;
    /// What each client of a group has asked for, in order: as ClientGroup::requests lists it.
    std::vector<std::vector<AskedRequest>> requests_of_group(std::size_t group) const;

  private:
    struct Step {  // The step being taken.
        ServerIndex server = 0;
        StageRef stage{};
        trace::RecordId record = 0;
        std::int64_t ready = 0;  ///< When its effects leave: its cpu time has passed.
        std::uint32_t service = 0;
    };
    struct Told {  // How a step has been recorded.
        trace::RecordId record = 0;
        std::uint64_t meaning = 0;  ///< Its own identity: what its cost is drawn by.
        std::uint32_t bytes = 0;    ///< Of payload.
        std::size_t effects = 0;    ///< Of its effects, told thereby.
    };

    // world.cpp: construction and the loop.
    void build_hosts();
    void build_servers();
    void preset(ServerNode& node, const ServerStart& start);
    void tell_initial_files(const ServerNode& node, const ServerStart& start);
    void begin();
    void put_event(std::int64_t time, EventKind kind, std::uint32_t entity, std::uint64_t argument);
    void schedule(std::int64_t time, EventKind kind, std::uint32_t entity, std::uint64_t argument);
    bool run_next(zab::Instant until);
    void dispatch(std::uint64_t what, std::uint64_t argument);
    // records.cpp
    trace::RecordId emit(std::uint64_t head, const Origin& origin, std::uint64_t a, std::uint64_t b,
                         std::uint32_t c);
    trace::RecordId emit(trace::Kind kind, zab::NodeId node, const Origin& origin,
                         std::uint16_t peer = 0, std::uint16_t detail = 0, std::uint64_t a = 0,
                         std::uint64_t b = 0, std::uint32_t c = 0) {
        return emit(trace::Record::head(kind, node, peer, detail), origin, a, b, c);
    }
    /// A record of the same instant as its cause.
    trace::RecordId emit_after(trace::RecordId cause, std::uint64_t head, std::uint64_t a,
                               std::uint64_t b, std::uint32_t c);
    trace::RecordId emit_after(trace::RecordId cause, trace::Kind kind, zab::NodeId node,
                               std::uint16_t peer, std::uint16_t detail, std::uint64_t a,
                               std::uint64_t b, std::uint32_t c) {
        return emit_after(cause, trace::Record::head(kind, node, peer, detail), a, b, c);
    }
    trace::RecordId put_record(std::uint64_t head, const Origin& origin, std::uint64_t a,
                               std::uint64_t b, std::uint32_t c);
    trace::RecordId add_record(const trace::Record& record);
    void show(const trace::Record& record, trace::RecordId id);
    std::vector<std::uint64_t> items_by_cores() const;
    std::vector<ResourceUse> resource_uses() const;
    std::vector<Lanes> links_so_far() const;
    std::int64_t disk_ahead(ServerIndex index) const;
    void emit_resources();
    // stages.cpp: threads and cores.
    Stage& stage_of(StageRef ref) {
        return ref.is_of_connection() ? connection_stages_[ref.place()] : server_stages_[ref.value];
    }
    ServerIndex server_of(StageRef ref) const {
        return ref.is_of_connection() ? connections_[ref.connection()].ends[1].index : ref.server();
    }
    void enqueue(StageRef ref, const Pending& pending);
    void sort_in(StageRef ref);
    void plan_look(StageRef ref, Stage& stage, std::int64_t not_before);
    void look_at(StageRef ref, std::int64_t not_before);
    void run_stage(StageRef ref);
    bool run_next_item(StageRef ref);
    bool is_free_to_go_on() const;
    void run_turn(ServerIndex server, StageRef ref, Stage& stage, Core* core);
    void look(StageRef ref, std::uint32_t generation);
    void run_item(StageRef ref, const Pending& pending, Core* core);
    bool has_head(const Pending& pending);
    void finish_item(Stage& stage, Core* core, const Step& step);
    bool is_paused(const ServerNode& server) const { return server.paused_until > now_; }
    // cores.cpp: which thread runs on which core.
    bool take_core(StageRef ref, HostIndex index, Core*& core);
    bool is_in_slice(const Core& core) const;
    bool goes_on(const Core& core);
    void serve_waiting(HostIndex index);
    static std::int64_t soonest_core(const Host& host);
    void wait_for_core(StageRef ref, HostIndex index);
    // cpu.cpp: what items cost.
    void pay(Step& step, const Stage& stage, std::int64_t since, std::uint64_t meaning,
             std::uint32_t bytes);
    std::uint32_t item_cost(const Step& step, std::uint64_t meaning, std::uint32_t bytes,
                            std::int64_t slept);
    std::int64_t wake_cost(std::int64_t slept, std::uint64_t word) const;
    std::int64_t outcome_cost(StageRef ref, std::uint64_t word) const;
    std::int64_t first_use_cost(ServerNode& server, std::size_t thread, std::uint64_t word) const;
    std::size_t cost_place(const Step& step) const;
    std::uint64_t notice_word(const ServerNode& server) const;
    void set_item_costs();
    std::uint64_t thread_of(StageRef ref) const;
    // reading.cpp: what has arrived is read.
    bool can_read_on(const Connection& conn, unsigned reader, const Stage& stage) const;
    void read_or_queue(ConnectionIndex index, unsigned reader);
    void read_message(StageRef ref, ConnectionIndex index, unsigned reader, Core* core);
    void head_arrives(ConnectionIndex index, unsigned side, std::uint32_t number);
    bool is_held_up(ConnectionIndex index, unsigned side);
    void client_end_reads(ConnectionIndex index, unsigned side);
    // effects.cpp: what servers want.
    template <class What>
    void take_step(ServerIndex server, StageRef ref, const What& what, const Origin& origin,
                   Core* core, bool pays);
    void take_rare_step(ServerIndex index, StageRef ref, const zab::Input& input,
                        const Origin& origin);
    Told tell(ServerNode& server, const Arrived& arrived, const Origin& origin);
    template <class What>
    Told tell(ServerNode& server, const What& what, const Origin& origin);
    void carry_out(Step& step, const Told& told, std::int64_t since, Core* core, bool pays);
    void interpret(Step& step, std::size_t first);
    bool perform(const Step& step, const zab::Effect& effect);
    void perform(const Step& step, const zab::Dial& wish);
    void perform(const Step& step, const zab::Listen& wish);
    void perform(const zab::SetReading& wish);
    void append_to_log(ServerNode& server, const zab::Txn& txn);
    void perform(const Step& step, const zab::Halt& halt);
    void perform(const Step& step, const zab::RefuseToStart& refusal);
    void cancel_timer(const Step& step, const zab::CancelTimer& wish);
    trace::RecordId record_done(ServerNode& server, const zab::Done& done, const Origin& origin);
    trace::RecordId record_other(const ServerNode& server, const zab::Input& input,
                                 const Origin& origin);
    void hand(const Step& step, const zab::Hand& hand);
    void clear_turns(StageRef ref);
    void set_timer(const Step& step, const zab::SetTimer& wish);
    void fire_timer(ServerIndex index, std::uint32_t generation, std::uint32_t kind);
    // work.cpp: what blocks a stage.
    void start_work(const Step& step, const zab::Start& start);
    void complete_work(std::uint32_t index);
    bool apply_to_disk(ServerNode& server, const WorkOrder& order);
    std::int64_t work_time(ServerNode& server, const zab::Start& start);
    std::int64_t time_beside(ServerNode& server, zab::Work work);
    std::int64_t disk_time(ServerNode& server, zab::Work work, const Distribution& distribution);
    std::uint64_t snapshot_bytes(const zab::Tree& tree) const;
    std::uint32_t snapshot_message_bytes(const ServerNode& server) const;
    void send_snapshot(const Step& step, const zab::SendSnapshot& wish);
    // connections.cpp: connections are made and closed.
    Route route_of(ConnectionIndex index, unsigned side);
    void dial(const End& from, const End& to, zab::LinkKind kind, zab::Duration timeout,
              trace::RecordId cause, std::uint32_t service, std::int64_t ready);
    void dial_arrives(ConnectionIndex index);
    void dial_answered(ConnectionIndex index, std::uint32_t answer);
    void dial_expires(ConnectionIndex index);
    Key pair_key(const End& from, const End& to) const;
    std::int64_t segment_ns(const End& from, const End& to, std::uint64_t word) const;
    std::uint64_t dial_count(const End& from, const End& to);
    std::uint32_t& pair_counter(ServerIndex from, ServerIndex to, std::size_t counter);
    void arrive_at_nobody(ConnectionIndex index, unsigned side);
    void close_link(zab::LinkId link, Flight::What what, trace::RecordId cause,
                    std::uint32_t service, std::int64_t ready, std::int64_t waited = 0);
    bool relay_refuses(const Connection& conn) const;
    void end_closed(ConnectionIndex index, unsigned side, zab::DownReason reason,
                    const Origin& origin);
    void release(ConnectionIndex index);
    void tell(const End& end, const Pending& pending);
    StageRef reader_of(ConnectionIndex index, unsigned side) const;
    // network.cpp: messages under way.
    Connection& connection(zab::LinkId link) { return connections_[link.slot / 2]; }
    bool is_live(zab::LinkId link) const { return connections_[link.slot / 2].is_live(link); }
    zab::LinkId link_of(ConnectionIndex index, unsigned side) const;
    HostIndex host_of(const End& end) const;
    bool transmit(zab::LinkId link, const zab::Message& message, trace::RecordId cause,
                  std::int64_t ready, std::uint32_t service, std::int64_t waited = 0);
    std::uint64_t occurrence_of(ConnectionIndex index, unsigned side, std::uint64_t kind);
    void call_sender(ConnectionIndex index);
    void run_sender(ConnectionIndex index, Core* core);
    std::int64_t faults_on_the_way(const Route& route, Flight& flight, std::uint64_t word);
    void take_off(ConnectionIndex index, Connection& conn, unsigned side, Flight& flight,
                  std::int64_t ready);
    void fly(ConnectionIndex index, unsigned side, Flight& flight, std::int64_t ready);
    void put_head(ConnectionIndex index, Connection& conn, unsigned side);
    void schedule_head(ConnectionIndex index, unsigned side);
    /// Takes the head of a pipe out: it has been read, or is gone.
    void take_head(ConnectionIndex index, Connection& conn, unsigned side);
    const LinkModel& model(HostIndex from, HostIndex to) const;
    // timeouts.cpp: silence, and ways that close and open.
    void stall(ConnectionIndex index, unsigned side, bool breaks);
    void set_read_timeout(zab::LinkId link, std::int64_t timeout);
    void watch_silence(ConnectionIndex index, unsigned side, std::int64_t due);
    void check_read_timeout(ConnectionIndex index, unsigned side);
    bool waits_in_read(const Connection& conn, unsigned side);
    void break_pipe(ConnectionIndex index, unsigned side, std::uint32_t stall_number);
    void give_up(ConnectionIndex index, unsigned side);
    bool is_stopped_on_its_way(ConnectionIndex index, unsigned side);
    static void delay_all(Pipe& pipe, std::int64_t until);
    void path_opens(PathEnd from, PathEnd to);
    void path_stays_closed(PathEnd from, PathEnd to);
    void retry_pipe(ConnectionIndex index, unsigned side, std::uint32_t stall_number);
    void go_on_sending(ConnectionIndex index, unsigned side);
    // lanes.cpp: links that have a rate.
    Lane* lane_of(const Pipe& pipe);
    bool goes_over(const Connection& conn, unsigned side, PathEnd from, PathEnd to) const;
    bool is_open(const Route& route) const;
    bool is_sending(const Pipe& pipe) const;
    Pace limit_of(const Route& route) const;
    void count_on_lane(const Pipe& pipe, std::size_t first, std::int64_t sign);
    void drop_flights(Pipe& pipe);
    void free_way(const Route& route);
    void path_closes(PathEnd from, PathEnd to);
    void resume_lanes(PathEnd from, PathEnd to);
    void path_gets_faster(PathEnd from, PathEnd to);
    void replay(PathEnd from, PathEnd to, bool was_limited);
    void replay_lane(const Route& link);
    void replay_limit(std::uint32_t limited);
    void arrive_anew(ConnectionIndex index, unsigned side);
    void send_again(ConnectionIndex index, unsigned side);
    // buffers.cpp: what a reader leaves unread, and who waits for room.
    void pop_head(ConnectionIndex index, unsigned side);
    void write_waits(const Step& step, zab::LinkId link);
    void fill(ConnectionIndex index, unsigned side, unsigned writer, const Origin& origin);
    void make_room(ConnectionIndex index, unsigned side);
    void tear_off(ConnectionIndex index, unsigned side);
    std::int64_t time_to_send(const Pipe& pipe, std::uint64_t bytes) const;
    void take_back(Pipe& pipe);
    void let_writers_go(ConnectionIndex index, unsigned side, trace::RecordId record);
    void let_write(StageRef ref, trace::RecordId record);
    void discard_unread(ConnectionIndex index, unsigned reader);
    // datagrams.cpp: the other transport.
    bool is_datagram(const Connection& conn, const Flight& flight) const {
        return has_datagrams_ && is_single_message(conn, flight);
    }
    static bool is_single_message(const Connection& conn, const Flight& flight);
    void scatter(ConnectionIndex index, unsigned side, std::uint64_t word);
    void take_place(ConnectionIndex index, unsigned side, const Flight& flight);
    // processes.cpp: starting and ending servers.
    void start_server(ServerIndex index, trace::RecordId cause);
    Origin booted_by(const ServerNode& server) const;
    void boot_server(ServerIndex index, std::uint32_t incarnation);
    bool make_durable_at_boot(ServerNode& server);
    void stop_server(ServerIndex index, trace::StopReason reason, std::uint16_t code,
                     trace::RecordId cause);
    void lose_power(ServerIndex index, bool tears);
    void free_disk(HostIndex index);
    void reset_connections(ServerIndex index, std::uint32_t incarnation);
    void pause_server(ServerIndex index, std::int64_t until, trace::RecordId cause);
    void resume_server(ServerIndex index);
    void let_go(ServerIndex index, bool tells, trace::RecordId cause);
    // clients.cpp: sessions and load.
    void build_clients();
    void client_dials(ClientIndex index);
    void give_up_session(Client& client);
    void client_leaves(ClientIndex index);
    std::int64_t rest_before_dial(const Client& client, bool was_attached) const;
    void client_link_up(ClientIndex index, zab::LinkId link);
    void client_link_down(ClientIndex index, zab::DownReason reason, const Origin& origin);
    void client_receives(ClientIndex index, const zab::Message& message, const Origin& origin);
    void client_timer(ClientIndex index, std::uint32_t generation);
    void send_from_client(Client& client, const zab::Message& message, trace::RecordId cause,
                          std::int64_t waited);
    void arm_client(ClientIndex index);
    void ping_if_due(Client& client);
    zab::NodeId choose_server(const Client& client) const;
    // load.cpp: what clients ask for.
    void client_arrival(ClientIndex index, trace::RecordId cause);
    void issue(ClientIndex index, const Origin& origin);
    AskedRequest next_request(Client& client);
    void arrive(Client& client, std::uint32_t count);
    void tell_unasked(Client& client);
    void ask(Client& client, const AskedRequest& asked, const Origin& origin, std::int64_t queued);
    void complete(ClientIndex index, const zab::ClientReply& reply, const Origin& origin);
    void go_on(ClientIndex index, trace::RecordId cause);
    void is_notified(ClientIndex index, const zab::WatchEvent& event, const Origin& origin);
    void name_watches(Client& client);
    // faults.cpp
    void strike(std::uint32_t index, trace::RecordId cause);
    void reset_between(PathEnd from, PathEnd to);
    void apply_fault(std::uint32_t index, trace::RecordId cause);
    void apply_to_paths(std::uint32_t index, PathEnd target, bool undo);
    void apply_to_path(std::uint32_t index, PathEnd from, PathEnd to, bool undo);
    void sum_up(Path& way) const;
    void undo_fault(std::uint32_t index);
    std::vector<PathEnd> resolve(const Target& target, Key key);
    Key key_of_fault(std::uint32_t index) const;
    std::vector<PathEnd> named_by(const Target& target) const;
    Path& path(PathEnd from, PathEnd to);
    PathEnd path_end(const End& end) const;
    Path* path_between(const End& from, const End& to);
    // server_faults.cpp: faults of servers and clients.
    void client_burst(std::uint32_t group, std::uint32_t operations, trace::RecordId cause);
    void apply_to_server(std::uint32_t index, ServerIndex target, trace::RecordId record);
    void strike_disk(std::uint32_t index, Disk& disk);
    void undo_on_server(std::uint32_t index, ServerIndex target);
    void set_pace(ServerNode& server, FaultKind kind) const;
    // anchors.cpp: faults placed by what happens.
    void place_faults();
    void strike_due();
    void watch(const trace::Record& record, trace::RecordId id);
    static bool matches(const RecordPattern& pattern, const trace::Record& record);
    bool is_due(FaultState::Watch& watch, const trace::Record& record) const;
    void expect(const trace::Record::Fields& fields, std::vector<std::uint32_t>& due);
    bool struck_in_step(ServerIndex index, const zab::Input& input);
    bool strikes_before_durable(const WorkOrder& order);
    void strike_all(const std::vector<std::uint32_t>& due);
    bool is_held(const End& from, const End& to, const Flight& flight);
    void let_held_go(ServerIndex receiver, bool drops);
    void drop_connection(ConnectionIndex index);
    void tell_skipped();

    std::shared_ptr<const Scenario> scenario_;
    std::shared_ptr<const zab::Config> config_;
    Key root_;
    EventQueue queue_;
    zab::Ring<Ready> ready_;  ///< Events of this very instant: not worth the queue.
    std::int64_t now_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t instant_began_ = 0;  ///< With so many records and events before it.
    trace::Recorder recorder_;
    Outlet outlets_;
    zab::Effects effects_;
    bool cpu_is_free_ = false;
    bool has_datagrams_ = false;        ///< Instead of streams, between servers.
    bool has_outcome_costs_ = false;    ///< Replies or proposals cost something of their own.
    bool has_first_use_costs_ = false;  ///< Code that has seldom run costs more.
    bool has_watchers_ = false;         ///< Some clients may leave watches.
    std::uint64_t send_buffer_ = 0;     ///< Bytes a pipe takes before its writer waits.
    zab::Snapshot snapshot_in_hand_;    ///< Of the Snap message that is being read.
    bool done_replaces_ = false;        ///< Whether that was a snapshot that replaces the log.
    std::uint32_t done_count_ = 0;  ///< What the last piece of work amounted to, for its record.

    std::vector<Host> hosts_;
    std::vector<std::uint32_t> models_;  // By from * hosts + to: index into link_models_.
    std::vector<LinkModel> link_models_;
    std::vector<Pace> link_paces_;  ///< By link model.
    bool has_noise_ = false;        ///< Some path was ever touched by a fault.
    bool is_troubled_ = false;      ///< Messages may be held up on their way.
    std::vector<ServerNode> servers_;
    std::vector<Stage> server_stages_;                           ///< By StageRef::place().
    std::vector<Stage> connection_stages_;                       ///< Likewise.
    std::array<ItemCost, StageRef::per_server + 2> item_costs_;  ///< By stage; and cpu.cpp's two.
    ItemCost sender_cost_;
    std::vector<ServerIndex> server_by_id_;
    std::vector<Client> clients_;
    std::vector<Zipf> zipfs_;  // By client group.
    std::vector<Connection> connections_;
    ConnectionIndex free_connection_ = none;
    std::vector<WorkOrder> orders_;
    std::vector<std::uint32_t> free_orders_;
    /// Of a directed pair of servers: messages by their kind, and a learner's connections.
    static constexpr std::size_t pair_counters = zab::message_kind_count + 2;
    std::vector<std::uint32_t> pipe_draws_;  // Occurrences, by pair and counter.
    std::uint32_t stalls_ = 0;
    Key delay_key_, load_key_, fault_key_;
    FaultState faults_;
    std::vector<trace::Record::Fields> initial_;  ///< What the disks hold; not yet told.
    std::vector<ResourceUse> warming_;            ///< Until the warm-up was over.
};

}  // namespace sim
