#include "protocol/types/ensure.hpp"
#include "sim/world/record_kinds.hpp"
#include "sim/world/world.hpp"

namespace sim {

namespace {

using trace::Kind;

}  // namespace

Kind World::kind_of(zab::NoteKind note) { return record_kind(note); }

namespace {

std::uint32_t distance(trace::RecordId id, trace::RecordId earlier) {
    if (earlier == no_record) {
        return 0;
    }
    zab::ensure(earlier < id && id - earlier <= 0xffffffff,
                "what a record refers to lies less than 2^32 records back");
    return static_cast<std::uint32_t>(id - earlier);
}

}  // namespace

trace::RecordId World::emit(Kind kind, zab::NodeId node, const Origin& origin, std::uint16_t peer,
                            std::uint16_t detail, std::uint64_t a, std::uint64_t b,
                            std::uint32_t c) {
    const trace::RecordId id = recorder_.next_id();
    trace::Record::Fields fields{.kind = kind,
                                 .time = {now_},
                                 .node = node,
                                 .peer = peer,
                                 .detail = detail,
                                 .a = a,
                                 .b = b,
                                 .c = c};
    if (origin.cause != no_record) {
        fields.cause_back = distance(id, origin.cause);
        fields.wait_ns = origin.wait + (now_ - origin.since);
        fields.service_ns = origin.service;
        fields.cost = origin.other == 0 ? trace::Cost::none : origin.cost;
        fields.other_ns = origin.other;
        fields.held_back = fields.wait_ns == 0 ? 0 : distance(id, origin.held_by);
    }
    const trace::Record record(fields);
    recorder_.add(record);
    if (outlets_.value != nullptr) {
        outlets_.value->publish(record, id);
    }
    if ((faults_.watched & trace::kind_bit(kind)) != 0) {
        watch(record, id);
    }
    return id;
}

/// A record of the same instant as its cause.
trace::RecordId World::emit_after(trace::RecordId cause, Kind kind, zab::NodeId node,
                                  std::uint16_t peer, std::uint16_t detail, std::uint64_t a,
                                  std::uint64_t b, std::uint32_t c) {
    return emit(kind, node, Origin{.cause = cause, .since = now_}, peer, detail, a, b, c);
}

trace::RecordId World::emit_note(const Step& step, const zab::Note& note, const Origin* origin) {
    const zab::NodeId node = servers_[step.server].id;
    if (origin != nullptr) {
        return emit(kind_of(note.kind), node, *origin, note.peer.value, note.detail, note.a, note.b,
                    note.c);
    }
    return emit_after(step.record, kind_of(note.kind), node, note.peer.value, note.detail, note.a,
                      note.b, note.c);
}

void World::emit_resources() {
    const auto report = [this](const ServerNode& s, trace::Resource resource, std::uint16_t number,
                               std::int64_t busy, std::uint64_t uses) {
        emit(Kind::resource, s.id, {}, number, static_cast<std::uint16_t>(resource),
             static_cast<std::uint64_t>(busy), static_cast<std::uint64_t>(now_),
             static_cast<std::uint32_t>(uses));
    };
    for (const ServerNode& s : servers_) {
        const Host& host = hosts_[s.host];
        const Host& machine = hosts_[s.cores];
        const auto cores = static_cast<std::int64_t>(machine.cores.size());
        std::uint64_t items = 0;
        for (std::size_t i = 0; i < s.stages.size(); ++i) {
            items += s.stages[i].items;
            report(s, trace::Resource::stage, static_cast<std::uint16_t>(i), s.stages[i].busy_ns,
                   s.stages[i].items);
        }
        report(s, trace::Resource::core, 0, machine.core_busy_ns / cores, items);
        report(s, trace::Resource::nic_out, 0, host.nic_busy_ns, host.nic_uses);
        report(s, trace::Resource::disk, 0, s.disk.busy_ns, s.disk.uses);
    }
}

}  // namespace sim
