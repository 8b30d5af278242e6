#include "sim/scenario/loader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

/// The input's parts, between zero bytes: the scenario, what every file that it extends contains,
/// and the path and the value of an override.
std::vector<std::string> parts_of(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < size; ++i) {
        if (data[i] == 0 && parts.size() < 4) {
            parts.emplace_back();
        } else {
            parts.back() += static_cast<char>(data[i]);
        }
    }
    return parts;
}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

/// Whatever the bytes are, the loader ends, and either gives a scenario that its own text gives
/// again, or says what is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::string> parts = parts_of(data, size);
    sim::LoadOptions options;
    options.read_file = [&](const std::string&) {
        return parts.size() > 1 ? sim::FileText{parts[1], {}}
                                : sim::FileText{std::nullopt, "no such file"};
    };
    std::vector<sim::Override> sets;
    if (parts.size() > 3) {
        sets.push_back({parts[2], parts[3]});
    }
    const sim::LoadResult first = sim::load_scenario_text(parts[0], "fuzz.json", sets, options);
    require(first.scenario.has_value() == first.mistakes.empty());
    if (first.scenario) {
        const sim::LoadResult again = sim::load_scenario_text(first.resolved, "again.json");
        require(again.scenario.has_value());
        require(*again.scenario == *first.scenario);
        require(again.resolved == first.resolved);
    }
    return 0;
}
