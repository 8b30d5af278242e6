#include "protocol/release/release.hpp"
#include "sim/scenario/resolve.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>
#include <set>

namespace sim::decode {

namespace {

/// Turns a count into ids that follow `last`, and reports ids that are given twice.
Ids ids_of(Resolution& in, const ServerList& servers, const std::string& pointer,
           std::uint32_t last, std::set<zab::NodeId>& seen) {
    Ids ids;
    if (const auto* count = std::get_if<std::uint32_t>(&servers)) {
        if (last + *count > zab::max_node_id) {
            in.wrong(pointer, "the ids would go beyond " + std::to_string(zab::max_node_id));
            return ids;
        }
        for (std::uint32_t i = 1; i <= *count; ++i) {
            ids.push_back({static_cast<std::uint16_t>(last + i)});
        }
    } else {
        ids = std::get<Ids>(servers);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!seen.insert(ids[i]).second) {
            in.wrong(pointer / i, "server " + std::to_string(ids[i].value) + " is given twice",
                     "each server once, as a voter or as an observer");
        }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

/// Groups name every voter once; without any, weights make one group of all voters.
void resolve_groups(Resolution& in) {
    const EnsembleDraft& ensemble = in.draft.ensemble;
    zab::QuorumGroups& rule = in.out.config.groups;
    const Ids& voters = in.out.config.voters;
    std::set<zab::NodeId> grouped;
    const bool knows_groups = in.sound("/ensemble/groups");
    for (std::size_t i = 0; knows_groups && i < ensemble.groups.size(); ++i) {
        for (const zab::NodeId id : ensemble.groups[i]) {
            const std::string pointer = std::string("/ensemble/groups") / i;
            if (!std::binary_search(voters.begin(), voters.end(), id)) {
                in.wrong(pointer, "server " + std::to_string(id.value) + " is no voter");
            } else if (!grouped.insert(id).second) {
                in.wrong(pointer, "server " + std::to_string(id.value) + " is in two groups");
            }
        }
    }
    rule.groups = ensemble.groups;
    rule.half_decides = ensemble.half_decides;
    for (const zab::NodeId id : voters) {
        if (knows_groups && !rule.groups.empty() && !grouped.contains(id)) {
            in.wrong("/ensemble/groups", "voter " + std::to_string(id.value) + " is in no group");
        }
    }
    for (const auto& [id, weight] : ensemble.weights) {
        if (!std::binary_search(voters.begin(), voters.end(), id)) {
            in.wrong(std::string("/ensemble/weights") / std::to_string(id.value),
                     "server " + std::to_string(id.value) + " is no voter");
        }
        rule.weights.push_back({id, weight});
    }
    if (rule.groups.empty() && !rule.weights.empty()) {
        rule.groups.push_back(voters);
    }
    if (voters.empty() || !in.sound("/ensemble/groups") || !in.sound("/ensemble/weights")) {
        return;
    }
    const zab::Quorum quorum(voters, rule);
    if (!quorum.is_quorum_where([](zab::NodeId) { return true; })) {
        in.wrong("/ensemble/weights", "nobody weighs anything: no quorum is possible");
    }
}

/// Every server is told of each election by every voter.
void check_pairs(Resolution& in) {
    const std::uint64_t voters = in.out.config.voters.size();
    const std::uint64_t servers = voters + in.out.config.observers.size();
    if (voters * servers <= Limits::pairs) {
        return;
    }
    in.wrong("/ensemble",
             grouped(voters) + " voters x " + grouped(servers) + " servers are " +
                 grouped(voters * servers) + " ways for votes",
             "at most " + grouped(Limits::pairs));
}

}  // namespace

void resolve_servers(Resolution& in) {
    std::set<zab::NodeId> seen;
    EnsembleDraft& ensemble = in.draft.ensemble;
    in.out.config = ensemble.config;
    Ids& voters = in.out.config.voters;
    Ids& observers = in.out.config.observers;
    voters = ids_of(in, ensemble.voters, "/ensemble/voters", 0, seen);
    const std::uint32_t last = voters.empty() ? 0 : voters.back().value;
    observers = ids_of(in, ensemble.observers, "/ensemble/observers", last, seen);
    ensemble.voters = voters;
    ensemble.observers = observers;
    resolve_groups(in);
    check_pairs(in);
    in.out.config.release = zab::release_named(in.draft.release.base);
    for (const std::string& defect : in.draft.release.defects) {
        if (zab::is_defect(defect)) {  // Others are among the mistakes.
            in.out.config.release = zab::with_defect(in.out.config.release, defect);
            in.out.release += '+' + defect;
        }
    }
    for (const zab::NodeId id : seen) {
        const bool is_voter = std::binary_search(voters.begin(), voters.end(), id);
        in.out.servers.push_back({id, is_voter, 0});
    }
}

}  // namespace sim::decode
