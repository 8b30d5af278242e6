#include "sim/world/record_kinds.hpp"

namespace sim {

using trace::Kind;

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
