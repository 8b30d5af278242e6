#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

namespace sim::decode {

namespace {

using json::Value;

Form<std::uint32_t> cores() { return integer<std::uint32_t>(1, 1'024); }

Form<DefaultHost> default_host() {
    return object<DefaultHost>({
        .outline = {"default_host", "What a host has when nothing else is said.", {}},
        .keys =
            {
                key<DefaultHost>("cores", &DefaultHost::cores, cores(),
                                 {"Cores of the host.", "4"}),
                key<DefaultHost>("nic", &DefaultHost::nic, bandwidth(),
                                 {"Rate at which its network card sends.", "\"10Gbit/s\""}),
            },
        .prepare = {},
        .check = {},
    });
}

Form<HostDraft> host() {
    return object<HostDraft>({
        .outline = {"host", "A host; what is left out is as in `hosts.default`.", {}},
        .keys =
            {
                key<HostDraft>("cores", &HostDraft::cores, cores(), {"Cores of the host.", "4"}),
                key<HostDraft>("nic", &HostDraft::nic, bandwidth(),
                               {"Rate at which its network card sends.", "\"10Gbit/s\""}),
                key<HostDraft>("region", &HostDraft::region, name(),
                               {"The region in which it stands.", "\"VA\""}),
                key<HostDraft>("cores_of", &HostDraft::cores_of, name(),
                               {"It has no cores and no disk of its own: another host of "
                                "`hosts.named` lends them, as a machine to its guests.",
                                "\"machine\""}),
            },
        .prepare = {},
        .check = {},
    });
}

Form<RegionsDraft> regions() {
    using R = RegionsDraft;
    const auto trip = keyed(by_name, duration({}, zab::seconds(3600)), 1'000);
    return object<R>({
        .outline = {"regions", "Where servers stand, and how far apart the regions are.", {}},
        .keys =
            {
                key<R>(
                    "round_trip", &R::round_trip, keyed(by_name, trip, 1'000),
                    {"Round-trip times between regions. One direction of a pair is enough; half of "
                     "it is the one-way delay.",
                     R"({"VA": {"OR": "86ms"}})"}),
                key<R>("within", &R::within, distribution(),
                       {"Round-trip time inside a region, instead of `network.delay`.",
                        R"({"normal": {"mean": "427us", "deviation": "47600ns"}})"}),
                key<R>("jitter", &R::jitter, distribution(),
                       {"Added to the delay of each message between regions.",
                        R"({"exponential": {"mean": "200us"}})"}),
                key<R>("servers", &R::servers, keyed(by_server_id, name(), zab::max_node_id),
                       {"The region of each server.", R"({"1": "VA", "2": "OR"})"}),
            },
        .prepare = {},
        .check = {},
    });
}

Form<Endpoint> endpoint() {
    static constexpr std::string_view accepted =
        "a server's id, the name of a host, or {\"region\": \"…\"}";
    const Form<RegionName> region = object<RegionName>({
        .outline = {"region", "All hosts of a region.", {}},
        .keys = {key<RegionName>("region", &RegionName::name, name(), {"Its name.", "\"VA\""})
                     .mandatory()},
        .prepare = {},
        .check = {},
    });
    Form<Endpoint> form;
    form.accepted = accepted;
    form.read = [=](const Value& value, Reader& reader, Endpoint& out) {
        switch (value.kind) {
            case Value::Kind::number:
                return server_id().read(value, reader, out.emplace<zab::NodeId>());
            case Value::Kind::string: return name().read(value, reader, out.emplace<std::string>());
            case Value::Kind::object: return region.read(value, reader, out.emplace<RegionName>());
            case Value::Kind::null:
            case Value::Kind::boolean:
            case Value::Kind::array: break;
        }
        return wrong_kind(value, reader, accepted);
    };
    form.write = [=](const Endpoint& end) {
        if (const auto* id = std::get_if<zab::NodeId>(&end)) {
            return server_id().write(*id);
        }
        const auto* host = std::get_if<std::string>(&end);
        return host != nullptr ? json::string(*host) : region.write(std::get<RegionName>(end));
    };
    form.schema = [=](Definitions& definitions) {
        return any_of({server_id().schema(definitions), name().schema(definitions),
                       region.schema(definitions)});
    };
    return form;
}

Form<DatagramDraft> datagram() {
    using D = DatagramDraft;
    return object<D>({
        .outline = {"datagram", "What befalls single messages between servers.", {}},
        .keys =
            {
                key<D>("drop", &D::drop, probability(),
                       {"A message is lost, and nobody sends it again.", "\"1%\""}),
                key<D>("duplicate", &D::duplicate, probability(),
                       {"A message comes twice; none does while a hundred are on that way: what is "
                        "answered for every copy would only breed.",
                        "\"1%\""}),
                key<D>("reorder", &D::reorder, probability(),
                       {"A message is held up, so that later ones overtake it.", "\"1%\""}),
                key<D>(
                    "reorder_delay", &D::reorder_delay, distribution(),
                    {"How long such a message is held up.", R"({"exponential": {"mean": "5ms"}})"}),
            },
        .prepare = {},
        .check = {},
    });
}

Form<LinkDraft> link() {
    using L = LinkDraft;
    return object<L>({
        .outline = {"link", "A link that differs; what is left out stays as it was.", {}},
        .keys =
            {
                key<L>("from", &L::from, endpoint(), {"One end.", "1"}).mandatory(),
                key<L>("to", &L::to, endpoint(), {"The other end.", "2"}).mandatory(),
                key<L>("delay", &L::delay, distribution(), {"One-way delay.", "\"5ms\""}),
                key<L>("bandwidth", &L::bandwidth, bandwidth(), {"Its rate.", "\"100Mbit/s\""}),
                key<L>("loss", &L::loss, probability(), {"Loss of a message.", "\"0.1%\""}),
                key<L>("hops", &L::hops, integer<std::uint32_t>(0, 255),
                       {"Relays on the way; each adds `network.per_hop`.", "1"}),
                key<L>("both_ways", &L::both_ways, flag(),
                       {"Whether it holds for the way back too.", "false"}),
            },
        .prepare = {},
        .check = {},
    });
}

}  // namespace

Form<HostsDraft> hosts() {
    using H = HostsDraft;
    return object<H>({
        .outline = {"hosts",
                    "The machines. A server that is not named here has a host of its own, "
                    "`server-<id>`; a group of clients has one too, `clients-<name>`.",
                    {}},
        .keys =
            {
                key<H>("default", &H::standard, default_host(),
                       {"What a host has when nothing else is said.", R"({"cores": 4})"}),
                key<H>("named", &H::named, keyed(by_name, host(), 10'000),
                       {"Hosts by name.", R"({"big": {"cores": 16, "nic": "10Gbit/s"}})"}),
                key<H>("servers", &H::servers, keyed(by_server_id, name(), zab::max_node_id),
                       {"On which host a server runs; several may share one.",
                        R"({"1": "big", "2": "big"})"}),
            },
        .prepare = {},
        .check = {},
    });
}

Form<NetworkDraft> network() {
    using N = NetworkDraft;
    const auto rest = [](auto field) { return in(&N::rest, field); };
    return object<N>({
        .outline = {"network", "The links between hosts.", {}},
        .keys =
            {
                key<N>("delay", &N::delay, distribution(),
                       {"One-way delay of a message.",
                        R"({"normal": {"mean": "250us", "deviation": "40us"}})"}),
                key<N>("bandwidth", &N::bandwidth, bandwidth(),
                       {"Of each link from one host to another, in each direction: a message goes "
                        "out behind what was sent before it.",
                        "\"1Gbit/s\""}),
                key<N>("loss", &N::loss, probability(),
                       {"Of each message; a lost one is sent again after a time-out.", "\"0.1%\""}),
                key<N>("per_hop", &N::per_hop, duration({}, zab::seconds(600)),
                       {"What a relay (a proxy, a switch) that has nothing else to do adds to a "
                        "message's delay.",
                        "\"200us\""}),
                key<N>("per_hop_cpu", &N::per_hop_cpu, duration({}, zab::seconds(1)),
                       {"What a relay that runs on the sender's own machine takes of its cores for "
                        "a message. It is one thread for all connections: messages wait for it, "
                        "and it for a core.",
                        "\"20us\""}),
                key<N>("per_hop_gathering", &N::per_hop_gathering, duration({}, zab::seconds(1)),
                       {"How long an idle relay takes to read a message, a part of `per_hop`: it "
                        "wakes up, on a core where it has `per_hop_cpu`. What comes on the same "
                        "connection until it reads has one draw of the link's delay.",
                        "\"100us\""}),
                key<N>("per_hop_listening", &N::per_hop_listening, duration({}, zab::seconds(1)),
                       {"A relay listens only while the process behind it does, which it sees "
                        "within this time: else it refuses a connection itself, without the way "
                        "there and back. Zero: it takes every connection and passes it on.",
                        "\"4ms\""}),
                key<N>("retransmission_timeout", rest(&NetworkSpec::retransmission_timeout),
                       duration(zab::microseconds(1), zab::seconds(600)),
                       {"The first one; it doubles at each loss.", "\"200ms\""}),
                key<N>("retransmission_limit", rest(&NetworkSpec::retransmission_limit),
                       integer<std::uint32_t>(1, 30),
                       {"Retransmissions in a row after which TCP gives the connection up.", "15"}),
                key<N>("send_buffer", rest(&NetworkSpec::send_buffer_bytes),
                       bytes<std::uint64_t>(1, 1u << 30),
                       {"Bytes that a connection takes, unread, before its writer blocks.",
                        "\"4MiB\""}),
                key<N>("datagram", &N::datagram, datagram(),
                       {"Only with `\"transport\": \"datagram\"`: what befalls single messages.",
                        R"({"drop": "1%", "duplicate": "1%", "reorder": "5%"})"}),
                key<N>("regions", &N::regions, regions(),
                       {"A wide-area network.", R"({"round_trip": {"VA": {"OR": "86ms"}},
                                             "servers": {"1": "VA", "2": "OR"}})"}),
                key<N>("links", &N::links, list(link(), 0, Limits::list),
                       {"Single links that differ; the last one wins.",
                        R"([{"from": 1, "to": 2, "delay": "5ms"}])"}),
            },
        .prepare = {},
        .check = {},
    });
}

}  // namespace sim::decode
