#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"
#include "tests/support/cluster.hpp"

namespace conformance {

// A disk as it was left, that a server reads when it starts: epoch files, snapshot and log.

namespace {

using Kind = Value::Kind;

/// Epoch files and histories as a disk is described, in words or as a table.
void preset(sim::Disk& disk, const Value& described) {
    zab::History log;
    std::optional<zab::Snapshot> snapshot;
    std::optional<zab::Epoch> accepted, current, temporary;
    const auto push = [&log](zab::Zxid zxid) {
        log.push({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
    };
    if (described.is(Kind::object)) {
        only("disk", described, {"snapshot", "log", "epochFiles", "currentEpoch", "acceptedEpoch"});
        const auto epoch = [&described](const char* key) -> std::optional<zab::Epoch> {
            const Value* told = described.find(key);
            if (told == nullptr || is_nothing(*told)) return std::nullopt;
            return zab::Epoch{static_cast<std::uint32_t>(number(*told, key))};
        };
        accepted = epoch("acceptedEpoch");
        current = epoch("currentEpoch");
        if (const Value* zxid_of = described.find("snapshot")) {
            snapshot = zab::Snapshot{};
            snapshot->position.zxid = zxid(*zxid_of, "snapshot");
        }
        if (const Value* logged = described.find("log")) {
            for (const zab::Zxid zxid : zxids(*logged, "log")) push(zxid);
        }
        const Value* files = described.find("epochFiles");
        if (files != nullptr && files->text != "absent")
            throw Refused("epochFiles: " + files->text);
    } else {
        static const Regex of_temporary("currentEpoch\\.tmp = ([0-9]+)");
        static const char* const known =
            "currentEpoch|tmp|old|is|at|left|by|an?|the|failed|rename|last|zxid|epoch|of|in|file|"
            "behind|log|and";
        if (!made_of(regex_replace(described.text, compiled("="), ""), known)) {
            throw Refused("disk: " + described.text);
        }
        static const Regex of_log("last zxid epoch ([0-9]+)");
        Match found;
        if (!regex_search(described.text, found, of_temporary)) {
            throw Refused("disk: " + described.text);
        }
        const auto epoch = static_cast<std::uint32_t>(std::stoul(found[1]));
        temporary = zab::Epoch{epoch};
        accepted = zab::Epoch{epoch};
        current = zab::Epoch{epoch - 1};
        if (regex_search(described.text, found, of_log)) {
            const auto logged = static_cast<std::uint32_t>(std::stoul(found[1]));
            push(zab::Zxid::of({logged}, 1));
            current = zab::Epoch{logged - 1};  // Its file was to be written before that.
        }
    }
    disk.preset(log, snapshot, accepted, current);
    if (temporary.has_value()) disk.leave_current_epoch_temporary(*temporary);
}

bool tells_refusal(const std::string& words) {
    static const Regex form(
        "(?:is |it )?(?:refused|refuses(?: to (?:start|boot|serve))?|fails|does not (?:start|boot))"
        "(?:(?:: | ?\\(|, |; | as | because ).*)?");
    return regex_match(words, form);
}

/// "refuses: current epoch 1 is older than the last zxid": and so it must be on disk.
void check_reason(const zab::DiskImage& disk, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "[a-z ]*(?:: | ?\\(|, |; | as | because )(?:the |its )?(current|accepted) ?[eE]poch(?:,? "
        "([0-9]+),?)? is (?:older|less|lower|smaller) than (?:the |its )?"
        "(last zxid|current epoch)(?:,? (<[^>]*>|[0-9]+))?\\)?");
    static const Regex bare("[a-z ]*");
    if (regex_match(words, bare)) return;
    Match found;
    if (!regex_match(words, found, form)) throw Refused("expected: " + words);
    const zab::Zxid last = disk.log.last().zxid;
    const auto& epoch = found[1] == "current" ? disk.current_epoch : disk.accepted_epoch;
    const bool is_of_zxid = found[3] == "last zxid";
    const auto than = is_of_zxid ? std::optional(last.epoch()) : disk.current_epoch;
    verdict.require(words, epoch && than && *epoch < *than);
    if (found[2].matched && epoch) verdict.check(words, found[2], std::to_string(epoch->value));
    if (!found[4].matched || !than) return;
    const std::string got = is_of_zxid ? text(last) : std::to_string(than->value);
    verdict.check(words, found[4], got);
}

}  // namespace

std::optional<Verdict> judge_disk(const Case& one) {
    const Value* described = one.initial.find("disk");
    if (described == nullptr || one.area == "REC") return std::nullopt;
    for (const std::string& step : texts(one.stimulus, "stimulus")) {
        if (step != "load database" && step != "restart") throw Refused("step: " + step);
    }
    zab::Config config;
    config.voters = {{1}, {2}, {3}};
    config.release = one.release;
    test::Cluster cluster(config);
    const zab::NodeId self{1};
    preset(cluster.disk(self), *described);
    const zab::Zxid before = cluster.disk(self).image().log.last().zxid;
    cluster.start(self);
    cluster.run(zab::milliseconds(100));
    const zab::DiskImage& disk = cluster.disk(self).image();
    const auto file = [](const std::optional<zab::Epoch>& epoch) {
        return epoch.has_value() ? std::to_string(epoch->value) : std::string("absent");
    };
    const bool starts = cluster.is_up(self);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key == "acceptedEpoch" || key == "currentEpoch") {
            const zab::Server* server = starts ? &cluster.peer(self).server() : nullptr;
            const zab::Epoch epoch = server == nullptr       ? zab::Epoch{}
                                     : key == "currentEpoch" ? server->current_epoch
                                                             : server->accepted_epoch;
            verdict.check(key, std::to_string(number(value, key)),
                          starts ? std::to_string(epoch.value) : "no server");
        } else if (key == "files" && value.text.starts_with("both written with ")) {
            const std::string wanted = value.text.substr(value.text.rfind(' ') + 1);
            verdict.check("acceptedEpoch's file", wanted, file(disk.accepted_epoch));
            verdict.check("currentEpoch's file", wanted, file(disk.current_epoch));
        } else if (key == "server" && value.text == "starts, data intact") {
            verdict.require("starts", starts);
            verdict.require(
                "data intact",
                starts && cluster.peer(self).server().database.last_processed() == before);
        } else if ((key == "server" || key == "boot") && is_text(value) &&
                   tells_refusal(value.text)) {
            verdict.require(value.text, cluster.refusals() > 0);
            check_reason(disk, value.text, verdict);
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace conformance
