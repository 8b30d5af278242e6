#include "sim/chaos/chaos.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

/// The parts of a random world that are no faults.
namespace sim::chaos {

namespace {

std::vector<std::uint32_t> numbered(std::uint32_t first, std::uint64_t count) {
    std::vector<std::uint32_t> ids(count);
    std::iota(ids.begin(), ids.end(), first);
    return ids;
}

/// Weights of 0 to 3, at least one of them above 0; or none at all.
std::string draw_weights(Dice& dice, const Setting& setting) {
    if (setting.voters.size() < 3 || !dice.happens(15)) {
        return {};
    }
    std::vector<std::string> weights;
    for (const std::uint32_t id : setting.voters) {
        const std::uint64_t weight = id == setting.voters.front() ? 1 : dice.below(4);
        weights.push_back(fmt::format(R"("{}": {})", id, weight));
    }
    return fmt::format(R"(, "weights": {{{}}})", fmt::join(weights, ", "));
}

std::string draw_load(Dice& dice) {
    const std::uint64_t kind = dice.below(3);
    if (kind == 0) {
        return fmt::format(R"({{"open": {{"poisson": "{}/s"}}}})", dice.between(2, 15));
    }
    if (kind == 1) {
        const std::uint64_t every = dice.between(300, 2'000);
        return fmt::format(R"({{"open": {{"bursts": {{"every": "{}ms", "size": {}}}}}}})", every,
                           dice.between(2, 12));
    }
    const std::uint64_t outstanding = dice.between(1, 4);
    return fmt::format(R"({{"closed": {{"outstanding": {}, "think_time": "{}ms"}}}})", outstanding,
                       dice.between(50, 400));
}

std::string draw_client_group(Dice dice, Setting& setting) {
    const std::uint64_t count = dice.between(1, 3);
    const std::string load = draw_load(dice);
    const std::uint64_t create = dice.below(3);
    const std::uint64_t get = dice.below(6);
    const std::uint64_t sync = dice.below(2);
    const std::uint64_t paths = dice.spread(1, 500);
    const std::uint64_t payload = dice.spread(0, 20'000);
    setting.tree_bytes = std::max(setting.tree_bytes, most_tree_bytes(paths, payload));
    std::string_view placement = dice.one_of({"spread", "leader", "followers", "observers"});
    if (placement == "observers" && setting.observers.empty()) {
        placement = "spread";
    }
    const std::uint64_t timeout = dice.between(least_session_ms, 4'000);
    setting.session_ms = std::max(setting.session_ms, timeout);
    // Not in closed loops: all of them might come to wait for changes that nobody makes any more.
    const bool is_open = load.starts_with(R"({"open")");
    const std::uint64_t watch = is_open && dice.happens(50) ? dice.between(1, 4) : 0;
    return fmt::format(
        R"({{"count": {}, "load": {}, "operations": {{"create": {}, "set": 4, "get": {}, )"
        R"("sync": {}, "watch": {}}}, "paths": {{"uniform": {{"count": {}}}}}, "placement": "{}", )"
        R"("session_timeout": "{}ms", "payload": {{"min": "0B", "max": "{}B"}}}})",
        count, load, create, get, sync, watch, paths, placement, timeout, payload);
}

}  // namespace

void least_limits(Setting& setting) {
    setting.tick_ms = 100;
    setting.init_limit = 3;
    setting.sync_limit = 2;
    setting.dial_timeout_ms = 500;
    setting.notification_ms = 1'000;
}

std::string draw_ensemble(const ChaosSpec& spec, Dice dice, Setting& setting) {
    const std::uint64_t voters = dice.spread(spec.fewest_voters, spec.most_voters);
    const std::uint64_t observers = dice.happens(40) ? dice.between(0, spec.most_observers) : 0;
    setting.voters = numbered(1, voters);
    setting.observers = numbered(static_cast<std::uint32_t>(voters + 1), observers);
    least_limits(setting);
    setting.tick_ms = dice.between(setting.tick_ms, 300);
    setting.init_limit = dice.between(setting.init_limit, 6);
    setting.sync_limit = dice.between(setting.sync_limit, 4);
    setting.dial_timeout_ms = dice.between(setting.dial_timeout_ms, 1'500);
    setting.notification_ms = dice.between(setting.notification_ms, 3'000);
    const std::uint64_t window = dice.happens(30) ? 0 : dice.spread(1, 500);
    const std::uint64_t snapshots = dice.happens(50) ? 100'000 : dice.spread(5, 300);
    const std::uint64_t batch = dice.happens(70) ? 1'000 : dice.spread(1, 20);
    const std::string weights = draw_weights(dice, setting);
    const std::uint64_t flush_delay = dice.happens(15) ? dice.between(1, 30) : 0;
    const std::uint64_t limit = dice.happens(15) ? dice.spread(1, 30) : 1'000;
    const bool snapshots_only = dice.happens(10);
    const std::uint64_t throttle = dice.happens(10) ? dice.spread(1, 30) : 0;
    return fmt::format(
        R"("ensemble": {{"voters": {}, "observers": {}, "tick_time": "{}ms", "init_limit": {}, )"
        R"("sync_limit": {}, "election_connection_timeout": "{}ms", )"
        R"("max_notification_interval": "{}ms", "commit_log_count": {}, "snapshot_count": {}, )"
        R"("max_batch_size": {}, "flush_delay": "{}ms", "global_outstanding_limit": {}, )"
        R"("throttle_max_requests": {}, "force_snapshot_sync": {}{}}})",
        voters, observers, setting.tick_ms, setting.init_limit, setting.sync_limit,
        setting.dial_timeout_ms, setting.notification_ms, window, snapshots, batch, flush_delay,
        limit, throttle, snapshots_only, weights);
}

std::string draw_clients(Dice dice, Setting& setting) {
    std::vector<std::string> groups;
    setting.session_ms = 0;
    const std::uint64_t count = dice.between(1, 3);
    for (std::uint64_t i = 0; i < count; ++i) {
        groups.push_back(draw_client_group(dice.of(i), setting));
    }
    return fmt::format(R"("clients": [{}])", fmt::join(groups, ", "));
}

/// Bytes per millisecond at which a snapshot of all that there can be does not keep an ensemble
/// from coming back: a leader writes one before it listens, and its followers try five times,
/// 100 ms apart; then it is read, sent and written once more within initLimit.
std::uint64_t slowest_rate(const Setting& setting) {
    const std::uint64_t patience_ms = setting.init_limit * setting.tick_ms / 10;
    return 1 + setting.tree_bytes / std::clamp<std::uint64_t>(patience_ms, 1, 100);
}

std::string draw_network(Dice dice, const Setting& setting) {
    const std::string_view delay = dice.one_of(
        {R"("100us")", R"({"uniform": {"min": "50us", "max": "5ms"}})",
         R"({"exponential": {"mean": "2ms"}})", R"({"pareto": {"min": "200us", "shape": 1.5}})"});
    const std::uint64_t loss = dice.happens(20) ? dice.between(1, 10) : 0;
    constexpr std::uint64_t kbit_in_a_byte_per_ms = 8;
    const std::uint64_t least = kbit_in_a_byte_per_ms * slowest_rate(setting);
    const std::uint64_t rate = dice.happens(50) ? 1'000'000 : dice.spread(least, 40 * least);
    const std::uint64_t buffer = dice.happens(30) ? dice.spread(4, 256) : 4'096;
    return fmt::format(R"("network": {{"delay": {}, "loss": "0.{}%", "bandwidth": "{}kbit/s", )"
                       R"("send_buffer": "{}KiB"}})",
                       delay, loss % 10, std::max<std::uint64_t>(rate, 1'000), buffer);
}

std::string draw_disk(Dice dice, const Setting& setting) {
    const std::string_view sync =
        dice.one_of({R"("500us")", R"({"uniform": {"min": "100us", "max": "20ms"}})",
                     R"({"bimodal": {"fast": "300us", "slow": "60ms", "slow_share": "5%"}})"});
    // A slow one makes a snapshot last: what commits meanwhile is another matter then.
    const std::uint64_t least = slowest_rate(setting);
    const std::uint64_t rate = dice.happens(50) ? 200'000 : dice.spread(least, 40 * least);
    return fmt::format(
        R"("disk": {{"sync": {}, "read_bandwidth": "{}kB/s", "write_bandwidth": "{}kB/s"}})", sync,
        rate, rate);
}

std::string draw_process(Dice dice) {
    const std::string_view cpu = dice.one_of({"zero", "jvm"});
    return fmt::format(R"("cpu": "{}", "process": "{}")", cpu, dice.one_of({"instant", "jvm"}));
}

}  // namespace sim::chaos
