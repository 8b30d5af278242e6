#pragma once

#include "protocol/config.hpp"
#include "protocol/database.hpp"
#include "protocol/election/connections.hpp"
#include "protocol/election/looking.hpp"
#include "protocol/input.hpp"
#include "protocol/service/pipeline.hpp"
#include "protocol/types/quorum.hpp"

#include <memory>

namespace zab {

/// What a server's process keeps in memory across its changes of role (QuorumPeer).
struct Server {
    Server(NodeId id, std::shared_ptr<const Config> configuration)
        : self(id),
          config(std::move(configuration)),
          quorum(config->voters, config->groups),
          database(config->commit_log_count + (release().committed_log_has_one_more ? 1 : 0)),
          connections(id, *config) {}

    NodeId self;
    std::shared_ptr<const Config> config;
    Quorum quorum;
    Database database;
    Epoch accepted_epoch{};   ///< As in the file; see write_accepted_epoch.
    Epoch current_epoch{};    ///< As in the file.
    std::uint64_t round = 0;  ///< logicalclock: in memory only.
    CastVote vote{};          ///< The last election's outcome (currentVote).
    ServerState state = ServerState::looking;
    Connections connections;
    Ring<HeardVote> election_queue;
    Pipeline pipeline;
    bool asks_for_snapshot = false;  ///< A TRUNC could not be done: see Learning::on_log_truncated.
    Moment now{};                    ///< Of the step being taken.

    const Release& release() const { return config->release; }
    bool is_voter() const { return quorum.is_voter(self); }
    Duration ticks(std::uint32_t count) const { return config->tick_time * count; }

    // QuorumPeer.setAcceptedEpoch and setCurrentEpoch: memory follows the file once it is written.
    // Where memory goes first, what could not be written is promised nevertheless (2307).
    void write_accepted_epoch(Epoch epoch, Stage stage, LinkId link, Effects& out) {
        if (release().epochs_in_memory_first) {
            accepted_epoch = epoch;
        }
        out.start(Work::write_accepted_epoch, stage, epoch.value, link);
    }
    void write_current_epoch(Epoch epoch, Effects& out) {
        if (release().epochs_in_memory_first) {
            current_epoch = epoch;
        }
        out.start(Work::write_current_epoch, Stage::main, epoch.value);
    }
};

}  // namespace zab
