#include "tests/support/random_scenario.hpp"

#include "sim/random/key.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tests {

namespace {

constexpr std::uint64_t duration_ms = 10'000;
constexpr std::uint64_t last_fault_ms = 7'000;  // What is left shows whether it recovers.

/// Draws in the order in which they are asked for: never two in one expression.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : key_(sim::derive(sim::root_key(seed, 0), "scenario")) {}

    std::uint64_t below(std::uint64_t limit) {
        return sim::uniform_below(sim::Key{sim::draw(key_, 0, ++drawn_)}, limit);
    }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    bool happens(std::uint64_t percent) { return below(100) < percent; }
    template <std::size_t n>
    std::string one_of(const std::array<std::string_view, n>& words) {
        return std::string(words[below(n)]);
    }

  private:
    sim::Key key_;
    std::uint64_t drawn_ = 0;
};

struct Size {
    std::uint64_t voters = 0;
    std::uint64_t observers = 0;
};

std::string ensemble(Dice& dice, Size size) {
    const std::uint64_t tick = dice.between(100, 500);
    const std::uint64_t init_limit = dice.between(3, 10);
    const std::uint64_t sync_limit = dice.between(2, 5);
    const std::uint64_t window = dice.happens(30) ? 0 : dice.between(1, 500);
    const std::uint64_t snapshots = dice.happens(50) ? 100'000 : dice.between(20, 300);
    const std::uint64_t batch = dice.happens(70) ? 1'000 : dice.between(1, 20);
    return fmt::format(
        R"({{"voters": {}, "observers": {}, "tick_time": "{}ms", "init_limit": {}, )"
        R"("sync_limit": {}, "commit_log_count": {}, "snapshot_count": {}, "max_batch_size": {}}})",
        size.voters, size.observers, tick, init_limit, sync_limit, window, snapshots, batch);
}

std::string machines(Dice& dice) {
    const std::string delay = dice.one_of<4>(
        {R"("100us")", R"({"uniform": {"min": "50us", "max": "5ms"}})",
         R"({"exponential": {"mean": "2ms"}})", R"({"pareto": {"min": "200us", "shape": 1.5}})"});
    const std::uint64_t loss_per_mille = dice.happens(20) ? dice.between(1, 20) : 0;
    const std::string sync =
        dice.one_of<3>({R"("500us")", R"({"uniform": {"min": "100us", "max": "20ms"}})",
                        R"({"bimodal": {"fast": "300us", "slow": "60ms", "slow_share": "5%"}})"});
    const std::string cpu = dice.one_of<2>({"zero", "jvm"});
    const std::string process = dice.one_of<3>({"instant", "jvm", "jvm"});
    return fmt::format(R"("network": {{"delay": {}, "loss": "{}.{}%"}}, "disk": {{"sync": {}}}, )"
                       R"("cpu": "{}", "process": "{}")",
                       delay, loss_per_mille / 10, loss_per_mille % 10, sync, cpu, process);
}

std::string client_group(Dice& dice, Size size) {
    const std::uint64_t count = dice.between(1, 4);
    const std::uint64_t outstanding = dice.between(1, 4);
    const std::uint64_t think = dice.between(20, 100);
    const std::uint64_t rate = dice.between(5, 30);
    const std::uint64_t burst = dice.between(2, 20);
    std::string load;
    switch (dice.below(3)) {
        case 0: load = fmt::format(R"({{"open": {{"poisson": "{}/s"}}}})", rate); break;
        case 1:
            load =
                fmt::format(R"({{"open": {{"bursts": {{"every": "400ms", "size": {}}}}}}})", burst);
            break;
        default:
            load = fmt::format(R"({{"closed": {{"outstanding": {}, "think_time": "{}ms"}}}})",
                               outstanding, think);
            break;
    }
    const std::uint64_t create = dice.below(3);
    const std::uint64_t get = dice.below(6);
    const std::uint64_t sync = dice.below(2);
    const std::uint64_t paths = dice.between(1, 50);
    std::string placement = dice.one_of<4>({"spread", "leader", "followers", "observers"});
    if (placement == "observers" && size.observers == 0) placement = "spread";
    const std::uint64_t timeout = dice.between(1, 10);
    return fmt::format(
        R"({{"count": {}, "load": {}, "operations": {{"create": {}, "set": 4, "get": {}, )"
        R"("sync": {}}}, "paths": {{"uniform": {{"count": {}}}}}, "placement": "{}", )"
        R"("session_timeout": "{}s", "payload": {{"min": "0B", "max": "2KiB"}}}})",
        count, load, create, get, sync, paths, placement, timeout);
}

std::string target(Dice& dice, Size size) {
    const std::uint64_t id = dice.between(1, size.voters + size.observers);
    if (dice.happens(30)) return fmt::format("{}", id);
    return '"' +
           dice.one_of<6>({"leader", "follower", "any_voter", "minority", "majority", "all"}) + '"';
}

std::string place(Dice& dice) {
    const std::uint64_t at = dice.between(200, last_fault_ms);
    const std::string record =
        dice.one_of<12>({"propose", "append", "synced", "ack", "commit", "deliver", "looking",
                         "elected", "leading", "established", "synchronized", "accepted_epoch"});
    const std::uint64_t nth = dice.between(1, 40);
    const std::string anchor = dice.happens(80) ? "after" : "before";
    if (dice.happens(60)) return fmt::format(R"("at": "{}ms", "within": "2s")", at);
    return fmt::format(R"("{}": {{"record": "{}", "nth": {}}}, "within": "2s")", anchor, record,
                       nth);
}

/// One fault, which ends by itself.
std::string fault(Dice& dice, Size size) {
    const std::string when = place(dice);
    const std::string near = target(dice, size);
    const std::string far = target(dice, size);
    const std::uint64_t lasting = dice.between(1, 3'000);
    const std::uint64_t factor = dice.between(2, 50);
    const std::uint64_t extra = dice.between(1, 300);
    const std::string one_way = dice.one_of<2>({"true", "false"});
    const std::string links =
        fmt::format(R"("from": {}, "to": {}, "one_way": {})", near, far, one_way);
    static constexpr std::array<std::string_view, 13> kinds = {
        "crash", "crash", "power_loss", "power_loss", "pause",     "disk_stall", "cut",
        "cut",   "clog",  "delay",      "loss",       "slow_disk", "slow_cpu"};
    const std::string kind = dice.one_of(kinds);
    std::string what = near;
    if (kind == "cut" || kind == "clog") what = fmt::format("{{{}}}", links);
    if (kind == "delay") what = fmt::format(R"({{{}, "extra": "{}ms"}})", links, extra);
    if (kind == "loss") what = fmt::format(R"({{{}, "probability": "{}%"}})", links, factor);
    if (kind == "slow_disk" || kind == "slow_cpu") {
        what = fmt::format(R"({{"target": {}, "factor": {}}})", near, factor);
    }
    if (dice.happens(10)) return fmt::format(R"({{{}, "reset": {{{}}}}})", when, links);
    return fmt::format(R"({{{}, "lasting": "{}ms", "{}": {}}})", when, lasting, kind, what);
}

}  // namespace

std::string random_scenario(std::uint64_t seed) {
    Dice dice(seed);
    Size size;
    size.voters = dice.between(2, 7);
    size.observers = dice.happens(40) ? dice.between(1, 2) : 0;
    std::string clients = client_group(dice, size);
    for (std::uint64_t more = dice.below(3); more > 0; --more) {
        clients += ", " + client_group(dice, size);
    }
    std::string faults = fault(dice, size);
    for (std::uint64_t more = dice.below(8); more > 0; --more) {
        faults += ", " + fault(dice, size);
    }
    const std::string servers = ensemble(dice, size);
    const std::string hardware = machines(dice);
    return fmt::format(R"({{"name": "random-{}", "seed": {}, "duration": "{}ms", "ensemble": {}, )"
                       R"({}, "clients": [{}], "faults": [{}]}})",
                       seed, seed, duration_ms, servers, hardware, clients, faults);
}

}  // namespace tests
