#include "protocol/types/ensure.hpp"
#include "sim/chaos/chaos.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sim::chaos {

namespace {

/// What the families share: who there is, and when it may happen.
struct Stage {
    const Setting& setting;
    std::uint32_t most;     ///< Faults of the family.
    std::uint64_t last_ms;  ///< All of them are over by then.

    std::vector<std::uint32_t> everybody() const {
        std::vector<std::uint32_t> all = setting.voters;
        all.insert(all.end(), setting.observers.begin(), setting.observers.end());
        return all;
    }
};

/// When something of up to `longest` milliseconds happens.
struct Moment {
    std::uint64_t at = 0;
    std::uint64_t lasting = 0;
};

Moment moment(Dice& dice, const Stage& stage, std::uint64_t longest) {
    const std::uint64_t room = stage.last_ms - first_fault_ms;
    const std::uint64_t lasting = dice.spread(1, std::min(longest, room));
    return {first_fault_ms + dice.below(room - lasting + 1), lasting};
}

std::uint32_t any_server(Dice& dice, const Stage& stage) {
    const std::vector<std::uint32_t> all = stage.everybody();
    return all[dice.below(all.size())];
}

std::string target(Dice& dice, const Stage& stage) {
    if (dice.happens(40)) {
        return std::to_string(any_server(dice, stage));
    }
    return fmt::format(
        R"("{}")", dice.one_of({"leader", "leader", "follower", "any_voter", "minority", "all"}));
}

/// Some of the servers, in random order; at least one.
std::vector<std::uint32_t> some_servers(Dice& dice, std::vector<std::uint32_t> all) {
    for (std::size_t i = all.size(); i > 1; --i) {
        std::swap(all[i - 1], all[dice.below(i)]);
    }
    all.resize(1 + dice.below(all.size()));
    return all;
}

/// Two sides, as the parameters of a network fault.
std::string links(Dice& dice, const Stage& stage, bool is_one_way) {
    const std::uint64_t shape = dice.below(3);
    const std::string near =
        shape == 0 ? fmt::format("[{}]", fmt::join(some_servers(dice, stage.everybody()), ", "))
                   : target(dice, stage);
    std::string out = fmt::format(R"("from": {})", near);
    if (shape == 2) {
        out += fmt::format(R"(, "to": {})", any_server(dice, stage));
    }
    return is_one_way ? out + R"(, "one_way": true)" : out;
}

std::string at(const Moment& when, const std::string& action) {
    return fmt::format(R"({{"at": "{}ms", "within": "1s", "lasting": "{}ms", {}}})", when.at,
                       when.lasting, action);
}

/// A single fault that lasts up to `longest` milliseconds.
template <class Action>
std::vector<std::string> singles(Dice& dice, const Stage& stage, std::uint64_t longest,
                                 Action action) {
    std::vector<std::string> out(dice.between(1, stage.most));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Dice own = dice.of(i);
        const Moment when = moment(own, stage, longest);
        out[i] = at(when, action(own));
    }
    return out;
}

std::vector<std::string> on_servers(Dice& dice, const Stage& stage, std::uint64_t longest,
                                    std::string_view action) {
    return singles(dice, stage, longest, [&](Dice& own) {
        return fmt::format(R"("{}": {})", action, target(own, stage));
    });
}

std::vector<std::string> on_links(Dice& dice, const Stage& stage, std::uint64_t longest,
                                  std::string_view action, bool may_be_one_way = true) {
    return singles(dice, stage, longest, [&](Dice& own) {
        const bool is_one_way = may_be_one_way && own.happens(40);
        std::string more;
        if (action == "delay") {
            more = fmt::format(R"(, "extra": "{}ms")", own.spread(1, 500));
        } else if (action == "loss") {
            more = fmt::format(R"(, "probability": "{}%")", own.spread(1, 30));
        } else if (action == "rate") {
            more = fmt::format(R"(, "bandwidth": "{}kbit/s")", own.spread(100, 10'000));
        }
        return fmt::format(R"("{}": {{{}{}}})", action, links(own, stage, is_one_way), more);
    });
}

std::vector<std::string> slow(Dice& dice, const Stage& stage, std::string_view action) {
    return singles(dice, stage, 10'000, [&](Dice& own) {
        const std::string who = target(own, stage);
        return fmt::format(R"("{}": {{"target": {}, "factor": {}}})", action, who,
                           own.spread(2, 50));
    });
}

std::vector<std::string> resets(Dice& dice, const Stage& stage) {
    std::vector<std::string> out(dice.between(1, stage.most));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Dice own = dice.of(i);
        const Moment when = moment(own, stage, 1);
        out[i] = fmt::format(R"({{"at": "{}ms", "within": "1s", "reset": {{{}}}}})", when.at,
                             links(own, stage, false));
    }
    return out;
}

/// One server crashes again before it has come to rest.
std::vector<std::string> restart_storm(Dice& dice, const Stage& stage) {
    const std::uint32_t who = any_server(dice, stage);
    const bool has_power = dice.happens(50);
    std::uint64_t time = moment(dice, stage, 1).at;
    std::vector<std::string> out;
    const std::uint64_t times = dice.between(2, 6);
    for (std::uint64_t i = 0; i < times; ++i) {
        const std::uint64_t down = dice.spread(1, 400);
        if (time + down >= stage.last_ms) {
            break;
        }
        out.push_back(
            at({time, down}, fmt::format(R"("{}": {})", has_power ? "crash" : "power_loss", who)));
        time += down + dice.spread(20, 1'500);
    }
    return out;
}

std::vector<std::string> swizzle(Dice& dice, const Stage& stage) {
    const std::vector<std::uint32_t> chosen = some_servers(dice, stage.everybody());
    const std::string_view action = dice.one_of({"cut", "clog"});
    std::vector<std::string> out;
    for (const std::uint32_t server : chosen) {
        const Moment when = moment(dice, stage, 4'000);
        out.push_back(at(when, fmt::format(R"("{}": {})", action, server)));
    }
    return out;
}

std::vector<std::string> flapping(Dice& dice, const Stage& stage) {
    const std::string between = links(dice, stage, dice.happens(30));
    const std::uint64_t longest = dice.spread(20, 800);
    std::uint64_t time = moment(dice, stage, 1).at;
    std::vector<std::string> out;
    const std::uint64_t times = dice.between(2, 10);
    for (std::uint64_t i = 0; i < times; ++i) {
        const std::uint64_t lasting = dice.between(1, longest);
        if (time + lasting >= stage.last_ms) {
            break;
        }
        out.push_back(at({time, lasting}, fmt::format(R"("cut": {{{}}})", between)));
        time += lasting + dice.between(1, longest);
    }
    return out;
}

/// Right after or before a step that makes something durable, known, or lost.
std::vector<std::string> anchored(Dice& dice, const Stage& stage) {
    std::vector<std::string> out(dice.between(1, stage.most));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Dice own = dice.of(i);
        const std::string_view record = own.one_of({"propose",          "append",
                                                    "synced",           "ack",
                                                    "commit",           "deliver",
                                                    "looking",          "elected",
                                                    "leading",          "following",
                                                    "established",      "serving",
                                                    "synchronized",     "accepted_epoch",
                                                    "current_epoch",    "truncated",
                                                    "snapshot_sent",    "snapshot_installed",
                                                    "snapshot_written", "booted"});
        const std::string_view anchor = own.one_of({"after", "after", "before"});
        std::string node;
        if (own.happens(40)) {
            node = fmt::format(R"(, "node": {})", any_server(own, stage));
        }
        const std::uint64_t nth = own.spread(1, 60);
        const std::uint64_t lasting = own.spread(1, 3'000);
        const std::string_view action =
            own.one_of({"crash", "crash", "power_loss", "pause", "cut", "disk_stall"});
        const std::string who = target(own, stage);
        out[i] = fmt::format(R"({{"{}": {{"record": "{}", "nth": {}{}}}, "within": "1s", )"
                             R"("lasting": "{}ms", "{}": {}}})",
                             anchor, record, nth, node, lasting, action, who);
    }
    return out;
}

/// A disk that fails ends its process, perhaps long after: in the end somebody looks after all.
std::vector<std::string> failing(Dice& dice, const Stage& stage, std::string_view action) {
    std::vector<std::string> out = on_servers(dice, stage, 3'000, action);
    out.push_back(fmt::format(R"({{"at": "{}ms", "restart": "all"}})", stage.last_ms - 1));
    return out;
}

/// A power loss that tears what it takes first.
std::vector<std::string> torn(Dice& dice, const Stage& stage) {
    return singles(dice, stage, 6'000, [&](Dice& own) {
        return fmt::format(R"("power_loss": {{"target": {}, "torn": true}})", target(own, stage));
    });
}

std::vector<std::string> drift(Dice& dice, const Stage& stage) {
    return singles(dice, stage, 10'000, [&](Dice& own) {
        const std::string who = target(own, stage);
        return fmt::format(R"("clock_drift": {{"target": {}, "factor": {}}})", who,
                           own.one_of({"0.5", "0.8", "0.95", "0.99", "1.01", "1.05", "1.3", "2"}));
    });
}

std::vector<std::string> bursts(Dice& dice, const Stage& stage) {
    std::vector<std::string> out(dice.between(1, stage.most));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Dice own = dice.of(i);
        const Moment when = moment(own, stage, 1);
        out[i] = fmt::format(R"({{"at": "{}ms", "client_burst": {{"operations": {}}}}})", when.at,
                             own.spread(1, 100));
    }
    return out;
}

/// Bits of a disk change, and its server is started anew: it finds them, or it does not.
std::vector<std::string> rot(Dice& dice, const Stage& stage, bool is_found) {
    const std::vector<std::uint32_t>& who = stage.setting.weak;
    std::vector<std::string> out;
    if (who.empty()) return out;
    const std::uint64_t times = dice.between(1, stage.most);
    for (std::uint64_t i = 0; i < times; ++i) {
        Dice own = dice.of(i);
        const std::uint32_t server = who[own.below(who.size())];
        const std::string_view what =
            is_found ? own.one_of({"snapshot", "snapshot", "record"}) : std::string_view("tail");
        const Moment when = moment(own, stage, 3'000);
        out.push_back(
            fmt::format(R"({{"at": "{}ms", "disk_corrupt": {{"target": {}, "what": "{}"}}}})",
                        when.at, server, what));
        out.push_back(at(when, fmt::format(R"("crash": {})", server)));
    }
    return out;
}

/// A disk forgets what it said is durable, and then the power goes.
std::vector<std::string> lie(Dice& dice, const Stage& stage, std::string_view action) {
    const std::vector<std::uint32_t>& who = stage.setting.weak;
    std::vector<std::string> out;
    if (who.empty()) return out;
    const std::uint64_t times = dice.between(1, stage.most);
    for (std::uint64_t i = 0; i < times; ++i) {
        Dice own = dice.of(i);
        const std::uint32_t server = who[own.below(who.size())];
        const Moment lying = moment(own, stage, 6'000);
        out.push_back(at(lying, fmt::format(R"("{}": {})", action, server)));
        const std::uint64_t begin = lying.at + own.below(lying.lasting);
        const Moment dark{begin, own.spread(1, 1'000)};
        if (dark.at + dark.lasting < stage.last_ms) {
            out.push_back(at(dark, fmt::format(R"("power_loss": {})", server)));
        }
    }
    return out;
}

/// A random majority stays; every other server, observers too, is gone for good. Those that stay
/// must recover by themselves.
std::vector<std::string> core(Dice& dice, const Stage& stage) {
    std::vector<std::uint32_t> gone = stage.setting.weak;
    gone.insert(gone.end(), stage.setting.observers.begin(), stage.setting.observers.end());
    if (gone.empty()) {
        return {};
    }
    std::sort(gone.begin(), gone.end());
    return {fmt::format(R"({{"at": "{}ms", "{}": [{}]}})", stage.last_ms,
                        dice.one_of({"crash", "power_loss"}), fmt::join(gone, ", "))};
}

}  // namespace

std::vector<std::string> draw_faults(FaultFamily family, Dice dice, const Setting& setting,
                                     std::uint32_t most, std::uint64_t last_ms) {
    if (last_ms < 2 * first_fault_ms) {
        return {};  // The run is too short for faults and the recovery from them.
    }
    const Stage stage{setting, most, last_ms};
    switch (family) {
        case FaultFamily::crash: return on_servers(dice, stage, 6'000, "crash");
        case FaultFamily::power_loss: return on_servers(dice, stage, 6'000, "power_loss");
        case FaultFamily::pause: return on_servers(dice, stage, 6'000, "pause");
        case FaultFamily::restart_storm: return restart_storm(dice, stage);
        case FaultFamily::partition: return on_links(dice, stage, 5'000, "cut", false);
        case FaultFamily::one_way: return on_links(dice, stage, 5'000, "cut");
        case FaultFamily::swizzle: return swizzle(dice, stage);
        case FaultFamily::flapping: return flapping(dice, stage);
        case FaultFamily::delay: return on_links(dice, stage, 10'000, "delay");
        case FaultFamily::loss: return on_links(dice, stage, 3'000, "loss");
        case FaultFamily::clog: return on_links(dice, stage, 4'000, "clog");
        case FaultFamily::reset: return resets(dice, stage);
        case FaultFamily::rate: return on_links(dice, stage, 10'000, "rate");
        case FaultFamily::disk_stall: return on_servers(dice, stage, 3'000, "disk_stall");
        case FaultFamily::slow_disk: return slow(dice, stage, "slow_disk");
        case FaultFamily::slow_cpu: return slow(dice, stage, "slow_cpu");
        case FaultFamily::anchored: return anchored(dice, stage);
        case FaultFamily::core: return core(dice, stage);
        case FaultFamily::disk_error: return failing(dice, stage, "disk_error");
        case FaultFamily::disk_full: return failing(dice, stage, "disk_full");
        case FaultFamily::torn: return torn(dice, stage);
        case FaultFamily::corrupt: return rot(dice, stage, true);
        case FaultFamily::clock_drift: return drift(dice, stage);
        case FaultFamily::client_burst: return bursts(dice, stage);
        case FaultFamily::lying: return lie(dice, stage, "disk_lie");
        case FaultFamily::lost_writes: return lie(dice, stage, "disk_lose_writes");
        case FaultFamily::lost_tail: return rot(dice, stage, false);
    }
    zab::ensure(false, "every family is listed");
    return {};
}

}  // namespace sim::chaos
