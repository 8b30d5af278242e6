#pragma once

#include "protocol/types/time.hpp"

/// The simplified protocol that introductory texts teach: elect the greatest id, number the
/// commands, count the votes, tell the watchers. It shows why Zab is more than that.
namespace textbook {

/// What the texts leave open, each choice by its name. There are no retries: what is lost is lost.
struct Options {
    /// How a failure is noticed: a connection is reset, or nothing came for `failure_timeout`.
    zab::Duration heartbeat = zab::milliseconds(200);
    zab::Duration failure_timeout = zab::seconds(1);
    /// When an election is over: this long after it began here, whoever has or has not answered.
    zab::Duration election_wait = zab::milliseconds(500);
    /// When a server disconnects a client that it cannot answer.
    zab::Duration give_up = zab::seconds(2);
    /// "When a node fails, every other node starts an election"; else only when the leader fails.
    bool any_failure_elects = true;
    /// A node that comes back knows what it had executed, from a log that it never syncs; else
    /// nothing. In any case nobody tells it what it missed.
    bool remembers = true;
    /// Sending a command is the leader's own vote for it. If not, three nodes do not survive one
    /// failure: "more than half of all nodes" must be followers.
    bool leader_votes = true;

    friend bool operator==(const Options&, const Options&) = default;
};

}  // namespace textbook
