#include "sim/scenario/draw.hpp"

#include "protocol/types/ensure.hpp"
#include "sim/chaos/chaos.hpp"
#include "sim/scenario/json_parse.hpp"
#include "sim/scenario/merge.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::uint64_t in_ms(zab::Duration time) { return static_cast<std::uint64_t>(time.ns / ns_per_ms); }

/// Servers given by number are numbered from `first` on.
std::vector<std::uint32_t> ids_of(const ServerList& servers, std::uint32_t first) {
    std::vector<std::uint32_t> out;
    if (const auto* ids = std::get_if<Ids>(&servers)) {
        for (const zab::NodeId id : *ids) {
            out.push_back(id.value);
        }
        return out;
    }
    for (std::uint32_t i = 0; i < std::get<std::uint32_t>(servers); ++i) {
        out.push_back(first + i);
    }
    return out;
}

std::uint64_t paths_of(const GroupDraft& group) {
    return std::visit([](const auto& paths) { return std::uint64_t{paths.count}; }, group.paths);
}

chaos::Setting setting_of(const Draft& draft) {
    const zab::Config& config = draft.ensemble.config;
    chaos::Setting setting;
    setting.voters = ids_of(draft.ensemble.voters, 1);
    const std::uint32_t next = *std::max_element(setting.voters.begin(), setting.voters.end()) + 1;
    setting.observers = ids_of(draft.ensemble.observers, next);
    setting.tick_ms = in_ms(config.tick_time);
    setting.init_limit = config.init_limit;
    setting.sync_limit = config.sync_limit;
    setting.dial_timeout_ms = in_ms(config.election_connection_timeout);
    setting.notification_ms = in_ms(config.max_notification_interval);
    setting.duration_ms = in_ms(draft.duration);
    setting.session_ms = 0;
    for (const GroupDraft& group : draft.clients) {
        setting.session_ms = std::max(setting.session_ms, in_ms(group.rest.session_timeout));
        setting.tree_bytes = std::max(setting.tree_bytes,
                                      chaos::most_tree_bytes(paths_of(group), group.payload.max));
    }
    return setting;
}

json::Value parsed(const std::string& text) {
    std::optional<json::Value> value = json::parse_if_valid(text);
    zab::ensure(value.has_value(), "chaos draws JSON");
    return std::move(*value);
}

json::Value& member_of(json::Value& root, std::string_view key) {
    if (json::Value* found = root.find(key)) {
        return *found;
    }
    root.members.push_back(json::member(key, json::array({})));
    return root.members.back().value;
}

}  // namespace

std::uint64_t least_duration_of_chaos(const Draft& draft) {
    return draft.chaos ? chaos::least_duration_ms(*draft.chaos, setting_of(draft)) : 0;
}

void draw_chaos(json::Value& root, std::uint64_t seed, const KnownNames& known) {
    Draft draft;
    Mistakes mistakes;
    Reader reader(mistakes, known);
    if (!scenario().read(root, reader, draft) || !mistakes.empty()) {
        return;
    }
    member_of(root, "seed") = json::number(seed);
    if (!draft.chaos) {
        return;
    }
    const chaos::Drawn drawn = chaos::draw(*draft.chaos, seed, setting_of(draft));
    std::erase_if(root.members, [](const json::Member& m) { return m.key == "chaos"; });
    json::Value overrides = parsed(drawn.overrides);
    // A drawn list of clients or set of servers replaces the scenario's; lay_over does that.
    lay_over(root, std::move(overrides));
    json::Value& faults = member_of(root, "faults");
    for (const std::string& fault : drawn.faults) {
        faults.elements.push_back(parsed(fault));
    }
}

}  // namespace sim::decode
