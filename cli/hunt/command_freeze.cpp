#include "cli/commands.hpp"
#include "cli/hunt/anchors.hpp"
#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/request_lists.hpp"
#include "cli/loading.hpp"
#include "sim/scenario/json_parse.hpp"

#include <fmt/format.h>

namespace cli {

/// The world of one seed as a scenario that says all of it: what chaos drew is written out, and
/// the noise is still that of the seed.
Exit freeze_command(const Arguments& arguments, const Environment& environment) {
    if (arguments.seeds || arguments.files.size() != 1) {
        environment.talk << "zabsim: error: freeze writes one world: give it one scenario and "
                            "--seed\n";
        return Exit::bad_input;
    }
    const auto loaded = load_all(arguments, environment);
    if (!loaded) return Exit::bad_input;
    const std::uint64_t seed = seeds_of(arguments, *loaded->front().scenario).first;
    const auto world = drawn(loaded->front(), seed, environment);
    if (!world) return Exit::bad_input;
    std::optional<sim::json::Value> document = arguments.logical
                                                   ? anchored(*world, seed, environment.interrupted)
                                                   : sim::json::parse_if_valid(world->document);
    if (!document) return Exit::interrupted;
    // Whether anybody is still answered shows with clients that never stop asking.
    const bool is_of_liveness = world->capsule && world->capsule->expected.starts_with("liveness@");
    const Listing listing = is_of_liveness
                                ? Listing::done
                                : list_requests(*document, *world, seed, environment.interrupted);
    if (listing == Listing::interrupted) return Exit::interrupted;
    if (listing == Listing::too_many) {
        environment.talk << fmt::format("zabsim: more than {} requests: they stay drawn\n",
                                        most_listed_requests);
    }
    if (arguments.logical && world->capsule) {
        sim::Capsule capsule = *world->capsule;
        capsule.hash.clear();  // The same story by another path.
        set_capsule(*document, capsule);
    }
    set_member(*document, "seed", sim::json::number(seed));
    return write_result(environment, arguments.out, sim::json::pretty(*document));
}

}  // namespace cli
