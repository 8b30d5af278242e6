#include "sim/world/record_kinds.hpp"

#include "protocol/types/ensure.hpp"

namespace sim {

using trace::Kind;

Kind record_kind(zab::NoteKind note) {
    switch (note) {
        case zab::NoteKind::booted: return Kind::booted;
        case zab::NoteKind::looking: return Kind::looking;
        case zab::NoteKind::elected: return Kind::elected;
        case zab::NoteKind::following: return Kind::following;
        case zab::NoteKind::leading: return Kind::leading;
        case zab::NoteKind::established: return Kind::established;
        case zab::NoteKind::serving: return Kind::serving;
        case zab::NoteKind::request: return Kind::request;
        case zab::NoteKind::forward: return Kind::forward;
        case zab::NoteKind::propose: return Kind::propose;
        case zab::NoteKind::ack: return Kind::ack;
        case zab::NoteKind::commit: return Kind::commit;
        case zab::NoteKind::deliver: return Kind::deliver;
        case zab::NoteKind::read: return Kind::read;
        case zab::NoteKind::inform: return Kind::inform;
        case zab::NoteKind::synchronized: return Kind::synchronized;
        case zab::NoteKind::snapshot_sent: return Kind::snapshot_sent;
        case zab::NoteKind::snapshot_installed: return Kind::snapshot_installed;
        case zab::NoteKind::history: return Kind::history;
    }
    zab::ensure(false, "every kind of note has its kind of record");
    return Kind::work;
}

trace::Record::Fields work_record(zab::Work work, const Disk& disk, std::uint32_t count) {
    const zab::DiskImage& image = disk.image();
    const auto named = [](Kind kind, const zab::Position& p, std::uint32_t c) {
        return trace::Record::Fields{.kind = kind, .a = p.zxid.value, .b = p.prefix, .c = c};
    };
    switch (work) {
        case zab::Work::sync_log: return named(Kind::synced, disk.durable_end(), count);
        case zab::Work::write_accepted_epoch:
            return named(Kind::accepted_epoch, {},
                         image.accepted_epoch.value_or(zab::Epoch{}).value);
        case zab::Work::write_current_epoch:
            return named(Kind::current_epoch, {}, image.current_epoch.value_or(zab::Epoch{}).value);
        case zab::Work::truncate_log: return named(Kind::truncated, image.log.last(), 0);
        case zab::Work::write_snapshot:
            return named(Kind::snapshot_written, image.snapshot->position, count);
        case zab::Work::shut_down_role:
        case zab::Work::finish_election:
        case zab::Work::open_port:
        case zab::Work::start_serving:
        case zab::Work::read_log:
        case zab::Work::serialize_snapshot: break;
    }
    return {.kind = Kind::work, .detail = static_cast<std::uint16_t>(work)};
}

}  // namespace sim
