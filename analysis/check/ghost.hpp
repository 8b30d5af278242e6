#pragma once

#include "analysis/check/ensemble.hpp"
#include "analysis/check/fingerprint.hpp"
#include "analysis/check/history_tree.hpp"
#include "sim/trace/record.hpp"

#include <limits>
#include <optional>
#include <vector>

namespace analysis {

/// "No such record yet", where a checker names its witnesses.
constexpr trace::RecordId no_record = std::numeric_limits<trace::RecordId>::max();

/// A node's claim to lead an epoch.
struct Leadership {
    zab::Epoch epoch;
    BranchId branch = Position::nowhere;
    bool is_established = false;
    std::uint32_t last_committed = 0;  ///< The counter of its last own commit.
    trace::RecordId since = no_record;
};

/// What the trace has said about one server so far.
struct ServerState {
    bool is_voter = false;
    bool has_booted = false;  ///< Until then its history is what the scenario gave it.
    /// From taking up a learner's role until the new current epoch is durable. An election in
    /// between does not end it: what the disk was told before may still become durable.
    bool is_synchronizing = false;
    Position durable;  ///< What survives a power loss: snapshot and log together.
    Position written;  ///< What survives a crash of the process: the same with the page cache.
    Position applied;  ///< What is in memory.
    zab::Epoch accepted_epoch;
    zab::Epoch current_epoch;
    std::optional<Leadership> leadership;
    trace::RecordId durable_record = no_record;
    trace::RecordId applied_record = no_record;
    trace::RecordId accepted_record = no_record;
    trace::RecordId current_record = no_record;
    trace::RecordId role_record = no_record;
};

/// The state that the records so far imply, shared by all checkers: which histories exist, which
/// transactions are committed, and where each server stands. It believes every record; whether a
/// record may be believed is the checkers' question, who see the ghost as it was before.
class Ghost {
  public:
    explicit Ghost(const Ensemble& ensemble);

    /// Where the history that a record names by `a` and `b` stands, before the record counts.
    Position place(const trace::Record& record) const {
        if ((placed & trace::kind_bit(record.kind())) == 0) return {};
        return histories_.locate(record.zxid(), record.b());
    }

    /// Takes the record into account. `place` is what place() returned for it.
    void observe(const trace::Record& record, trace::RecordId id, const Position& place);

    const Ensemble& ensemble() const { return ensemble_; }
    const HistoryTree& histories() const { return histories_; }
    const ServerState& server(zab::NodeId node) const {
        return node.value < servers_.size() ? servers_[node.value] : stranger_;
    }

    /// The longest history that is known to be committed: by a leader's commit of its last
    /// transaction, or as the initial history of an established leader.
    const Position& committed() const { return committed_; }
    trace::RecordId committed_record() const { return committed_record_; }
    zab::Epoch highest_established() const { return highest_established_; }

    /// How many voters hold `history` durably (or may hold it, where that is not known), if
    /// `node` held `instead`. Node 0 is nobody: they are asked as they are.
    std::size_t holders(const Position& history, zab::NodeId node = {},
                        const Position& instead = {}) const;
    /// Whether they decide.
    bool is_held_by_quorum(const Position& history, zab::NodeId node = {},
                           const Position& instead = {}) const;

    /// The initial history of `leader` in `epoch`; nothing if it is not known.
    std::optional<Position> initial_history(zab::NodeId leader, zab::Epoch epoch) const;

    std::uint64_t fingerprint() const;

    static trace::KindSet kinds();

  private:
    using Kind = trace::Kind;
    /// The kinds whose `a` and `b` name a history that must exist already.
    static constexpr trace::KindSet placed = trace::kind_set(
        {Kind::booted, Kind::established, Kind::serving, Kind::append, Kind::synced, Kind::commit,
         Kind::deliver, Kind::inform, Kind::synchronized, Kind::truncated, Kind::lost,
         Kind::snapshot_written, Kind::snapshot_installed, Kind::history});

    ServerState& at(zab::NodeId node);
    bool holds(zab::NodeId voter, const Position& history, zab::NodeId node,
               const Position& instead) const;
    void on_boot(const trace::Record& record, trace::RecordId id, Position place);
    void on_given(const trace::Record& record, Position place);
    void on_durable(ServerState& server, trace::RecordId id, const Position& place);
    void on_cut(ServerState& server, trace::RecordId id, const Position& place);
    void on_snapshot(const trace::Record& record, trace::RecordId id, const Position& place);
    void on_applied(ServerState& server, trace::RecordId id, const Position& place);
    void on_leading(const trace::Record& record, trace::RecordId id);
    void on_established(const trace::Record& record, trace::RecordId id, const Position& place);
    void on_propose(const trace::Record& record);
    void on_commit(const trace::Record& record, trace::RecordId id, const Position& place);
    void on_epoch_file(const trace::Record& record, trace::RecordId id);
    void on_role(const trace::Record& record, trace::RecordId id);
    void commit_up_to(const Position& place, trace::RecordId id);
    void advance(Position& position, const Position& to) const;

    Ensemble ensemble_;
    ServerState stranger_;
    std::vector<ServerState> servers_;  ///< By node id.
    HistoryTree histories_;
    Position committed_;
    trace::RecordId committed_record_ = no_record;
    zab::Epoch highest_established_;
};

}  // namespace analysis
