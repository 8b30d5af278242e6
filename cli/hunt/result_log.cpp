#include "cli/hunt/result_log.hpp"

#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/coverage.hpp"
#include "sim/random/key.hpp"
#include "sim/world/behaviour.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

namespace cli {

using Json = nlohmann::ordered_json;

namespace {

/// Whether it is how a result begins, as far as it goes.
bool begins_as_result(std::string_view torn) {
    constexpr std::string_view begin = R"({"format":)";
    return torn.substr(0, begin.size()) == begin.substr(0, torn.size());
}

bool is_integer(const Json& json, const char* key, std::uint64_t most) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_unsigned() &&
           found->get<std::uint64_t>() <= most;
}

/// The key that is no integer within its range; null: all are.
const char* wrong_integer(const Json& json) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (!is_integer(json, "behaviour", std::numeric_limits<std::uint32_t>::max())) {
        return "behaviour";
    }
    if (!is_integer(json, "seed", most)) return "seed";
    if (!is_integer(json, "time_ns", std::numeric_limits<std::int64_t>::max())) return "time_ns";
    return is_integer(json, "records", most) ? nullptr : "records";
}

/// Whether both may be results of one seed. If only one of them tells, for this build, what was
/// reached, `kept` does afterwards.
bool agree(SeedRecord& kept, SeedRecord other) {
    const CoverageTable& table = CoverageTable::of_this_build();
    if (!table.decode(kept.coverage)) std::swap(kept.coverage, other.coverage);
    if (!table.decode(other.coverage)) other.coverage = kept.coverage;
    return kept == other;
}

}  // namespace

std::string_view name_of(Recovery::Outcome outcome) {
    switch (outcome) {
        case Recovery::Outcome::live: return "live";
        case Recovery::Outcome::slow: return "slow";
        case Recovery::Outcome::lasso: return "lasso";
        case Recovery::Outcome::dead: return "dead";
        case Recovery::Outcome::excused: return "excused";
    }
    return "";
}

SeedRecord seed_record(const std::string& scenario, std::uint64_t seed,
                       const TrialOutcome& outcome) {
    const bool was_judged = outcome.is_clean() || outcome.failure.starts_with("liveness@");
    return {.scenario = scenario,
            .behaviour = sim::behaviour,
            .seed = seed,
            .failure = outcome.failure,
            .recovery = std::string(was_judged ? name_of(outcome.recovery.outcome) : ""),
            .message = outcome.message,
            .time_ns = outcome.time.ns,
            .records = outcome.records,
            .hash = hash_text(outcome.hash),
            .coverage = outcome.coverage};
}

SeedRecord seed_record_of_died(const std::string& scenario, std::uint64_t seed,
                               const std::string& why) {
    TrialOutcome outcome;
    outcome.failure = died_class;
    outcome.message = why;
    return seed_record(scenario, seed, outcome);
}

std::string digest_text(std::string_view text) {
    return hash_text(sim::derive(sim::Key{}, text).value);
}

std::string to_line(const SeedRecord& record) {
    Json line = {{"format", SeedRecord::format},  {"scenario", record.scenario},
                 {"behaviour", record.behaviour}, {"seed", record.seed},
                 {"failure", record.failure},     {"recovery", record.recovery},
                 {"message", record.message},     {"time_ns", record.time_ns},
                 {"records", record.records},     {"hash", record.hash}};
    if (!record.coverage.empty()) line["coverage"] = record.coverage;
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<SeedRecord> from_line(std::string_view line, std::string& reason) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("format")) {
        reason = "not a result: expected an object with a format";
        return std::nullopt;
    }
    if (json["format"] != SeedRecord::format) {
        reason = fmt::format("results of format {}, this zabsim reads format {}: run fuzz again",
                             json["format"].dump(), SeedRecord::format);
        return std::nullopt;
    }
    if (const char* const key = wrong_integer(json)) {
        reason = fmt::format("not a result: \"{}\" is no integer of its range", key);
        return std::nullopt;
    }
    try {
        return SeedRecord{.scenario = json.at("scenario"),
                          .behaviour = json.at("behaviour"),
                          .seed = json.at("seed"),
                          .failure = json.at("failure"),
                          .recovery = json.at("recovery"),
                          .message = json.at("message"),
                          .time_ns = json.at("time_ns"),
                          .records = json.at("records"),
                          .hash = json.at("hash"),
                          .coverage = json.value("coverage", "")};
    } catch (const Json::exception& error) {
        reason = fmt::format("not a result: {}", error.what());
        return std::nullopt;
    }
}

trace::Failure ResultLog::read(const std::string& path, SeedRecords& out) {
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown)) {
        return fmt::format("{}: error: cannot be read: it is a folder", path);
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return fmt::format("{}: error: cannot be read: {}", path, std::strerror(errno));
    std::string line;
    for (std::uint64_t number = 1; std::getline(file, line); ++number) {
        const bool is_last_and_torn = file.eof();
        std::string reason;
        std::optional<SeedRecord> record = from_line(line, reason);
        const bool is_torn = is_last_and_torn && begins_as_result(line);
        if (!record && (is_torn || line.empty())) continue;
        if (!record) return fmt::format("{}:{}: error: {}", path, number, reason);
        const SeedKey key{record->scenario, record->behaviour, record->seed};
        const auto [place, is_new] = out.try_emplace(key, *record);
        if (!is_new && !agree(place->second, *record)) {
            return fmt::format(
                "{}:{}: error: seed {} has two different results: zabsim is not deterministic, or "
                "one of the two was changed by hand",
                path, number, record->seed);
        }
    }
    if (file.bad()) return fmt::format("{}: error: cannot be read: {}", path, std::strerror(errno));
    return {};
}

ResultLog::ResultLog(const std::string& path)
    : path_(path),
      descriptor_(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) {
        failure_ = fmt::format("{}: error: cannot be opened: {}", path, std::strerror(errno));
        return;
    }
    end_torn_line();
}

ResultLog::~ResultLog() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

/// What a kill left of a line ends here, so that the next one begins a line.
void ResultLog::end_torn_line() {
    struct stat about {};
    char last = '\n';
    if (::fstat(descriptor_, &about) != 0 || about.st_size == 0) return;
    off_t keep = about.st_size;
    std::string torn;  // Backwards, until it is turned round.
    while (keep > 0 && ::pread(descriptor_, &last, 1, keep - 1) == 1 && last != '\n') {
        torn += last;
        --keep;
    }
    if (torn.empty()) return;
    std::reverse(torn.begin(), torn.end());
    std::string reason;
    // A result that lacks nothing but its end stays: it counts already. Anything else is cut off,
    // as the reader must not take it for a line.
    const bool is_whole = from_line(torn, reason).has_value();
    if (is_whole ? ::write(descriptor_, "\n", 1) != 1 : ::ftruncate(descriptor_, keep) != 0) {
        failure_ = fmt::format("{}: error: cannot be written: {}", path_, std::strerror(errno));
    }
}

void ResultLog::append(const SeedRecord& record) {
    if (failure_) return;
    const std::string line = to_line(record);
    const ssize_t written = ::write(descriptor_, line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size())) return;
    failure_ = fmt::format("{}: error: cannot be written: {}", path_,
                           written < 0 ? std::strerror(errno) : "no space is left");
    if (written <= 0) return;
    // Half a line is of no use. What another run has appended since stays.
    struct stat about {};
    const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
    const bool is_last = ::fstat(descriptor_, &about) == 0 && about.st_size == end;
    if (is_last && ::ftruncate(descriptor_, end - written) != 0) {
        *failure_ += "; its last line is torn, and will be passed over";
    }
}

}  // namespace cli
