#include "sim/scenario/resolve.hpp"
#include "sim/scenario/tables.hpp"

#include <optional>
#include <set>
#include <utility>

namespace sim::decode {

namespace {

using Pair = std::pair<std::size_t, std::size_t>;

/// A link before its relays are counted in.
struct Way {
    LinkModel model;
    std::uint32_t hops = 0;
};
using Links = std::map<Pair, Way>;
using Trips = std::map<std::pair<std::string, std::string>, zab::Duration>;

constexpr const char* matrix = "/network/regions/round_trip";

/// The matrix of round trips, both directions of each pair.
Trips read_matrix(Resolution& in, const RegionsDraft& regions) {
    Trips trips;
    for (const auto& [from, row] : regions.round_trip) {
        for (const auto& [to, trip] : row) {
            const std::string pointer = std::string(matrix) / from / to;
            if (from == to) {
                in.wrong(pointer, "a region is not apart from itself",
                         "`within` for the round trip inside a region");
                continue;
            }
            const auto found = trips.find({to, from});
            if (found != trips.end() && found->second != trip) {
                in.wrong(pointer, "the way back takes " + to_text(found->second),
                         "the same, or only one of the two");
            }
            trips[{from, to}] = trip;
        }
    }
    Trips both = trips;
    for (const auto& [ends, trip] : trips) {
        both[{ends.second, ends.first}] = trip;
    }
    return both;
}

/// Reports each pair of regions with hosts between which no time is given.
void check_matrix(Resolution& in, const Trips& trips) {
    std::set<std::string> used;
    for (const HostSpec& host : in.out.hosts) {
        if (!host.region.empty()) {
            used.insert(host.region);
        }
    }
    for (const std::string& from : used) {
        for (const std::string& to : used) {
            if (from < to && !trips.contains({from, to}) && !in.has_enough()) {
                in.wrong(matrix,
                         "no round trip between " + in_quotes(from) + " and " + in_quotes(to));
            }
        }
    }
}

/// The models of the links inside and between regions.
class RegionModels {
  public:
    RegionModels(const LinkModel& base, const RegionsDraft& regions, Trips trips)
        : base_(base), trips_(std::move(trips)) {
        if (regions.within) {
            within_ = build(halved(*regions.within));
        }
        if (regions.jitter) {
            jitter_ = build(*regions.jitter);
        }
    }

    /// Nothing: the link is like any other.
    std::optional<LinkModel> between(const HostSpec& from, const HostSpec& to) const {
        if (from.region.empty() || to.region.empty()) {
            return std::nullopt;
        }
        LinkModel model = base_;
        if (from.region != to.region) {
            model.distance = trips_.at({from.region, to.region}) / 2;
            model.delay = jitter_;
            return model;
        }
        if (!within_) {
            return std::nullopt;
        }
        model.delay = *within_;
        return model;
    }

  private:
    const LinkModel& base_;
    Trips trips_;
    std::optional<Distribution> within_;
    Distribution jitter_;
};

bool is_too_many(Resolution& in, std::uint64_t links, const std::string& pointer) {
    if (links <= Limits::link_overrides) {
        return false;
    }
    in.wrong(pointer, "more than the limit of " + std::to_string(Limits::link_overrides) +
                          " links that differ");
    return true;
}

void resolve_regions(Resolution& in, const RegionsDraft& regions, Links& links) {
    Trips trips = read_matrix(in, regions);
    check_matrix(in, trips);
    const std::vector<HostSpec>& hosts = in.out.hosts;
    if (!in.sound("/network") || is_too_many(in, hosts.size() * hosts.size(), "/network/regions")) {
        return;
    }
    const RegionModels models(in.out.network.base, regions, std::move(trips));
    for (std::size_t from = 0; from < hosts.size(); ++from) {
        for (std::size_t to = 0; to < hosts.size(); ++to) {
            if (from == to) {
                continue;
            }
            if (std::optional<LinkModel> model = models.between(hosts[from], hosts[to])) {
                links.insert_or_assign({from, to}, Way{std::move(*model)});
            }
        }
    }
}

/// The hosts at one end of a link.
std::vector<std::size_t> hosts_at(Resolution& in, const Endpoint& end, const std::string& pointer) {
    if (const auto* id = std::get_if<zab::NodeId>(&end)) {
        in.check_server(*id, pointer);
        const auto found = in.host_of.find(*id);
        return found == in.host_of.end() ? std::vector<std::size_t>{}
                                         : std::vector<std::size_t>{found->second};
    }
    if (const auto* name = std::get_if<std::string>(&end)) {
        const auto found = in.host_index.find(*name);
        if (found != in.host_index.end()) {
            return {found->second};
        }
        std::vector<std::string_view> known;
        for (const auto& [host, index] : in.host_index) {
            known.push_back(host);
        }
        in.wrong(pointer, "no host " + in_quotes(*name), {}, closest(*name, known));
        return {};
    }
    const std::string& region = std::get<RegionName>(end).name;
    std::vector<std::size_t> hosts;
    if (!in.check_region(region, pointer / "region")) {
        return hosts;
    }
    for (std::size_t i = 0; i < in.out.hosts.size(); ++i) {
        if (in.out.hosts[i].region == region) {
            hosts.push_back(i);
        }
    }
    return hosts;
}

/// What is left out stays as it was.
Way changed(Way way, const LinkDraft& link) {
    if (link.delay) {
        way.model.delay = build(*link.delay);
        way.model.distance = {};
    }
    way.model.bandwidth = link.bandwidth.value_or(way.model.bandwidth);
    way.model.loss = link.loss.value_or(way.model.loss);
    way.hops = link.hops.value_or(way.hops);
    return way;
}

LinkModel with_relays(Way way, const NetworkDraft& network) {
    LinkModel& model = way.model;
    model.distance += network.per_hop * way.hops;
    model.relay_cpu = network.per_hop_cpu * way.hops;
    if (way.hops > 0) {
        model.gathering = network.per_hop_gathering;
        model.listening = network.per_hop_listening;
    }
    return std::move(model);
}

void resolve_link(Resolution& in, const LinkDraft& link, const std::string& pointer, Links& links) {
    const auto from = hosts_at(in, link.from, pointer / "from");
    const auto to = hosts_at(in, link.to, pointer / "to");
    if (!in.sound(pointer) ||
        is_too_many(in, links.size() + 2 * from.size() * to.size(), pointer)) {
        return;
    }
    const auto change = [&](Pair ends) {
        const auto found = links.find(ends);
        const Way old = found == links.end() ? Way{in.out.network.base} : found->second;
        links.insert_or_assign(ends, changed(old, link));
    };
    bool any = false;
    for (const std::size_t near : from) {
        for (const std::size_t far : to) {
            if (near == far) {
                continue;
            }
            any = true;
            change({near, far});
            if (link.both_ways) {
                change({far, near});
            }
        }
    }
    if (!any) {
        in.wrong(pointer, "no link between two different hosts");
    }
}

}  // namespace

void resolve_network(Resolution& in) {
    const NetworkDraft& draft = in.draft.network;
    NetworkSpec& network = in.out.network;
    network = draft.rest;
    network.base.delay = build(draft.delay);
    network.base.bandwidth = draft.bandwidth;
    network.base.loss = draft.loss;
    const DatagramDraft datagram = draft.datagram.value_or(DatagramDraft{});
    network.datagram = {datagram.drop, datagram.duplicate, datagram.reorder,
                        build(datagram.reorder_delay)};
    if (draft.datagram && in.draft.transport != "datagram") {
        in.wrong("/network/datagram", "has a meaning only with \"transport\": \"datagram\"");
    }
    Links links;
    if (draft.regions) {
        resolve_regions(in, *draft.regions, links);
    }
    for (std::size_t i = 0; i < draft.links.size() && !in.has_enough(); ++i) {
        resolve_link(in, draft.links[i], std::string("/network/links") / i, links);
    }
    for (auto& [ends, way] : links) {
        network.overrides.push_back({ends.first, ends.second, with_relays(std::move(way), draft)});
    }
}

}  // namespace sim::decode
