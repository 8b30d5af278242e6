#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/support/cluster.hpp"

#include <fmt/format.h>

#include <memory>
#include <regex>

namespace conformance {

namespace {

using Kind = Value::Kind;

/// A leader before its epoch is decided, and the learners that ask it for one.
class Collector {
  public:
    explicit Collector(const Value& initial, const zab::Release& release) {
        zab::Config config = config_of(initial, 1);
        config.release = release;
        if (config.voters.empty()) config.voters = {{1}, {2}, {3}};
        server_ = std::make_unique<zab::Server>(config.voters.front(),
                                                std::make_shared<const zab::Config>(config));
        const Value& leader = member(initial, "leader");
        const auto epoch = [&leader](std::string_view key) -> zab::Epoch {
            const Value* found = leader.find(key);
            return {found == nullptr ? 0 : static_cast<std::uint32_t>(number(*found, key))};
        };
        server_->accepted_epoch = epoch("acceptedEpoch");
        server_->current_epoch = epoch("currentEpoch");
    }

    /// The leader's own thread asks.
    void ask() {
        leading_.on_port_open(*server_, effects_);
        settle();
    }
    void connect(std::uint16_t sid, zab::Epoch accepted) {
        zab::Effects wishes;
        leading_.on_link_up(*server_, {++links_, 1}, wishes);
        for (const zab::Effect& wish : wishes.list()) {
            if (const auto* limit = std::get_if<zab::SetReadTimeout>(&wish))
                patience_ = limit->timeout;
        }
        zab::Handler& handler = leading_.handlers.back();
        handler.sid = {static_cast<std::uint16_t>(sid + 1)};
        handler.participant = server_->quorum.is_voter(handler.sid);
        leading_.on_registered(*server_, handler, accepted, effects_);
        settle();
    }
    void acknowledge(std::uint16_t sid) {
        for (zab::Handler& handler : leading_.handlers) {
            if (handler.sid.value != sid + 1) continue;
            leading_.on_ack_epoch(*server_, handler, {{}, server_->current_epoch}, effects_);
        }
    }
    /// The leader's main thread, once its own promise is written, acknowledges too.
    void acknowledge_own() { leading_.on_main_turn(*server_, effects_); }

    bool is_decided() const { return leading_.epoch_decided; }
    bool is_acknowledged() const { return leading_.election_finished; }
    zab::Epoch epoch() const { return leading_.epoch; }
    zab::Epoch accepted() const { return server_->accepted_epoch; }
    /// A learner that hears nothing is given up after initLimit ticks.
    bool gives_up_after_init_limit() const {
        return patience_ == server_->ticks(server_->config->init_limit);
    }

  private:
    void settle() {
        if (leading_.epoch_decided && !leading_.epoch_written) {
            leading_.on_accepted_epoch_written(*server_, effects_);
        }
    }

    std::unique_ptr<zab::Server> server_;
    zab::Leading leading_;
    zab::Effects effects_;
    std::uint32_t links_ = 0;
    zab::Duration patience_{};
};

std::vector<std::uint16_t> numbers_in(const std::string& words) {
    static const std::regex digits("[0-9]+");
    std::vector<std::uint16_t> all;
    for (std::sregex_iterator i(words.begin(), words.end(), digits), end; i != end; ++i) {
        all.push_back(static_cast<std::uint16_t>(std::stoul(i->str())));
    }
    return all;
}

struct Seen {
    bool followers_waited = true;
    bool leader_blocks = false;
};

void play(Collector& collector, const std::string& step, Seen& seen) {
    static const std::regex call(
        "followers? ([0-9, ]+).*calls? (getEpochToPropose|waitForEpochAck)"
        "(, leader does not)?(; they time out)?");
    static const std::regex tentative("leader proposes tentative ([0-9]+) and waits");
    static const std::regex joins("follower ([0-9]+) with acceptedEpoch ([0-9]+) connects");
    static const std::regex own("leader calls it");
    static std::smatch found;
    if (std::regex_search(step, found, call)) {
        const bool bids = found[2] == "getEpochToPropose";
        for (const std::uint16_t sid : numbers_in(found[1])) {
            if (!bids) collector.connect(sid, collector.accepted());
            if (bids) collector.connect(sid, collector.accepted());
        }
        if (!bids) {
            collector.ask();
            for (const std::uint16_t sid : numbers_in(found[1])) collector.acknowledge(sid);
        }
        const bool is_done = bids ? collector.is_decided() : collector.is_acknowledged();
        seen.followers_waited = !is_done && collector.gives_up_after_init_limit();
    } else if (std::regex_search(step, found, tentative)) {
        collector.ask();
        const bool waits = !collector.is_decided();
        if (!waits || collector.epoch().value != std::stoul(found[1])) {
            throw Refused("the leader does not wait with that epoch: " + step);
        }
    } else if (std::regex_search(step, found, joins)) {
        const auto sid = static_cast<std::uint16_t>(std::stoul(found[1]));
        collector.connect(sid, {static_cast<std::uint32_t>(std::stoul(found[2]))});
    } else if (std::regex_search(step, found, own)) {
        if (collector.is_decided()) {
            collector.acknowledge_own();
            seen.leader_blocks = !collector.is_acknowledged();
        } else {
            collector.ask();
            seen.leader_blocks = !collector.is_decided();
        }
    } else {
        throw Refused("step: " + step);
    }
}

/// Epoch files and histories as a disk is described, in words or as a table.
void preset(sim::Disk& disk, const Value& described) {
    zab::History log;
    std::optional<zab::Snapshot> snapshot;
    std::optional<zab::Epoch> accepted, current, temporary;
    const auto push = [&log](zab::Zxid zxid) {
        log.push({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
    };
    if (described.is(Kind::object)) {
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
        static const std::regex of_temporary("currentEpoch\\.tmp = ([0-9]+)");
        static const std::regex of_log("last zxid epoch ([0-9]+)");
        std::smatch found;
        if (!std::regex_search(described.text, found, of_temporary)) {
            throw Refused("disk: " + described.text);
        }
        const auto epoch = static_cast<std::uint32_t>(std::stoul(found[1]));
        temporary = zab::Epoch{epoch};
        accepted = zab::Epoch{epoch};
        current = zab::Epoch{epoch - 1};
        if (std::regex_search(described.text, found, of_log)) {
            push(zab::Zxid::of({static_cast<std::uint32_t>(std::stoul(found[1]))}, 1));
        }
    }
    disk.preset(log, snapshot, accepted, current);
    if (temporary.has_value()) disk.leave_current_epoch_temporary(*temporary);
}

}  // namespace

std::optional<Verdict> judge_epochs(const Case& one) {
    const Value* leader = one.initial.find("leader");
    if (one.level != "unit" || leader == nullptr) return std::nullopt;
    Collector collector(one.initial, one.release);
    Seen seen;
    for (const std::string& step : texts(one.stimulus, "stimulus")) play(collector, step, seen);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key == "epoch" || key == "leaderEpoch") {
            verdict.check(key, std::to_string(number(value, key)),
                          std::to_string(collector.epoch().value));
        } else if (key == "leaderBlocks") {
            verdict.check(key, truth(value, key), seen.leader_blocks);
        } else if (key == "followers" && value.text == "time out after initLimit*tick") {
            verdict.require(value.text, seen.followers_waited);
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

std::optional<Verdict> judge_disk(const Case& one) {
    const Value* described = one.initial.find("disk");
    if (described == nullptr) return std::nullopt;
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
        } else if (key == "server" && value.text.starts_with("refuses")) {
            verdict.require(value.text, cluster.refusals() > 0);
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace conformance
