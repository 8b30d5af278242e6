#include "cli/hunt/result_log.hpp"

#include "cli/hunt/capsule_file.hpp"
#include "sim/random/key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace cli {

using Json = nlohmann::ordered_json;

std::string_view name_of(Recovery::Outcome outcome) {
    switch (outcome) {
        case Recovery::Outcome::live: return "live";
        case Recovery::Outcome::slow: return "slow";
        case Recovery::Outcome::dead: return "dead";
        case Recovery::Outcome::excused: return "excused";
    }
    return "";
}

std::string digest_text(std::string_view text) {
    return hash_text(sim::derive(sim::Key{}, text).value);
}

std::string to_line(const SeedRecord& record) {
    const Json line = {{"format", SeedRecord::format},  {"scenario", record.scenario},
                       {"behaviour", record.behaviour}, {"seed", record.seed},
                       {"failure", record.failure},     {"recovery", record.recovery},
                       {"message", record.message},     {"time_ns", record.time_ns},
                       {"records", record.records},     {"hash", record.hash}};
    return line.dump() + "\n";
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
    try {
        return SeedRecord{.scenario = json.at("scenario"),
                          .behaviour = json.at("behaviour"),
                          .seed = json.at("seed"),
                          .failure = json.at("failure"),
                          .recovery = json.at("recovery"),
                          .message = json.at("message"),
                          .time_ns = json.at("time_ns"),
                          .records = json.at("records"),
                          .hash = json.at("hash")};
    } catch (const Json::exception& error) {
        reason = fmt::format("not a result: {}", error.what());
        return std::nullopt;
    }
}

trace::Failure ResultLog::read(const std::string& path, SeedRecords& out) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fmt::format("{}: error: cannot be read: {}", path, std::strerror(errno));
    std::string line;
    for (std::uint64_t number = 1; std::getline(file, line); ++number) {
        const bool is_last_and_torn = file.eof();
        std::string reason;
        std::optional<SeedRecord> record = from_line(line, reason);
        if (!record && (is_last_and_torn || line.empty())) continue;
        if (!record) return fmt::format("{}:{}: error: {}", path, number, reason);
        const SeedKey key{record->scenario, record->behaviour, record->seed};
        const auto [place, is_new] = out.try_emplace(key, *record);
        if (!is_new && place->second != *record) {
            return fmt::format(
                "{}:{}: error: seed {} has two different results: zabsim is not deterministic, or "
                "one of the two was changed by hand",
                path, number, record->seed);
        }
    }
    return {};
}

ResultLog::ResultLog(const std::string& path) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
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
    if (::pread(descriptor_, &last, 1, about.st_size - 1) == 1 && last != '\n') {
        // An empty line is passed over; so is the torn one, which the reader must not take for
        // the last: cut it off.
        off_t keep = about.st_size;
        while (keep > 0 && ::pread(descriptor_, &last, 1, keep - 1) == 1 && last != '\n') --keep;
        if (::ftruncate(descriptor_, keep) != 0) {
            failure_ = fmt::format("{}: error: cannot be written: {}", path_, std::strerror(errno));
        }
    }
}

void ResultLog::append(const SeedRecord& record) {
    if (failure_) return;
    const std::string line = to_line(record);
    const ssize_t written = ::write(descriptor_, line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size())) return;
    failure_ = fmt::format("{}: error: cannot be written: {}", path_,
                           written < 0 ? std::strerror(errno) : "no space is left");
}

}  // namespace cli
