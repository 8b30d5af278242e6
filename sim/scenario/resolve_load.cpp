#include "sim/random/wide.hpp"
#include "sim/scenario/resolve.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>
#include <set>

namespace sim::decode {

namespace {

void resolve_open(const OpenDraft& open, OpenLoad& out) {
    if (const auto* poisson = std::get_if<Poisson>(&open)) {
        out.arrivals = Arrivals::poisson;
        out.mean_interval = poisson->rate.interval();
    } else if (const auto* constant = std::get_if<Constant>(&open)) {
        out.arrivals = Arrivals::constant;
        out.mean_interval = constant->rate.interval();
    } else {
        const auto& bursts = std::get<Bursts>(open);
        out.arrivals = Arrivals::bursts;
        out.mean_interval = bursts.every;
        out.burst = bursts.size;
    }
}

void copy_requests(GroupDraft& draft, ClientGroup& group) {
    if (!draft.operations && !draft.rest.requests) {
        draft.operations = Operations{.set = 1};
    }
    if (const auto* closed = std::get_if<ClosedLoad>(&draft.load)) {
        group.load = *closed;
    } else {
        resolve_open(std::get<OpenDraft>(draft.load), group.load.emplace<OpenLoad>());
    }
    if (draft.operations) {
        group.create_weight = draft.operations->create;
        group.set_weight = draft.operations->set;
        group.get_weight = draft.operations->get;
        group.sync_weight = draft.operations->sync;
        group.watch_weight = draft.operations->watch;
    }
    group.payload_min_bytes = draft.payload.min;
    group.payload_max_bytes = draft.payload.max;
    if (const auto* zipf = std::get_if<ZipfPaths>(&draft.paths)) {
        group.paths = {zipf->count, zipf->exponent};
    } else {
        group.paths = {std::get<UniformPaths>(draft.paths).count, std::nullopt};
    }
}

void resolve_placement(Resolution& in, const GroupDraft& draft, ClientGroup& group,
                       const std::string& pointer) {
    if (const auto* word = std::get_if<Placement>(&draft.placement)) {
        group.placement = *word;
        if (*word == Placement::observers && in.out.config.observers.empty()) {
            in.wrong(pointer, "the ensemble has no observers");
        }
        if (*word == Placement::followers && in.out.config.voters.size() < 2) {
            in.wrong(pointer, "the ensemble has no followers");
        }
        if (*word == Placement::leader && !in.out.config.leader_serves) {
            in.wrong(pointer, "the leader serves no clients: ensemble.leader_serves is false");
        }
        return;
    }
    group.placement = Placement::servers;
    if (const auto* region = std::get_if<RegionName>(&draft.placement)) {
        group.servers = in.servers_in(region->name, pointer / "region");
    } else {
        group.servers = std::get<Ids>(draft.placement);
        for (const zab::NodeId id : group.servers) {
            in.check_server(id, pointer / "servers");
        }
    }
    const zab::Config& config = in.out.config;
    if (!config.leader_serves && !config.observers.empty() &&
        group.servers == std::vector{config.voters.front()} && config.voters.size() == 1) {
        in.wrong(pointer,
                 "the only voter leads, and the leader serves no clients: "
                 "ensemble.leader_serves is false");
    }
}

/// Where the clients live: named hosts, one host in each of some regions, or one of their own.
void resolve_home(Resolution& in, const GroupDraft& draft, ClientGroup& group,
                  const std::string& pointer) {
    if (draft.host) {
        for (const std::string& name : *draft.host) {
            const auto found = in.host_index.find(name);
            if (found != in.host_index.end()) {
                group.hosts.push_back(found->second);
            } else if (in.knows_places) {
                in.wrong(pointer / "host", "no host " + in_quotes(name) + " in hosts.named");
            }
        }
        return;
    }
    const DefaultHost& standard = in.draft.hosts.standard;
    const std::string own = "clients-" + group.name;
    const auto add = [&](const std::string& name, const std::string& region) {
        const auto known = in.host_index.find(name);
        if (known == in.host_index.end()) {
            group.hosts.push_back(in.add_host({name, standard.cores, standard.nic, region}));
        } else if (std::ranges::find(group.hosts, known->second) != group.hosts.end()) {
            group.hosts.push_back(known->second);
        } else {
            in.wrong(pointer / "name", "another group has the host " + in_quotes(name) +
                                           ", as which its own would be known");
        }
    };
    if (draft.region) {
        for (const std::string& region : *draft.region) {
            if (in.check_region(region, pointer / "region")) {
                add(own + '-' + region, region);
            }
        }
        return;
    }
    const auto* region = std::get_if<RegionName>(&draft.placement);
    add(own, region == nullptr ? "" : region->name);
}

/// What one client asks for in the whole run, at most; saturates.
UnsignedWide operations_of(const ClientGroup& group, const OpenLoad& open, zab::Duration duration) {
    const auto arrivals =
        UnsignedWide{amount(duration)} / std::max<std::uint64_t>(amount(open.mean_interval), 1);
    const UnsignedWide all = std::max<UnsignedWide>(arrivals, 1) * open.burst;
    return group.operations_each ? std::min(all, UnsignedWide{*group.operations_each}) : all;
}

/// A sum over all groups, and the limit that it is reported to cross, once.
struct Total {
    std::string_view what;
    UnsignedWide most;
    UnsignedWide sum = 0;

    void add(Resolution& in, UnsignedWide more, const std::string& product,
             const std::string& pointer) {
        const bool crosses = sum <= most && sum + more > most;
        sum += more;
        if (crosses) {
            in.wrong(pointer, product + ": all groups together have more " + std::string(what) +
                                  " than the limit of " +
                                  grouped(static_cast<std::uint64_t>(most)));
        }
    }
};

struct Totals {
    Total clients{"clients", Limits::clients};
    Total outstanding{"outstanding requests", Limits::outstanding};
    Total operations{"arrivals", Limits::operations};
    UnsignedWide per_second = 0;
};

std::string clients_text(const ClientGroup& group) {
    return grouped(group.count) + (group.count == 1 ? " client" : " clients");
}

/// "100 clients x 10,000/s x 60s".
std::string arrivals_text(const ClientGroup& group, const OpenLoad& open, zab::Duration duration) {
    if (group.operations_each) {
        return clients_text(group) + " x up to " + grouped(*group.operations_each);
    }
    const auto second = std::uint64_t{1'000'000'000};
    const std::uint64_t interval = std::max<std::uint64_t>(amount(open.mean_interval), 1);
    const bool is_burst = open.burst > 1 || interval > second;
    const std::string rate = is_burst
                                 ? grouped(open.burst) + " every " + to_text(open.mean_interval)
                                 : grouped(second / interval) + "/s";
    return clients_text(group) + " x " + rate + " x " + to_text(duration);
}

/// What nobody can answer piles up, and needs memory for each.
void check_arrivals(Resolution& in, const ClientGroup& group, const OpenLoad& open,
                    const std::string& pointer, Totals& totals) {
    if (!in.knows_duration) {
        return;
    }
    const UnsignedWide all = operations_of(group, open, in.draft.duration) * group.count;
    const std::string product = arrivals_text(group, open, in.draft.duration);
    const UnsignedWide before = totals.operations.sum;
    totals.operations.add(in, all, product, pointer);
    const UnsignedWide burst = UnsignedWide{group.count} * open.burst;
    const UnsignedWide rate_before = totals.per_second;
    totals.per_second +=
        burst * 1'000'000'000 / std::max<std::uint64_t>(amount(open.mean_interval), 1);
    const auto piles_up = [](UnsignedWide requests, UnsignedWide rate) {
        return requests > Limits::waiting && rate > Limits::answered_per_second;
    };
    const bool is_told = totals.operations.sum > totals.operations.most;
    if (is_told || piles_up(before, rate_before) ||
        !piles_up(totals.operations.sum, totals.per_second)) {
        return;
    }
    in.wrong(pointer,
             product + " are " + grouped(static_cast<std::uint64_t>(all)) +
                 " requests, faster than any ensemble answers",
             "at most " + grouped(Limits::waiting) +
                 " in all groups together, where they ask for more than " +
                 grouped(Limits::answered_per_second) + "/s");
}

void check_totals(Resolution& in, const ClientGroup& group, const std::string& pointer,
                  Totals& totals) {
    totals.clients.add(in, group.count, clients_text(group), pointer / "count");
    const auto* closed = std::get_if<ClosedLoad>(&group.load);
    const auto* open = std::get_if<OpenLoad>(&group.load);
    const std::uint32_t at_once = closed != nullptr ? closed->outstanding : open->burst;
    if (closed != nullptr || at_once > 1) {
        totals.outstanding.add(in, UnsignedWide{group.count} * at_once,
                               clients_text(group) + " x " + grouped(at_once), pointer / "load");
    }
    if (open != nullptr) {
        check_arrivals(in, group, *open, pointer / "load", totals);
    }
}

/// Nothing lies at a path that is not there at the start.
void check_requests(Resolution& in, const ClientGroup& group, const std::string& pointer) {
    for (std::size_t i = 0; group.requests && i < group.requests->size(); ++i) {
        for (std::size_t j = 0; j < (*group.requests)[i].size(); ++j) {
            if ((*group.requests)[i][j].path < group.paths.count) continue;
            in.wrong(pointer / i / j, "the last of the group's paths, by its `paths`, is " +
                                          std::to_string(group.paths.count - 1));
            return;
        }
    }
}

void resolve_group(Resolution& in, std::size_t index, std::set<std::string>& names,
                   Totals& totals) {
    GroupDraft& draft = in.draft.clients[index];
    const std::string pointer = std::string("/clients") / index;
    if (!draft.name) {
        draft.name = "group-" + std::to_string(index + 1);
    }
    if (!names.insert(*draft.name).second) {
        in.wrong(pointer / "name", "another group has the name " + in_quotes(*draft.name));
        return;
    }
    ClientGroup group = draft.rest;
    group.name = *draft.name;
    copy_requests(draft, group);
    resolve_placement(in, draft, group, pointer / "placement");
    resolve_home(in, draft, group, pointer);
    if (in.knows_duration && group.start >= in.draft.duration) {
        in.wrong(pointer / "start", "not before the end of the run");
    }
    if (group.leave && group.leave->at < group.start) {
        in.wrong(pointer / "leave" / "at", "before they come: start is " + to_text(group.start));
    }
    check_totals(in, group, pointer, totals);
    check_requests(in, group, pointer / "requests");
    in.out.clients.push_back(std::move(group));
}

}  // namespace

void resolve_clients(Resolution& in) {
    std::set<std::string> names;
    Totals totals;
    for (std::size_t i = 0; i < in.draft.clients.size() && !in.has_enough(); ++i) {
        if (in.sound(std::string("/clients") / i)) {
            resolve_group(in, i, names, totals);
        }
    }
    const zab::Config& config = in.out.config;
    if (in.sound("/clients") && !in.draft.clients.empty() && !config.leader_serves &&
        config.voters.size() == 1 && config.observers.empty()) {
        in.wrong("/ensemble/leader_serves",
                 "nobody serves the clients: the only server leads, and the leader serves none");
    }
}

}  // namespace sim::decode
