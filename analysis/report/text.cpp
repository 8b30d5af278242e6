#include "analysis/report/text.hpp"

#include "analysis/report/paint.hpp"
#include "analysis/report/table.hpp"
#include "analysis/stats/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace analysis {

namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000;
constexpr const char* no_value = "-";

std::string optional_text(std::optional<zab::Duration> duration) {
    return duration ? duration_text(*duration) : no_value;
}

std::string heading(const Paint& paint, std::string_view title) {
    return "\n" + paint.bold(title) + "\n";
}

std::string more(std::size_t shown, std::size_t all) {
    if (shown >= all) return {};
    return fmt::format("  ... and {} more (--json shows all)\n", count_text(all - shown));
}

std::string server_text(zab::NodeId server) { return std::to_string(server.value); }

std::string plural(std::uint64_t number, std::string_view one) {
    return fmt::format("{} {}{}", count_text(number), one, number == 1 ? "" : "s");
}

std::string what_ran(const RunResult& run, const Paint& paint) {
    const RunInfo& info = run.info;
    std::string out = fmt::format("{}  seed {}  {}\n", paint.bold(printable(info.scenario)),
                                  info.seed, printable(whose(info.protocol, info.release)));
    if (!info.why.empty()) out += "  " + printable(info.why) + "\n";
    out += "  " + plural(info.voters, "voter");
    if (info.observers > 0) out += ", " + plural(info.observers, "observer");
    out += ", " + plural(info.clients, "client") + ", " + plural(info.records, "record") + "\n";
    out += "  " + duration_text({run.summary.end.ns}) + " simulated";
    if (run.summary.warm_up.ns > 0) {
        out += " (measured after " + duration_text({run.summary.warm_up.ns}) + " of warm-up)";
    }
    if (info.real_ns && *info.real_ns > 0 && run.summary.end.ns >= 0) {
        const auto speed =
            ratio(static_cast<std::uint64_t>(run.summary.end.ns), 10, *info.real_ns).value_or(0);
        out += fmt::format(" in {} real time: {}x", duration_text({*info.real_ns}),
                           thousandths_text(speed * 100));
    }
    return out + "\n";
}

std::string leaders(const RunResult& run, const TextStyle& style, const Paint& paint) {
    const Summary& summary = run.summary;
    std::string out = heading(paint, "Leaders");
    if (summary.reigns.empty()) return out + "  nobody led\n";
    Table table({{"epoch"},
                 {"leader"},
                 {"established"},
                 {"serving"},
                 {"until"},
                 {"ended by", Align::left}});
    const std::size_t shown = std::min(summary.reigns.size(), style.longest_lists);
    for (std::size_t i = 0; i < shown; ++i) {
        const Reign& reign = summary.reigns[i];
        table.add({std::to_string(reign.epoch.value), server_text(reign.leader),
                   seconds_text(reign.established),
                   reign.serving ? seconds_text(*reign.serving) : no_value,
                   reign.until ? seconds_text(*reign.until) : "the end",
                   reign.until ? std::string(name_of(reign.end)) : ""});
    }
    out += table.text() + more(shown, summary.reigns.size());
    return out + "  elections after the warm-up: " + count_text(summary.elections) + "\n";
}

std::string rate_text(std::uint64_t number, const Summary& summary) {
    const auto rate = ratio(number, ns_per_second * 1000, summary.span().ns);
    return rate ? thousandths_text(*rate) + "/s" : no_value;
}

std::string throughput(const Summary& summary, const Paint& paint) {
    const OperationSummary writes = summary.writes();
    std::string out = heading(paint, "Throughput");
    out += fmt::format("  writes  {} ({} acknowledged)\n", rate_text(writes.ok, summary),
                       count_text(writes.ok));
    const OperationSummary reads = summary.reads();
    out += fmt::format("  reads   {} ({} answered)\n", rate_text(reads.ok, summary),
                       count_text(reads.ok));
    return out;
}

void add_latency(Table& table, std::string name, const OperationSummary& operations) {
    const Histogram& latency = operations.latency;
    table.add({std::move(name), count_text(operations.ok), optional_text(latency.quantile(p50)),
               optional_text(latency.quantile(p90)), optional_text(latency.quantile(p99)),
               optional_text(latency.quantile(p99_9)), optional_text(latency.max()),
               count_text(operations.failed_in_total()), count_text(operations.unfinished)});
}

std::string failures(const Summary& summary) {
    std::string out;
    for (std::size_t i = 0; i < operation_count; ++i) {
        const OperationSummary& operations = summary.operations[i];
        for (std::size_t j = 0; j < outcome_count; ++j) {
            if (operations.failed[j] == 0) continue;
            // A client gave it up, though the record names no error.
            const auto outcome = static_cast<trace::Outcome>(j);
            out += fmt::format("{}{} {}: {}", out.empty() ? "  failed: " : ", ",
                               name_of(static_cast<trace::Operation>(i)),
                               outcome == trace::Outcome::ok ? "given_up" : name_of(outcome),
                               count_text(operations.failed[j]));
        }
    }
    return out.empty() ? out : out + "\n";
}

std::string latency(const Summary& summary, const Paint& paint) {
    Table table({{"operation", Align::left},
                 {"ok"},
                 {"p50"},
                 {"p90"},
                 {"p99"},
                 {"p99.9"},
                 {"max"},
                 {"failed"},
                 {"unfinished"}});
    const auto uses = [&summary](trace::Operation one, trace::Operation other) {
        return summary.of(one).is_used() && summary.of(other).is_used();
    };
    using enum trace::Operation;
    if (uses(create, set)) add_latency(table, "write", summary.writes());
    if (uses(get, watch)) add_latency(table, "read", summary.reads());
    for (std::size_t i = 0; i < operation_count; ++i) {
        if (!summary.operations[i].is_used()) continue;
        add_latency(table, std::string(name_of(static_cast<trace::Operation>(i))),
                    summary.operations[i]);
    }
    std::string out = heading(paint, "Latency");
    out += table.is_empty() ? "  no operation was attempted\n" : table.text() + failures(summary);
    if (summary.untracked > 0) {
        out += fmt::format("  {} of operations could not be followed\n",
                           plural(summary.untracked, "record"));
    }
    return out;
}

std::string cause_text(const Outage& outage) {
    std::string cause(name_of(outage.trouble));
    if (outage.node.value != 0) cause += " (" + server_text(outage.node) + ")";
    return cause;
}

std::string outages(const Summary& summary, const TextStyle& style, const Paint& paint) {
    std::string out = heading(paint, "Outages");
    if (summary.outages.empty() && !summary.writes().is_used()) {
        return out + "  not measured: no write was attempted\n";
    }
    const std::string limit = summary.outage_threshold
                                  ? " of " + duration_text(*summary.outage_threshold) + " or more"
                                  : std::string{};
    if (summary.outages.empty()) return out + "  none" + limit + "\n";
    Table table({{"from"},
                 {"length"},
                 {"detection"},
                 {"election"},
                 {"discovery"},
                 {"synchronization"},
                 {"reconnection"},
                 {"stall"},
                 {"cause", Align::left}});
    const std::size_t shown = std::min(summary.outages.size(), style.longest_lists);
    for (std::size_t i = 0; i < shown; ++i) {
        const Outage& outage = summary.outages[i];
        const OutageParts& parts = outage.parts;
        table.add({seconds_text(outage.from), duration_text(outage.length()),
                   duration_text(parts.detection), duration_text(parts.election),
                   duration_text(parts.discovery), duration_text(parts.synchronization),
                   duration_text(parts.reconnection), duration_text(parts.stall),
                   cause_text(outage) + (outage.open ? ", not over at the end" : "")});
    }
    out += table.text() + more(shown, summary.outages.size());
    if (!limit.empty()) out += "  listed: those" + limit + " (3 x the undisturbed p99.9)\n";
    return out;
}

/// "commit thread", "cores", "disk".
std::string resource_text(const ResourceUse& use) {
    switch (use.resource) {
        case trace::Resource::core: return "cores";
        case trace::Resource::nic_out: return "network card, out";
        case trace::Resource::disk: return "disk";
        case trace::Resource::link: return "link to " + server_text({use.number});
        case trace::Resource::stage: break;
    }
    return fmt::format("{} thread", name_of_thread(use.number));
}

std::string resources(const Summary& summary, const TextStyle& style, const Paint& paint) {
    std::string out = heading(paint, "Busiest resources");
    if (summary.resources.empty()) return out + "  not in the trace\n";
    Table table({{"server"}, {"resource", Align::left}, {"in use"}, {"times"}});
    const std::size_t shown = std::min(summary.resources.size(), style.busiest_resources);
    for (std::size_t i = 0; i < shown; ++i) {
        const ResourceUse& use = summary.resources[i];
        table.add({server_text(use.node), resource_text(use), percent_text(use.per_mille()),
                   count_text(use.uses)});
    }
    return out + table.text();
}

std::string messages(const Summary& summary, const Paint& paint) {
    const std::string out = heading(paint, "Messages between servers");
    if (summary.messages == 0) return out + "  none in the trace\n";
    const auto each = ratio(summary.messages, 1000, static_cast<std::int64_t>(summary.commits));
    if (!each) return out + "  " + plural(summary.messages, "message") + ", no commit\n";
    return out + fmt::format("  {} for each committed write ({}, {})\n", thousandths_text(*each),
                             plural(summary.messages, "message"),
                             plural(summary.commits, "commit"));
}

std::string spread(const Histogram& times) {
    return fmt::format("{} at the median, {} at most", optional_text(times.quantile(p50)),
                       optional_text(times.max()));
}

std::string watches(const WatchSummary& summary, const Paint& paint) {
    if (!summary.is_used()) return {};
    const Histogram& told = summary.notifications;
    std::string out = heading(paint, "Watches");
    out += fmt::format("  {} told", plural(told.count() + summary.untimed, "change"));
    if (!told.is_empty()) {
        out += fmt::format("; from the commit until the client knows: {}, p99 {}", spread(told),
                           optional_text(told.quantile(p99)));
    }
    return out + "\n";
}

/// What only servers that compare ids have: elections, commands, votes, notifications.
std::string textbook(const TextbookSummary& summary, const Paint& paint) {
    if (!summary.is_used()) return {};
    std::string out = heading(paint, "Elections, commands and votes");
    out += "  elections      " + count_text(summary.elections.count());
    if (!summary.elections.is_empty()) out += ": " + spread(summary.elections);
    out += fmt::format("\n  commands       {} sent, {} agreed; servers took {}, ignored {}\n",
                       count_text(summary.commands_sent), count_text(summary.commands_agreed),
                       count_text(summary.commands_taken), count_text(summary.commands_ignored));
    const auto votes =
        ratio(summary.votes_counted, 1000, static_cast<std::int64_t>(summary.commands_agreed));
    out += fmt::format(
        "  votes          {} for each command when it was agreed; {} taken, {} "
        "ignored\n",
        votes ? thousandths_text(*votes) : no_value, count_text(summary.votes_taken),
        count_text(summary.votes_ignored));
    const Histogram& notifications = summary.notifications;
    const std::uint64_t all = notifications.count() + summary.notifications_untimed;
    if (all + summary.notifications_ignored == 0) return out;
    out += fmt::format("  notifications  {} taken, {} ignored", count_text(all),
                       count_text(summary.notifications_ignored));
    return out + (notifications.is_empty() ? "\n" : ": " + spread(notifications) + "\n");
}

std::string expectations(const RunResult& run, const Paint& paint) {
    std::string out;
    for (const ExpectationResult& result : run.expectations) {
        out += fmt::format("  {} {} (measured: {})\n",
                           result.is_met ? paint.good("met    ") : paint.bad("NOT MET"),
                           printable(result.expectation.text), result.measured);
    }
    return out;
}

std::string verdict(const RunResult& run, const Paint& paint) {
    const Verdict& verdict = run.verdict;
    std::string out = heading(paint, "Verdict");
    const std::string checked =
        fmt::format("{} {} checked", verdict.properties_checked,
                    verdict.properties_checked == 1 ? "property" : "properties");
    if (!verdict.holds()) {
        out += fmt::format(
            "  {}: {}, {}\n", paint.bad("VIOLATED"), checked,
            plural(verdict.safety_violations + verdict.liveness_violations, "violation"));
        if (verdict.liveness_violations > 0) {
            out += fmt::format("  {} of safety, {} of liveness\n", verdict.safety_violations,
                               verdict.liveness_violations);
        }
    } else if (verdict.properties_checked == 0) {
        out += "  none: nothing was checked\n";
    } else {
        out += fmt::format("  {}: {}, no violation\n", paint.good("held"), checked);
    }
    for (const std::string& message : verdict.messages) out += "  - " + printable(message) + "\n";
    for (const std::string& what : verdict.not_checked) {
        out += "  not checked: " + printable(what) + "\n";
    }
    return out + expectations(run, paint);
}

}  // namespace

std::string run_text(const RunResult& run, const TextStyle& style) {
    const Paint paint(style.colour);
    std::string out = what_ran(run, paint);
    out += leaders(run, style, paint);
    out += throughput(run.summary, paint);
    out += latency(run.summary, paint);
    out += outages(run.summary, style, paint);
    out += resources(run.summary, style, paint);
    out += messages(run.summary, paint);
    out += watches(run.summary.watches, paint);
    out += textbook(run.summary.textbook, paint);
    out += verdict(run, paint);
    out += fmt::format("\ntrace hash  0x{:016x}\n", run.info.trace_hash);
    if (!run.info.reproduce.empty()) out += "reproduce   " + printable(run.info.reproduce) + "\n";
    return out;
}

}  // namespace analysis
