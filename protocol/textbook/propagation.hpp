#pragma once

#include "protocol/history.hpp"
#include "protocol/textbook/links.hpp"
#include "protocol/types/ring.hpp"

namespace textbook {

/// A command to be executed, and whom to tell.
struct Execution {
    zab::Telegram command{};
    zab::NodeId sender{};  ///< The leader that sent it, to get a vote; this node: it is agreed.
    zab::NodeId origin{};  ///< The server whose client asked, to get the answer; of agreed ones.
};

/// Command propagation: the leader sends each command with a unique, rising command id. A node
/// whose last command id is smaller takes it, C = max(id), and executes it; others ignore it.
class Propagation {
  public:
    /// C: the last command id sent or taken.
    std::uint64_t last_command() const { return last_command_; }
    /// The id of the command executed last: what a read shows.
    std::uint64_t last_executed() const { return executed_.zxid.value; }

    /// A node that comes back goes on behind what its log holds.
    void remember(const zab::History& log) {
        executed_ = log.last();
        last_command_ = executed_.zxid.value;
    }

    /// The ids rise behind the greatest that this leader has seen; another leader may have used
    /// the next one already. Zab's carry the leader's epoch in their upper half.
    zab::Telegram send(const zab::Telegram& request, zab::NodeId origin, const Links& links,
                       zab::Effects& out) {
        const zab::Telegram command = say_of(request, Word::command, ++last_command_);
        out.note(zab::NoteKind::command_sent, command.number, identity_of(command), command.bytes,
                 origin, static_cast<std::uint16_t>(command.operation));
        links.send_all(command, out);
        return command;
    }

    /// A command that was overtaken is ignored like one that comes twice: its place is lost for
    /// ever. Zab's followers count on a first-in-first-out connection.
    void on_command(zab::NodeId from, const zab::Telegram& said, zab::Effects& out) {
        const bool greater = said.number > last_command_;
        out.note(zab::NoteKind::command_compared, said.number, identity_of(said),
                 static_cast<std::uint32_t>(last_command_), from, greater);
        if (greater) {
            last_command_ = said.number;
            schedule({.command = said, .sender = from}, out);
        }
    }

    /// To be executed as soon as the executing thread comes to it.
    void schedule(const Execution& execution, zab::Effects& out) {
        scheduled_.push(execution);
        out.hand(zab::Stage::commit);
    }

    /// The executing thread's turn. Requires: something was scheduled for it.
    Execution execute(bool remembers, zab::Effects& out) {
        const Execution next = scheduled_.front();
        scheduled_.pop();
        const zab::Telegram& command = next.command;
        const bool creates = command.operation == zab::Operation::create;
        const zab::Txn txn{.zxid = {command.number},
                           .session = {command.client},
                           .cxid = command.reference,
                           .path = command.path,
                           .bytes = command.bytes,
                           .type = creates ? zab::TxnType::create : zab::TxnType::set};
        out.note(zab::NoteKind::command_executed, command.number, identity_of(command),
                 static_cast<std::uint32_t>(executed_.zxid.value), next.sender);
        executed_ = zab::advance(executed_, txn);
        if (remembers) {
            out.push(zab::Append{txn});
        }
        return next;
    }

  private:
    std::uint64_t last_command_ = 0;  // C
    zab::Position executed_{};
    zab::Ring<Execution> scheduled_;
};

}  // namespace textbook
