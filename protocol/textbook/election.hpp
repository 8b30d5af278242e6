#pragma once

#include "protocol/textbook/links.hpp"

namespace textbook {

/// Leader election: when a node fails, every other node sends an election message with its election
/// id, which is its own number, to all. Who receives one takes the greatest, L = max(id). The
/// winner sends a leader message with its leader id, and receivers update theirs to it.
class Election {
  public:
    explicit Election(zab::NodeId self) : self_(self) {}

    /// L: whom this node takes for the leader; itself, as long as it knows of no greater id.
    zab::NodeId leader() const { return leader_; }
    bool is_open() const { return open_; }
    bool is_settled() const { return !open_ && leader_.value != 0; }
    bool leads() const { return !open_ && leader_ == self_; }

    void begin(std::uint64_t last_command, const Links& links, const Options& options,
               zab::Effects& out) {
        open_ = true;
        leader_ = self_;
        ++number_;
        out.note(zab::NoteKind::looking, last_command, 0, number_);
        links.send_all(say(Word::election, self_.value, number_), out);
        const zab::Duration wait = options.election_wait;
        out.push(zab::SetTimer{zab::TimerKind::finalize, wait, wait});
    }

    void on_election(zab::NodeId from, const zab::Telegram& said, zab::Effects& out) {
        const bool greater = said.number > leader_.value;
        update(greater ? LeaderOutcome::election_taken : LeaderOutcome::election_ignored, from,
               said, out);
    }

    /// Nothing in the message says to which election it belongs: one that comes late counts as any
    /// other. Zab's LEADERINFO carries an epoch for that.
    void on_leader(zab::NodeId from, const zab::Telegram& said, zab::Effects& out) {
        update(LeaderOutcome::leader_taken, from, said, out);
        open_ = false;
        out.push(zab::CancelTimer{zab::TimerKind::finalize});
    }

    /// The wait is over: the greatest id that was heard of leads, whatever it has executed. Zab
    /// compares the logs first. A leader message that is lost is not sent again: L is the greatest
    /// id in any case.
    void close(std::uint64_t last_command, const Links& links, zab::Effects& out) {
        open_ = false;
        if (leader_ == self_) {
            out.note(zab::NoteKind::leader_declared, self_.value, last_command, number_);
            links.send_all(say(Word::leader, self_.value, number_), out);
        }
    }

  private:
    void update(LeaderOutcome outcome, zab::NodeId from, const zab::Telegram& said,
                zab::Effects& out) {
        out.note(zab::NoteKind::leader_compared, said.number, leader_.value, said.reference, from,
                 static_cast<std::uint16_t>(outcome));
        if (outcome != LeaderOutcome::election_ignored) {
            leader_ = {static_cast<std::uint16_t>(said.number)};
        }
    }

    zab::NodeId self_;
    zab::NodeId leader_{};      // L
    std::uint32_t number_ = 0;  // Of the elections begun here; only the trace looks at it.
    bool open_ = false;
};

}  // namespace textbook
