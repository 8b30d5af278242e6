#include "cli/hunt/coverage_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace cli {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::uint32_t coverage_format = 1;
constexpr std::size_t shown_items = 16;

std::string phase_text(const sim::Tuple& tuple) {
    return fmt::format("{} {}", sim::role_name(tuple), sim::phase_name(tuple));
}

/// Sites first: each of them was put into the list because bugs are found there. Then phases that
/// no server was ever in, then what else no server took in the others.
std::vector<std::string> unreached_names(const CampaignCoverage& coverage) {
    const CoverageTable& table = CoverageTable::of_this_build();
    const auto is_reached = [&](std::size_t item) { return coverage.items()[item].seeds > 0; };
    std::set<std::string> entered;
    for (std::size_t item = 0; item < table.tuples(); ++item) {
        if (is_reached(item)) entered.insert(phase_text(table.tuple(item)));
    }
    std::vector<std::string> sites;
    std::vector<std::string> phases;
    std::vector<std::string> inputs;
    for (std::size_t item = 0; item < table.size(); ++item) {
        if (is_reached(item)) continue;
        if (table.is_site(item)) {
            sites.push_back(table.name(item));
        } else if (const auto phase = phase_text(table.tuple(item)); entered.contains(phase)) {
            inputs.push_back(table.name(item));
        } else if (phases.empty() || phases.back() != phase + ": nothing") {
            phases.push_back(phase + ": nothing");
        }
    }
    sites.insert(sites.end(), phases.begin(), phases.end());
    sites.insert(sites.end(), inputs.begin(), inputs.end());
    return sites;
}

std::string unreached_text(const CampaignCoverage& coverage) {
    const std::vector<std::string> names = unreached_names(coverage);
    if (names.empty()) return {};
    std::string out = "  never reached:\n";
    const std::size_t shown = std::min(names.size(), shown_items);
    for (std::size_t i = 0; i < shown; ++i) out += fmt::format("    {}\n", names[i]);
    if (shown < names.size()) {
        out += fmt::format("    and {} more, which --coverage FILE lists\n", names.size() - shown);
    }
    return out;
}

Json item_json(std::size_t item, const CampaignCoverage::Item& reached) {
    const CoverageTable& table = CoverageTable::of_this_build();
    Json json;
    if (table.is_site(item)) {
        json = {{"site", sim::site_name(table.site(item))},
                {"meaning", sim::site_meaning(table.site(item))}};
    } else {
        const sim::Tuple tuple = table.tuple(item);
        json = {{"role", sim::role_name(tuple)},
                {"phase", sim::phase_name(tuple)},
                {"input", sim::input_name(tuple)}};
    }
    json["seeds"] = reached.seeds;
    if (reached.seeds > 0) json["first_seed"] = reached.first_seed;
    return json;
}

/// How many items the lowest 1, 2, 5, 10, 20 … seeds reached: a campaign whose curve is flat finds
/// nothing new by going on, one whose curve is lower than before has lost something.
Json curve_json(const CampaignCoverage& coverage) {
    Json curve = Json::array();
    const auto add = [&](std::size_t seeds) {
        curve.push_back({{"seeds", seeds}, {"reached", coverage.reached_by_lowest(seeds)}});
    };
    for (std::size_t ten = 1; ten < coverage.seeds(); ten *= 10) {
        for (const std::size_t step : {1u, 2u, 5u}) {
            if (ten * step < coverage.seeds()) add(ten * step);
        }
    }
    if (coverage.seeds() > 0) add(coverage.seeds());
    return curve;
}

Json excluded_json() {
    std::map<std::string_view, std::size_t> reasons;
    for (std::uint32_t number = 0; number < sim::tuple_count; ++number) {
        const std::string_view why = sim::why_unreachable(sim::tuple_of(number));
        if (!why.empty()) ++reasons[why];
    }
    Json list = Json::array();
    for (const auto& [why, count] : reasons) list.push_back({{"why", why}, {"tuples", count}});
    return list;
}

}  // namespace

std::string coverage_text(const CampaignSummary& summary) {
    const CampaignCoverage& coverage = summary.coverage;
    if (coverage.seeds() == 0) return {};
    const CoverageTable& table = CoverageTable::of_this_build();
    std::string out = fmt::format(
        "coverage: reached {} of {} (role, phase, input) tuples and {} of {} sites, the last of "
        "them by seed {}\n",
        coverage.reached_tuples(), table.tuples(), coverage.reached_sites(), sim::site_count,
        coverage.newest());
    if (coverage.seeds() < summary.seeds) {
        out += fmt::format(
            "  {} of the {} seeds do not tell what they reached: they are of another build, or "
            "ended their process\n",
            summary.seeds - coverage.seeds(), summary.seeds);
    }
    return out + unreached_text(coverage);
}

std::string coverage_json(const CampaignSummary& summary) {
    const CampaignCoverage& coverage = summary.coverage;
    const CoverageTable& table = CoverageTable::of_this_build();
    Json tuples = Json::array();
    Json sites = Json::array();
    for (std::size_t item = 0; item < table.size(); ++item) {
        (table.is_site(item) ? sites : tuples).push_back(item_json(item, coverage.items()[item]));
    }
    const Json json = {
        {"format", coverage_format},
        {"behaviours", summary.behaviours},
        {"scenarios", summary.scenarios},
        {"table", table.id()},
        {"seeds", summary.seeds},
        {"seeds_that_tell", coverage.seeds()},
        {"reached", {{"tuples", coverage.reached_tuples()}, {"sites", coverage.reached_sites()}}},
        {"reachable", {{"tuples", table.tuples()}, {"sites", sim::site_count}}},
        {"curve", curve_json(coverage)},
        {"sites", sites},
        {"tuples", tuples},
        {"excluded", excluded_json()},
    };
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

CoverageFile::CoverageFile(const Environment& environment, const std::optional<std::string>& path)
    : environment_(environment),
      sink_(path ? std::make_unique<trace::ByteSink>(*path) : nullptr),
      is_open_(sink_ == nullptr || tell(sink_->failure())) {}

/// Whether it is no failure.
bool CoverageFile::tell(const trace::Failure& failure) const {
    if (failure) environment_.talk << *failure << '\n';
    return !failure;
}

Exit CoverageFile::write(const CampaignSummary& summary) {
    if (sink_ == nullptr) return Exit::ok;
    sink_->write(coverage_json(summary));
    return tell(sink_->commit()) ? Exit::ok : Exit::not_written;
}

}  // namespace cli
