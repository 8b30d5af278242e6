#include "cli/hunt/request_lists.hpp"

#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/pointers.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/scenario/tables.hpp"
#include "sim/world/world.hpp"

#include <fmt/format.h>

namespace cli {

using sim::json::Value;

namespace {

using Lists = std::vector<std::vector<sim::AskedRequest>>;

Value json_of(const Lists& lists) {
    static const sim::decode::Form<sim::AskedRequest> form = sim::decode::request();
    std::vector<Value> clients;
    for (const auto& list : lists) {
        std::vector<Value> own;
        for (const sim::AskedRequest& request : list) own.push_back(form.write(request));
        clients.push_back(sim::json::array(std::move(own)));
    }
    return sim::json::array(std::move(clients));
}

void put_list(Value& scenario, std::size_t group, const Lists& lists) {
    const std::string pointer = fmt::format("/clients/{}", group);
    for (const char* drawn_by : {"/operations", "/operations_each", "/requests"}) {
        remove_at(scenario, pointer + drawn_by);
    }
    Value* own = value_at(scenario, pointer);
    zab::ensure(own != nullptr, "every group of clients is in the document");
    set_member(*own, "requests", json_of(lists));
}

}  // namespace

Listing list_requests(Value& scenario, const Loaded& world, std::uint64_t seed,
                      const std::function<bool()>& interrupted) {
    constexpr std::uint64_t records_of_a_turn = 4096;
    sim::World run(world.scenario, seed);
    const zab::Instant end = zab::Instant{} + world.scenario->duration;
    while (!run.run_until(end, records_of_a_turn)) {
        if (interrupted()) return Listing::interrupted;
    }
    run.finish();  // What still waits for a connection is asked for, too.
    std::vector<Lists> groups;
    std::uint64_t requests = 0;
    for (std::size_t i = 0; i < world.scenario->clients.size(); ++i) {
        groups.push_back(run.requests_of_group(i));
        for (const auto& list : groups.back()) requests += list.size();
    }
    if (requests > most_listed_requests) return Listing::too_many;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!world.scenario->clients[i].watch) put_list(scenario, i, groups[i]);
    }
    return Listing::done;
}

}  // namespace cli
