#include "cli/profile.hpp"

#include "analysis/report/table.hpp"
#include "analysis/stats/quantity.hpp"
#include "sim/trace/record_table.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

namespace cli {

namespace {

std::uint64_t cpu_now_ns() {
    struct timespec now {};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// What one reading of the clock costs, which every measured event contains.
std::uint64_t clock_cost_ns() {
    constexpr std::uint64_t readings = 1'000;
    const std::uint64_t begin = cpu_now_ns();
    for (std::uint64_t i = 1; i < readings; ++i) cpu_now_ns();
    return (cpu_now_ns() - begin) / readings;
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "-";
    return analysis::percent_text(static_cast<std::int64_t>(part * 1000 / whole));
}

std::uint64_t sum(std::span<const std::uint64_t> values) {
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

}  // namespace

void Profile::observe(const trace::Record& record, trace::RecordId id) {
    event_.push_back({record, id});
}

bool Profile::run_to_next_record(sim::World& world, zab::Instant end) {
    const std::uint64_t begin = cpu_now_ns();
    const bool is_over = world.run_until(end, 1);
    account(cpu_now_ns() - begin);
    return !is_over;
}

void Profile::finish(sim::World& world) {
    const std::uint64_t begin = cpu_now_ns();
    world.finish();
    account(cpu_now_ns() - begin);
}

void Profile::account(std::uint64_t spent_ns) {
    if (!event_.empty()) {
        cpu_ns_[static_cast<std::size_t>(event_.front().record.kind())] += spent_ns;
    }
    std::array<char, trace::LineFormat::max_line> line{};
    for (const Entry& entry : event_) {  // Formatted here, outside the measured time.
        const char* const line_end = format_.put(line.data(), entry.record, entry.id);
        bytes_[static_cast<std::size_t>(entry.record.kind())] +=
            static_cast<std::uint64_t>(line_end - line.data());
    }
    event_.clear();
}

std::string Profile::text(const trace::Recorder& recorder, std::uint64_t events) const {
    const std::uint64_t cpu = sum(cpu_ns_);
    const std::uint64_t bytes = sum(bytes_);
    std::vector<std::size_t> kinds(trace::kind_count);
    std::iota(kinds.begin(), kinds.end(), std::size_t{0});
    std::ranges::stable_sort(kinds, std::ranges::greater{}, [this](auto k) { return cpu_ns_[k]; });
    using analysis::Align;
    analysis::Table table({{"record", Align::left},
                           {"records"},
                           {"cpu"},
                           {"share"},
                           {"cpu/record"},
                           {"trace bytes"},
                           {"share"}});
    for (const std::size_t kind : kinds) {
        const std::uint64_t count = recorder.counts()[kind];
        if (count == 0) continue;
        table.add({std::string(trace::row(static_cast<trace::Kind>(kind)).name),
                   analysis::count_text(count),
                   analysis::duration_text({static_cast<std::int64_t>(cpu_ns_[kind])}),
                   share_text(cpu_ns_[kind], cpu), fmt::format("{} ns", cpu_ns_[kind] / count),
                   analysis::count_text(bytes_[kind]), share_text(bytes_[kind], bytes)});
    }
    return fmt::format(
        "\nProfile\n{}  {} events, {} records, {} of cpu, {} bytes of trace at level all\n"
        "  cpu: measured around each event, observers included, counted for its first record;\n"
        "  each measurement contains about {} ns of the clock's own\n",
        table.text(), analysis::count_text(events), analysis::count_text(recorder.next_id()),
        analysis::duration_text({static_cast<std::int64_t>(cpu)}), analysis::count_text(bytes),
        clock_cost_ns());
}

}  // namespace cli
