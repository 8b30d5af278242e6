#include "cli/hunt/known_failures.hpp"

#include "sim/scenario/json_parse.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/scalars.hpp"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace cli {

namespace {

using One = KnownFailures::One;
using sim::decode::integer;
using sim::decode::key;
using sim::decode::list;
using sim::decode::object;
using sim::decode::Reader;
using sim::decode::text;
using sim::decode::wrong_member;

struct File {
    std::uint32_t format = 1;
    std::vector<One> known;
};

/// YYYY-MM-DD, as text that compares like days do.
bool is_day(const std::string& text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    for (const std::size_t i : {0u, 1u, 2u, 3u, 5u, 6u, 8u, 9u}) {
        if (text[i] < '0' || text[i] > '9') return false;
    }
    const auto number = [&](std::size_t at, std::size_t digits) {
        int out = 0;
        for (std::size_t i = at; i < at + digits; ++i) out = 10 * out + (text[i] - '0');
        return out;
    };
    const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                          std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    return day.ok();
}

sim::decode::Form<One> known_failure() {
    return object<One>({
        .outline = {"known", "A failure that is known.", {}},
        .keys =
            {
                key<One>("class", &One::failure, text(200), {"Its class.", "\"\""}).mandatory(),
                key<One>("until", &One::until, text(10), {"The last day.", "\"2027-01-31\""})
                    .mandatory(),
                key<One>("why", &One::why, text(10'000), {"Why it may stay.", "\"\""}).mandatory(),
            },
        .prepare = {},
        .check =
            [](const sim::json::Value& value, Reader& reader, const One& one) {
                return is_day(one.until) ||
                       wrong_member(value, reader, "until", "not a day, as in 2027-01-31");
            },
    });
}

sim::decode::Form<File> file_form() {
    return object<File>({
        .outline = {"known_failures", "Failures that are known.", {}},
        .keys =
            {
                key<File>("format", &File::format, integer<std::uint32_t>(1, 1),
                          {"The version of this format.", "1"})
                    .mandatory(),
                key<File>("known", &File::known, list(known_failure(), 0, 10'000),
                          {"The failures.", "[]"})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
}

}  // namespace

void KnownFailures::mark(CampaignSummary& summary, const std::string& day) const {
    for (const One& one : known) {
        const auto found = summary.failures.find(one.failure);
        if (found == summary.failures.end() || one.until < day) continue;
        found->second.known = fmt::format("until {}: {}", one.until, one.why);
    }
}

KnownFailures load_known_failures(const std::string& path, std::vector<std::string>& mistakes) {
    sim::FileText text = sim::read_regular_file(path);
    if (!text.text) {
        mistakes.push_back(fmt::format("{}: error: {}", sim::printable(path), text.reason));
        return {};
    }
    sim::Mistakes found;
    sim::Sources sources;
    sources.push_back({path, std::move(*text.text)});
    File file;
    if (const auto root = sim::json::parse(sources.front().text, 0, found)) {
        sim::decode::Reader reader(found, {});
        file_form().read(*root, reader, file);
    }
    mistakes = found.messages(sources);
    return {std::move(file.known)};
}

std::string today() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

}  // namespace cli
