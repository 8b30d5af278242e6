#pragma once

#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/disk/disk.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>

namespace sim {

/// The kind of record that tells a server's note.
inline trace::Kind record_kind(zab::NoteKind note) {
    switch (note) {
        case zab::NoteKind::booted: return trace::Kind::booted;
        case zab::NoteKind::looking: return trace::Kind::looking;
        case zab::NoteKind::elected: return trace::Kind::elected;
        case zab::NoteKind::following: return trace::Kind::following;
        case zab::NoteKind::leading: return trace::Kind::leading;
        case zab::NoteKind::established: return trace::Kind::established;
        case zab::NoteKind::serving: return trace::Kind::serving;
        case zab::NoteKind::request: return trace::Kind::request;
        case zab::NoteKind::forward: return trace::Kind::forward;
        case zab::NoteKind::propose: return trace::Kind::propose;
        case zab::NoteKind::ack: return trace::Kind::ack;
        case zab::NoteKind::commit: return trace::Kind::commit;
        case zab::NoteKind::deliver: return trace::Kind::deliver;
        case zab::NoteKind::read: return trace::Kind::read;
        case zab::NoteKind::synchronized: return trace::Kind::synchronized;
        case zab::NoteKind::snapshot_sent: return trace::Kind::snapshot_sent;
        case zab::NoteKind::snapshot_installed: return trace::Kind::snapshot_installed;
        case zab::NoteKind::history: return trace::Kind::history;
        case zab::NoteKind::leader_compared: return trace::Kind::leader_compared;
        case zab::NoteKind::leader_declared: return trace::Kind::leader_declared;
        case zab::NoteKind::command_sent: return trace::Kind::command_sent;
        case zab::NoteKind::command_compared: return trace::Kind::command_compared;
        case zab::NoteKind::command_executed: return trace::Kind::command_executed;
        case zab::NoteKind::vote_compared: return trace::Kind::vote_compared;
        case zab::NoteKind::command_agreed: return trace::Kind::command_agreed;
        case zab::NoteKind::watcher_registered: return trace::Kind::watcher_registered;
        case zab::NoteKind::configuration_changed: return trace::Kind::configuration_changed;
        case zab::NoteKind::watch_set: return trace::Kind::watch_set;
        case zab::NoteKind::watch_fired: return trace::Kind::watch_fired;
    }
    zab::ensure(false, "every kind of note has its kind of record");
    return trace::Kind::work;
}

/// What the record of an `append` tells of the transaction: what it does to a znode, and to which.
inline trace::Write write_of(const zab::Txn& txn) {
    switch (txn.type) {
        case zab::TxnType::create: return trace::Write::create;
        case zab::TxnType::set: return trace::Write::set;
        case zab::TxnType::create_session:
        case zab::TxnType::close_session:
        case zab::TxnType::error: break;
    }
    return trace::Write::other;
}
inline std::uint32_t path_written(const zab::Txn& txn) {
    return write_of(txn) == trace::Write::other ? 0 : txn.path;
}
inline trace::Record::Fields append_record(const zab::Txn& txn, std::uint64_t prefix) {
    return {.kind = trace::Kind::append,
            .detail = static_cast<std::uint16_t>(write_of(txn)),
            .a = txn.zxid.value,
            .b = prefix,
            .c = path_written(txn)};
}

/// What a record tells of a piece of work that is done: its kind, and `detail`, `a`, `b`, `c`.
/// `disk` is as the work left it; `count` is how many transactions an fsync made durable, or 1 for
/// a snapshot that replaces the log.
trace::Record::Fields work_record(zab::Work work, const Disk& disk, std::uint32_t count);

}  // namespace sim
