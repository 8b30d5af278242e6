#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

namespace sim::decode {

namespace {

using json::Value;

enum class Preset : std::uint8_t { zero, jvm };

/// A table that may also be written as the name of a preset, or start from one with `preset`.
template <class T>
Form<T> with_presets(Table<T> table, std::string_view zero_name, T (*jvm)()) {
    const Form<Preset> names = choice<Preset>({{zero_name, Preset::zero}, {"jvm", Preset::jvm}});
    table.prepare = [=](const Value& value, T& out) {
        const Value* preset = value.find("preset");
        const bool is_zero = preset != nullptr && preset->text == zero_name;
        out = is_zero ? T{} : jvm();
    };
    Key<T> preset{"preset",      {"What the keys left out are.", "\"jvm\""}, {}, {}, names.schema,
                  names.accepted};
    preset.read = [=](const Value& value, Reader& reader, T&) {
        Preset ignored{};
        return names.read(value, reader, ignored);
    };
    preset.write = [](const T&) { return std::nullopt; };
    table.keys.push_back(std::move(preset));

    Form<T> plain;
    plain.accepted = names.accepted;
    plain.schema = names.schema;
    plain.read = [=](const Value& value, Reader& reader, T& out) {
        Preset chosen{};
        if (!value.is(Value::Kind::string)) {
            return wrong_kind(value, reader, names.accepted + ", or an object");
        }
        const bool sound = names.read(value, reader, chosen);
        out = chosen == Preset::zero ? T{} : jvm();
        return sound;
    };
    return either(plain, object(std::move(table)), names.accepted + ", or an object");
}

template <class T>
Key<T> cost(std::string_view name, DistributionSpec T::*field, std::string_view description) {
    return key<T>(name, field, distribution(), {description, "\"20us\""});
}

DistributionSpec us(std::int64_t count) { return zab::microseconds(count); }

}  // namespace

// The figures of a ZooKeeper 3.8.0 on one EPYC core (tests/fidelity/real-zookeeper.json). A write
// costs a saturated leader of three 170..210 us, a follower that only acknowledges 41..60 us, a
// read 98..146 us; idle stages add their wake-ups, which is why a lone write needs 0.53..0.63 ms.
CpuDraft jvm_cpu() {
    return {
        .wake_up = Uniform{zab::microseconds(15), zab::microseconds(55)},
        .io = us(35),
        .request = us(25),
        .learner = us(20),
        .handler = us(12),
        .sender = us(10),
        .append = us(25),
        .commit = us(50),
        .watch_event = us(43),
        .election = us(50),
        .per_byte = Factor{0},  // None was visible from 16 B to 10 KiB.
    };
}

// From the same measurements: a killed JVM's connections close after about 10 ms; a follower is
// LOOKING 10..20 ms (up to 70) after it lost its leader; the leader's port opens after 13..15 ms
// (5..35); NEWLEADER until serving takes 36..51 ms, UPTODATE 1..5 ms; an election 10..15 ms more
// than its waits.
ProcessDraft jvm_process() {
    const Factor half{Factor::one_nano / 2};
    return {
        .kill_to_reset = zab::milliseconds(10),
        .shutdown_role = LogNormal{zab::milliseconds(15), half},
        .open_port = LogNormal{zab::milliseconds(14), Factor{Factor::one_nano * 3 / 10}},
        .start_serving = Uniform{zab::milliseconds(36), zab::milliseconds(51)},
        .join_service = Uniform{zab::milliseconds(1), zab::milliseconds(5)},
        .boot = LogNormal{zab::milliseconds(600), Factor{Factor::one_nano / 10}},
        .election_rest = Uniform{zab::milliseconds(10), zab::milliseconds(15)},
    };
}

Form<CpuDraft> cpu() {
    using C = CpuDraft;
    const Key<C> per_byte =
        key<C>("per_byte", &C::per_byte, factor({0}, {1'000'000 * Factor::one_nano}),
               {"Nanoseconds for each byte of payload, added to io, request and append.", "0.5"});
    return with_presets<C>(
        {
            .outline = {"cpu", "What the threads of a server pay for their work.", {}},
            .keys =
                {
                    cost("wake_up", &C::wake_up, "A stage that was idle starts an item."),
                    key<C>("deep_sleep", &C::deep_sleep, duration({}, zab::seconds(1)),
                           {"A stage that was idle for less pays for its wake-up in proportion: "
                            "caches are warm, and the core has not gone to sleep.",
                            "\"700us\""}),
                    key<C>("time_slice", &C::time_slice, duration({}, zab::seconds(1)),
                           {"How long a thread that has more to do keeps a core that others wait "
                            "for: meanwhile work piles up before them, to be done at once.",
                            "\"1ms\""}),
                    cost("io", &C::io, "A client's request is read and parsed."),
                    cost("request", &C::request,
                         "The first processor: Prep on the leader, its counterpart on a learner."),
                    cost("propose", &C::propose,
                         "The leader makes a transaction of a request, beside `request`."),
                    cost("learner", &C::learner,
                         "A serving learner's main thread handles one packet."),
                    cost("handler", &C::handler, "The leader's handler of a learner, one packet."),
                    cost("sender", &C::sender, "One packet is written to one learner."),
                    cost("append", &C::append, "One transaction is serialised into the log."),
                    cost("commit", &C::commit,
                         "One transaction is applied, or one read answered from the tree. A write "
                         "is paid by it "
                         "twice at its client's server: when its request passes the commit thread, "
                         "and when it is applied."),
                    cost("reply", &C::reply, "One reply is written to its client."),
                    cost("leader_reply", &C::leader_reply,
                         "A leader answers a write of its own client, beside `reply`."),
                    cost("watch_event", &C::watch_event,
                         "One watcher is told of a change; a server tells them one after the "
                         "other."),
                    cost("election", &C::election,
                         "What a server runs seldom: a notification is received and judged, a "
                         "learner handles a packet before it serves."),
                    cost("first_use", &C::first_use,
                         "Code that has not run yet in its process, once the server serves: the "
                         "first item of a kind of thread costs this beside. It fades: of the first "
                         "200 items the n-th costs 10/(n + 9) of it."),
                    per_byte,
                },
            .prepare = {},
            .check = {},
        },
        "zero", jvm_cpu);
}

Form<ProcessDraft> process() {
    using P = ProcessDraft;
    return with_presets<P>(
        {
            .outline = {"process", "Times of the server process itself.", {}},
            .keys =
                {
                    cost("kill_to_reset", &P::kill_to_reset,
                         "A killed process until its connections are reset."),
                    cost("shutdown_role", &P::shutdown_role, "Connection lost until LOOKING."),
                    cost("open_port", &P::open_port, "Decision to lead until the port listens."),
                    cost("start_serving", &P::start_serving,
                         "The leader's way from the NEWLEADER quorum until it serves requests."),
                    cost("prepare_service", &P::prepare_service,
                         "A learner's way from NEWLEADER to its ack, beside the disk's time: "
                         "releases up to 3.9.1 start the processors there."),
                    cost("join_service", &P::join_service,
                         "A learner's way from UPTODATE until it serves requests."),
                    cost("boot", &P::boot,
                         "Start of the process until LOOKING, without the replay."),
                    cost("election_rest", &P::election_rest,
                         "Added when an election has decided, before the new role."),
                },
            .prepare = {},
            .check = {},
        },
        "instant", jvm_process);
}

Form<DiskDraft> disk() {
    using D = DiskDraft;
    const auto rest = [](auto field) { return in(&D::rest, field); };
    return object<D>({
        .outline = {"disk", "The disk of each server.", {}},
        .keys =
            {
                key<D>("sync", &D::sync, distribution(),
                       {"One sync of the log.",
                        R"({"bimodal": {"fast": "300us", "slow": "4ms", "slow_share": "5%"}})"}),
                key<D>("sync_after_rest", &D::sync_after_rest, distribution(),
                       {"One sync of the log when none was under way for `rest`; default: as any.",
                        "\"1200us\""}),
                key<D>("rest", rest(&DiskSpec::rest), duration(zab::nanoseconds(1)),
                       {"Of the disk, for `sync_after_rest`.", "\"10ms\""}),
                key<D>("epoch_write", &D::epoch_write, distribution(),
                       {"Writing an epoch file, synced.", "\"500us\""}),
                key<D>("write_bandwidth", rest(&DiskSpec::write_bytes_per_second), byte_rate(),
                       {"Of snapshots.", "\"200MB/s\""}),
                key<D>("read_bandwidth", rest(&DiskSpec::read_bytes_per_second), byte_rate(),
                       {"Of snapshots that go to a learner; a boot takes `process.boot`.",
                        "\"400MB/s\""}),
                key<D>("bytes_per_node", rest(&DiskSpec::bytes_per_node),
                       integer<std::uint64_t>(0, 1'000'000),
                       {"Of a snapshot, beside the payload: header, path and stat of a znode.",
                        "120"}),
                key<D>("force_sync", &D::force_sync, flag(),
                       {"forceSync: whether a transaction is synced before it is acknowledged. If "
                        "not, a power loss takes what the kernel has not written back: the last "
                        "half minute. disk_lie and disk_lose_writes then concern the epoch files "
                        "alone.",
                        "true"}),
            },
        .prepare = {},
        .check = {},
    });
}

}  // namespace sim::decode
