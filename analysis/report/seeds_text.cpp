#include "analysis/report/paint.hpp"
#include "analysis/report/table.hpp"
#include "analysis/report/text.hpp"
#include "analysis/stats/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace analysis {

namespace {

std::string value_text(const Metric& metric, double value) {
    return metric_text(metric, std::llround(value));
}

std::string estimates_table(const SeedsResult& seeds) {
    Table table({{"metric", Align::left},
                 {"seeds"},
                 {"mean"},
                 {"+/- 95 %"},
                 {"median"},
                 {"least"},
                 {"greatest"}});
    for (const SeedEstimate& row : estimates(seeds.runs)) {
        const Metric& metric = *row.metric;
        const Estimate& found = row.estimate;
        table.add({std::string(metric.name), count_text(found.runs), value_text(metric, found.mean),
                   found.half_width ? value_text(metric, *found.half_width) : "-",
                   value_text(metric, found.median), value_text(metric, found.min),
                   value_text(metric, found.max)});
    }
    return table.is_empty() ? "  nothing was measured\n" : table.text();
}

std::string failed_seeds(const SeedsResult& seeds, const TextStyle& style, const Paint& paint) {
    std::string out;
    std::size_t shown = 0;
    std::size_t failed = 0;
    for (const SeedResult& run : seeds.runs) {
        if (run.holds && run.unmet.empty()) continue;
        if (++failed > style.longest_lists) continue;
        ++shown;
        out += fmt::format("  seed {}: ", run.seed);
        out += run.holds ? "" : paint.bad("VIOLATED");
        for (std::size_t i = 0; i < run.unmet.size(); ++i) {
            out += i > 0 || !run.holds ? ", " : "";
            out += "not met: " + printable(run.unmet[i]);
        }
        out += "\n";
    }
    if (failed > shown) {
        out += fmt::format("  ... and {} more (--json shows all)\n", count_text(failed - shown));
    }
    return out;
}

std::string verdict(const SeedsResult& seeds, const Paint& paint) {
    const auto violated = std::ranges::count(seeds.runs, false, &SeedResult::holds);
    const auto unmet =
        std::ranges::count_if(seeds.runs, [](const SeedResult& run) { return !run.unmet.empty(); });
    std::string out;
    if (violated > 0) {
        out = fmt::format("  {} in {} of {} seeds\n", paint.bad("VIOLATED"), violated,
                          seeds.runs.size());
    } else if (seeds.properties_checked == 0) {
        out = "  none: nothing was checked\n";
    } else {
        out = fmt::format("  {}: {} properties checked in each of {} seeds, no violation\n",
                          paint.good("held"), seeds.properties_checked, seeds.runs.size());
    }
    if (unmet > 0) {
        out += fmt::format("  expectations {} in {} of {} seeds\n", paint.bad("NOT MET"), unmet,
                           seeds.runs.size());
    }
    return out;
}

}  // namespace

std::string seeds_text(const SeedsResult& seeds, const TextStyle& style) {
    const Paint paint(style.colour);
    std::string out = fmt::format("{}  {} seed{}  {}\n", paint.bold(printable(seeds.scenario)),
                                  count_text(seeds.runs.size()), seeds.runs.size() == 1 ? "" : "s",
                                  printable(whose(seeds.protocol, seeds.release)));
    if (!seeds.why.empty()) out += "  " + printable(seeds.why) + "\n";
    if (seeds.real_ns) out += "  in " + duration_text({*seeds.real_ns}) + " real time\n";
    out += "\n" + paint.bold("Mean over seeds, with 95 % confidence") + "\n";
    out += estimates_table(seeds);
    out += "\n" + paint.bold("Verdict") + "\n" + verdict(seeds, paint);
    out += failed_seeds(seeds, style, paint);
    if (!seeds.reproduce.empty()) out += "\nreproduce   " + printable(seeds.reproduce) + "\n";
    return out;
}

}  // namespace analysis
