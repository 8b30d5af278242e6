#include "sim/scenario/resolve.hpp"

#include "sim/scenario/tables.hpp"

#include <algorithm>
#include <set>

namespace sim::decode {

namespace {

constexpr std::string_view reserved_names[] = {"server-", "clients-"};

/// Puts a server into a region; a host has only one.
void place_in_region(Resolution& in, zab::NodeId id, const std::string& region) {
    const std::string pointer = std::string("/network/regions/servers") / std::to_string(id.value);
    in.check_server(id, pointer);
    const auto found = in.host_of.find(id);
    if (found == in.host_of.end()) {
        return;
    }
    HostSpec& host = in.out.hosts[found->second];
    if (!host.region.empty() && host.region != region) {
        in.wrong(pointer,
                 "its host " + in_quotes(host.name) + " stands in " + in_quotes(host.region));
    }
    host.region = region;
}

void declare_regions(Resolution& in) {
    if (!in.draft.network.regions) {
        return;
    }
    std::set<std::string> names;
    for (const auto& [from, row] : in.draft.network.regions->round_trip) {
        names.insert(from);
        for (const auto& [to, trip] : row) {
            names.insert(to);
        }
    }
    for (const auto& [id, region] : in.draft.network.regions->servers) {
        names.insert(region);
    }
    in.regions.assign(names.begin(), names.end());
}

void add_named_hosts(Resolution& in) {
    const DefaultHost& standard = in.draft.hosts.standard;
    for (const auto& [name, host] : in.draft.hosts.named) {
        const std::string pointer = std::string("/hosts/named") / name;
        for (const std::string_view prefix : reserved_names) {
            if (name.starts_with(prefix)) {
                in.wrong(pointer, "names that begin with " + in_quotes(prefix) +
                                      " are those of hosts that nobody named");
            }
        }
        if (host.region) {
            in.check_region(*host.region, pointer / "region");
        }
        in.add_host({name,
                     host.cores.value_or(standard.cores),
                     host.nic.value_or(standard.nic),
                     host.region.value_or(""),
                     {}});
    }
}

/// Cores are lent by a host that has some: the loan goes one step far.
void lend_cores(Resolution& in) {
    for (const auto& [name, host] : in.draft.hosts.named) {
        if (!host.cores_of) {
            continue;
        }
        const std::string pointer = std::string("/hosts/named") / name / "cores_of";
        const auto lender = in.host_index.find(*host.cores_of);
        const bool lends = lender != in.host_index.end() && *host.cores_of != name;
        if (host.cores) {
            in.wrong(pointer, "it has cores of its own", "either cores or cores_of");
        } else if (!lends) {
            in.wrong(pointer, "no other host " + in_quotes(*host.cores_of) + " in hosts.named");
        } else {
            in.out.hosts[in.host_index.at(name)].cores_of = lender->second;
        }
    }
    for (const HostSpec& host : in.out.hosts) {
        if (host.cores_of && in.out.hosts[*host.cores_of].cores_of) {
            in.wrong(std::string("/hosts/named") / host.name / "cores_of",
                     "its lender has no cores of its own");
        }
    }
}

void place_servers(Resolution& in, bool knows_names) {
    std::map<zab::NodeId, std::string> named;
    for (const auto& [id, name] : in.draft.hosts.servers) {
        const std::string pointer = std::string("/hosts/servers") / std::to_string(id.value);
        in.check_server(id, pointer);
        named[id] = name;
        if (!in.host_index.contains(name)) {
            named.erase(id);
            if (!knows_names) {
                continue;
            }
            std::vector<std::string_view> known;
            for (const auto& [host, spec] : in.draft.hosts.named) {
                known.push_back(host);
            }
            in.wrong(pointer, "no host " + in_quotes(name) + " in hosts.named", {},
                     closest(name, known));
        }
    }
    const DefaultHost& standard = in.draft.hosts.standard;
    for (ServerSpec& server : in.out.servers) {
        const auto found = named.find(server.id);
        server.host = found != named.end()
                          ? in.host_index.at(found->second)
                          : in.add_host({"server-" + std::to_string(server.id.value),
                                         standard.cores,
                                         standard.nic,
                                         {}});
        in.host_of[server.id] = server.host;
    }
}

void copy_plain_parts(const Draft& draft, Scenario& out) {
    out.name = draft.name;
    out.why = draft.why;
    out.seed = draft.seed;
    out.duration = draft.duration;
    out.warm_up = draft.warm_up;
    out.protocol = draft.protocol;
    out.textbook = draft.textbook.value_or(textbook::Options{});
    out.release = draft.release.base;
    out.transport = draft.transport;
    out.expect = draft.expect;
    out.trace = draft.trace;
}

CpuSpec built(const CpuDraft& cpu) {
    return {
        .wake_up = build(cpu.wake_up),
        .deep_sleep = cpu.deep_sleep,
        .time_slice = cpu.time_slice,
        .io = build(cpu.io),
        .request = build(cpu.request),
        .propose = build(cpu.propose),
        .learner = build(cpu.learner),
        .handler = build(cpu.handler),
        .sender = build(cpu.sender),
        .append = build(cpu.append),
        .commit = build(cpu.commit),
        .reply = build(cpu.reply),
        .leader_reply = build(cpu.leader_reply),
        .watch_event = build(cpu.watch_event),
        .election = build(cpu.election),
        .first_use = build(cpu.first_use),
        .per_byte = cpu.per_byte,
    };
}

ProcessSpec built(const ProcessDraft& process) {
    return {
        .kill_to_reset = build(process.kill_to_reset),
        .shutdown_role = build(process.shutdown_role),
        .open_port = build(process.open_port),
        .start_serving = build(process.start_serving),
        .prepare_service = build(process.prepare_service),
        .join_service = build(process.join_service),
        .boot = build(process.boot),
        .election_rest = build(process.election_rest),
    };
}

}  // namespace

std::string operator/(const std::string& pointer, std::string_view key) {
    return pointer + json::pointer_step(key);
}

std::string operator/(const std::string& pointer, std::size_t index) {
    return pointer + '/' + std::to_string(index);
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t end = digits.size(); end > 3; end -= 3) {
        digits.insert(end - 3, ",");
    }
    return digits;
}

void Resolution::wrong(const std::string& pointer, std::string reason, std::string accepted,
                       std::string suggestion) {
    mistakes_.add({json::nearest(root_, pointer).place, pointer, std::move(reason),
                   std::move(accepted), std::move(suggestion)});
}

void Resolution::check_server(zab::NodeId id, const std::string& pointer) {
    const bool is_known =
        std::binary_search(out.config.voters.begin(), out.config.voters.end(), id) ||
        std::binary_search(out.config.observers.begin(), out.config.observers.end(), id);
    if (!is_known) {
        wrong(pointer, "no server " + std::to_string(id.value) + " in the ensemble");
    }
}

bool Resolution::check_region(const std::string& region, const std::string& pointer) {
    if (std::binary_search(regions.begin(), regions.end(), region)) {
        return true;
    }
    if (!knows_places) {
        return false;
    }
    const std::vector<std::string_view> known(regions.begin(), regions.end());
    const std::string accepted = known.empty() ? "those that network.regions names" : listed(known);
    wrong(pointer, "no region " + in_quotes(region), accepted, closest(region, known));
    return false;
}

Ids Resolution::servers_in(const std::string& region, const std::string& pointer) {
    Ids ids;
    if (!check_region(region, pointer)) {
        return ids;
    }
    for (const ServerSpec& server : out.servers) {
        if (out.hosts[server.host].region == region) {
            ids.push_back(server.id);
        }
    }
    if (ids.empty()) {
        wrong(pointer, "no server stands in the region " + in_quotes(region));
    }
    return ids;
}

std::size_t Resolution::add_host(HostSpec host) {
    const std::size_t index = out.hosts.size();
    host_index[host.name] = index;
    out.hosts.push_back(std::move(host));
    return index;
}

void resolve_hosts(Resolution& in) {
    const bool knows_names = in.sound("/hosts/named");
    declare_regions(in);
    add_named_hosts(in);
    lend_cores(in);
    place_servers(in, knows_names);
    if (in.draft.network.regions) {
        for (const auto& [id, region] : in.draft.network.regions->servers) {
            place_in_region(in, id, region);
        }
    }
}

namespace {

void check_times(Resolution& in) {
    in.knows_duration = in.sound("/duration");
    const bool knows_both = in.knows_duration && in.sound("/warm_up");
    if (knows_both && in.draft.warm_up >= in.draft.duration) {
        in.wrong("/warm_up", "not shorter than duration, " + to_text(in.draft.duration));
    }
}

/// Whether the servers are those that were meant, whatever else is wrong with the ensemble.
bool knows_servers(const Resolution& in) {
    return !in.unreadable("/ensemble") && in.sound("/ensemble/voters") &&
           in.sound("/ensemble/observers");
}

}  // namespace

Scenario resolve(Draft& draft, const json::Value& root, Mistakes& mistakes) {
    Resolution in(draft, root, mistakes);
    if (draft.protocol == Protocol::textbook && !draft.textbook.has_value()) {
        draft.textbook.emplace();
    }
    copy_plain_parts(draft, in.out);
    check_times(in);
    if (!knows_servers(in)) {
        return {};
    }
    resolve_servers(in);
    if (!knows_servers(in)) {
        return {};
    }
    in.knows_places = in.sound("/hosts") && in.sound("/network");
    resolve_hosts(in);
    in.knows_places = in.sound("/hosts") && in.sound("/network");
    resolve_clients(in);
    if (in.knows_places) {
        resolve_network(in);
    }
    resolve_faults(in);
    resolve_start(in);
    if (mistakes.empty()) {
        in.out.cpu = built(draft.cpu);
        in.out.process = built(draft.process);
        in.out.disk = draft.disk.rest;
        in.out.disk.sync = build(draft.disk.sync);
        if (draft.disk.sync_after_rest) {
            in.out.disk.sync_after_rest = build(*draft.disk.sync_after_rest);
        }
        in.out.disk.epoch_write = build(draft.disk.epoch_write);
        in.out.config.force_sync = draft.disk.force_sync;
        check_that_time_passes(in);
    }
    return std::move(in.out);
}

}  // namespace sim::decode
