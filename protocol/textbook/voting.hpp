#pragma once

#include "protocol/textbook/propagation.hpp"

#include <algorithm>
#include <vector>

namespace textbook {

/// Voting: after executing, a node sends a vote message with a vote id to the leader. The leader
/// compares it with that node's last vote id, ignores what is not greater, and records it in the
/// vote table. When the votes V of more than half of all nodes are in, the command is agreed.
class Voting {
  public:
    Voting(zab::NodeId self, std::size_t nodes) : self_(self), nodes_(nodes) {}

    /// The leader has sent a command to all.
    void open(const zab::Telegram& command, zab::NodeId origin, bool own_vote,
              Propagation& propagation, zab::Effects& out) {
        Ballot& ballot = ballots_.push_slot();
        ballot = {.command = command, .origin = origin, .votes = own_vote ? 1u : 0u};
        count(ballot, propagation, out);
    }

    /// A vote says which id was executed, not which command: a node that has executed another
    /// command under the same id votes for this one.
    void on_vote(zab::NodeId from, const zab::Telegram& said, Propagation& propagation,
                 zab::Effects& out) {
        last_votes_.resize(std::max<std::size_t>(last_votes_.size(), from.value + 1u));
        std::uint64_t& last = last_votes_[from.value];
        const bool greater = said.number > last;
        Ballot* ballot = find(said.number);
        if (ballot != nullptr) {
            ballot->votes += greater ? 1 : 0;
        }
        out.note(zab::NoteKind::vote_compared, said.number, last,
                 ballot == nullptr ? 0 : ballot->votes, from, greater);
        last = std::max(last, said.number);
        if (ballot != nullptr) {
            count(*ballot, propagation, out);
        }
    }

  private:
    struct Ballot {
        zab::Telegram command{};
        zab::NodeId origin{};
        std::uint32_t votes = 0;  // V
        bool agreed = false;
    };

    void count(Ballot& ballot, Propagation& propagation, zab::Effects& out) {
        if (ballot.agreed || ballot.votes <= nodes_ / 2) {
            return;
        }
        ballot.agreed = true;
        out.note(zab::NoteKind::command_agreed, ballot.command.number, identity_of(ballot.command),
                 ballot.votes, ballot.origin);
        propagation.schedule({.command = ballot.command, .sender = self_, .origin = ballot.origin},
                             out);
        while (!ballots_.empty() && ballots_.front().agreed) {
            ballots_.pop();
        }
    }

    Ballot* find(std::uint64_t command) {
        for (std::size_t i = 0; i < ballots_.size(); ++i) {
            if (ballots_[i].command.number == command) {
                return &ballots_[i];
            }
        }
        return nullptr;
    }

    zab::NodeId self_;
    std::size_t nodes_;
    std::vector<std::uint64_t> last_votes_;  // By node: the vote table.
    zab::Ring<Ballot> ballots_;              // By rising command id, from the oldest not agreed on.
};

}  // namespace textbook
