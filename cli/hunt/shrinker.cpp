#include "cli/hunt/shrinker.hpp"

#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/pointers.hpp"
#include "cli/hunt/workers.hpp"
#include "cli/loading.hpp"
#include "sim/scenario/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace cli {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
/// As many as the certificate asks: what is left is needed with each of them.
constexpr std::uint64_t other_noises = 20;

/// One world in a process of its own, which may end or hang instead of an answer.
TrialOutcome try_apart(const Trial& trial, const Environment& environment) {
    TrialOutcome outcome;
    bool is_given = false;
    Workers workers(
        {},
        [&](std::uint64_t seed) {
            return seed_record({}, seed, try_out(trial, [] { return false; }));
        },
        [](std::uint64_t seed, const std::string& why) {
            return seed_record_of_died({}, seed, why);
        });
    workers.run(
        [&] {
            const bool is_first = !std::exchange(is_given, true);
            return is_first ? std::optional(trial.seed) : std::nullopt;
        },
        [&](const SeedRecord& record) { outcome.failure = record.failure; },
        environment.interrupted);
    return outcome;
}

}  // namespace

Shrinker::Shrinker(Value scenario, std::string failure, std::uint64_t seed,
                   const Environment& environment)
    : scenario_(std::move(scenario)),
      failure_(std::move(failure)),
      seed_(seed),
      environment_(environment) {}

bool Shrinker::is_stopped() {
    is_interrupted_ = is_interrupted_ || environment_.interrupted();
    return is_interrupted_;
}

bool Shrinker::still_fails(const Value& candidate, std::uint64_t seed) {
    if (is_stopped()) return false;
    const LoadedText world = load_text(sim::json::compact(candidate), "candidate");
    if (!world.loaded) return false;
    ++runs_;
    const Trial trial{.scenario = world.loaded->scenario,
                      .seed = seed,
                      .most_records = most_records_,
                      .reproduce = "zabsim shrink"};
    const TrialOutcome outcome = failure_ == died_class ? try_apart(trial, environment_)
                                                        : try_out(trial, environment_.interrupted);
    if (outcome.failure != failure_) return false;
    failed_at_ = outcome.time;
    // What is cut down must not become a flood of other events.
    if (most_records_ == 0 && outcome.records > 0) most_records_ = 4 * outcome.records + 10'000;
    return true;
}

bool Shrinker::accept(Value candidate, std::uint64_t others) {
    for (std::uint64_t i = 0; i <= others; ++i) {
        const std::uint64_t seed = seed_ + i;
        if (!still_fails(candidate, seed)) continue;
        scenario_ = std::move(candidate);
        seed_ = seed;
        set_member(scenario_, "seed", sim::json::number(seed_));
        if (is_of_a_moment(failure_)) cut_after(scenario_, failed_at_);
        return true;
    }
    return false;
}

/// Delta debugging (ddmin): halves first, then ever smaller parts, down to single elements.
bool Shrinker::shrink_list(const std::string& pointer) {
    bool has_changed = false;
    const Value* list = value_at(scenario_, pointer);
    std::size_t part = list == nullptr ? 0 : (list->elements.size() + 1) / 2;
    while (part > 0 && !is_stopped()) {
        bool has_dropped = false;
        for (std::size_t first = 0; first < value_at(scenario_, pointer)->elements.size();) {
            Value candidate = scenario_;
            auto& elements = value_at(candidate, pointer)->elements;
            const auto begin = elements.begin() + static_cast<std::ptrdiff_t>(first);
            const std::size_t count = std::min(part, elements.size() - first);
            elements.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            if (accept(std::move(candidate))) {
                has_dropped = true;
            } else {
                first += part;
            }
        }
        has_changed = has_changed || has_dropped;
        if (!has_dropped || part > 1) part /= 2;
    }
    return has_changed;
}

/// Every key that can be left out is: then its default stands, which nobody has to read.
bool Shrinker::shrink_keys() {
    bool has_changed = false;
    std::vector<std::string> keys = pointers_to_keys(scenario_);
    for (std::size_t i = 0; i < keys.size() && !is_stopped();) {
        Value candidate = scenario_;
        const bool is_wanted = keys[i].ends_with("/operations_each");  // Put there by ourselves.
        if (!is_wanted && remove_at(candidate, keys[i]) && accept(std::move(candidate))) {
            keys = pointers_to_keys(scenario_);
            has_changed = true;
        } else {
            ++i;
        }
    }
    return has_changed;
}

/// Fewer voters, where they are given by number.
bool Shrinker::shrink_servers() {
    bool has_changed = false;
    for (bool is_smaller = true; is_smaller && !is_stopped();) {
        is_smaller = false;
        Value candidate = scenario_;
        Value* voters = value_at(candidate, "/ensemble/voters");
        if (voters == nullptr || !voters->is(Value::Kind::number)) break;
        std::uint64_t count = 0;
        std::from_chars(voters->text.data(), voters->text.data() + voters->text.size(), count);
        for (std::uint64_t fewer = 3; fewer < count && !is_smaller; ++fewer) {
            *voters = sim::json::number(fewer);
            is_smaller = accept(candidate);
        }
        has_changed = has_changed || is_smaller;
    }
    return has_changed;
}

/// Fewer clients in a group, and fewer of the requests that are listed for each.
bool Shrinker::shrink_requests(const std::string& group) {
    bool has_changed = false;
    const std::string lists = group + "/requests";
    for (std::size_t i = 0; i < value_at(scenario_, lists)->elements.size() && !is_stopped();) {
        const std::string own = fmt::format("{}/{}", lists, i);
        Value candidate = scenario_;
        remove_at(candidate, own);
        const std::size_t left = value_at(candidate, lists)->elements.size();
        set_member(*value_at(candidate, group), "count", sim::json::number(left));
        if (left > 0 && accept(std::move(candidate))) {
            has_changed = true;
            continue;
        }
        has_changed = shrink_list(own) || has_changed;
        ++i;
    }
    return has_changed;
}

/// As few requests as do. Whether somebody still gets an answer is asked of those who go on.
bool Shrinker::shrink_clients() {
    bool has_changed = false;
    const Value* clients = is_of_a_moment(failure_) ? scenario_.find("clients") : nullptr;
    const std::size_t groups = clients == nullptr ? 0 : clients->elements.size();
    for (std::size_t i = 0; i < groups && !is_stopped(); ++i) {
        const std::string group = fmt::format("/clients/{}", i);
        const Value* limit = value_at(scenario_, group + "/operations_each");
        if (limit != nullptr) continue;  // Done before.
        if (value_at(scenario_, group + "/requests") != nullptr) {
            has_changed = shrink_requests(group) || has_changed;
            continue;
        }
        for (const std::uint64_t operations : {1u, 2u, 3u, 5u, 8u, 13u, 21u, 34u, 55u, 89u}) {
            Value candidate = scenario_;
            Value* own = value_at(candidate, group);
            set_member(*own, "operations_each", sim::json::number(operations));
            if (!accept(std::move(candidate))) continue;
            has_changed = true;
            break;
        }
    }
    return has_changed;
}

/// Times that are easier to read, where the story does not hang on them.
bool Shrinker::round_times() {
    bool has_changed = false;
    for (const std::string& pointer : pointers_to_keys(scenario_)) {
        const Value* value = value_at(scenario_, pointer);
        if (value == nullptr || !value->is(Value::Kind::string)) continue;
        const sim::Parsed<zab::Duration> time = sim::parse_duration(value->text);
        if (!time.value) continue;
        for (const std::int64_t unit_ms : {1'000, 100, 10}) {
            const std::int64_t unit = unit_ms * ns_per_ms;
            const std::int64_t rounded = (time.value->ns + unit / 2) / unit * unit;
            if (rounded == 0 || rounded == time.value->ns) continue;
            Value candidate = scenario_;
            *value_at(candidate, pointer) =
                sim::json::string(sim::to_text(zab::nanoseconds(rounded)));
            if (accept(std::move(candidate))) {
                has_changed = true;
                break;
            }
        }
        if (is_stopped()) break;
    }
    return has_changed;
}

/// An item that only shifts the noise into place is not needed: some other noise does without.
bool Shrinker::search_other_noise() {
    for (const std::string& item : items()) {
        Value candidate = scenario_;
        if (is_stopped()) return false;
        if (remove_at(candidate, item) && accept(std::move(candidate), other_noises)) return true;
    }
    return false;
}

void Shrinker::tell(const std::string& phase) {
    const std::string text =
        fmt::format("shrink: {} items after {} runs ({})", items().size(), runs_, phase);
    environment_.talk << (environment_.talk_is_terminal ? "\r\x1b[K" + text : text + "\n")
                      << std::flush;
}

bool Shrinker::shrink() {
    if (!accept(scenario_)) return false;
    tell("it fails as it should");
    for (bool has_changed = true; has_changed && !is_stopped();) {
        has_changed = false;
        do {
            has_changed = false;
            has_changed = shrink_list("/faults") || has_changed;
            tell("faults");
            has_changed = shrink_list("/clients") || has_changed;
            has_changed = shrink_keys() || has_changed;
            tell("keys");
            has_changed = shrink_servers() || has_changed;
            has_changed = shrink_clients() || has_changed;
            tell("servers and clients");
        } while (has_changed && !is_stopped());
        has_changed = search_other_noise();
        tell("other noise");
        if (!has_changed) {
            has_changed = round_times();  // With them, something else may no longer be needed.
            tell("times");
        }
    }
    return !is_interrupted_;
}

std::vector<std::string> Shrinker::items() const { return pointers_to_items(scenario_); }

std::uint32_t Shrinker::gone_without(const std::string& item, std::uint32_t tries) {
    Value candidate = scenario_;
    if (!remove_at(candidate, item)) return 0;
    std::uint32_t gone = 0;
    for (std::uint32_t i = 1; i <= tries; ++i) {
        if (!still_fails(candidate, seed_ + i)) ++gone;
    }
    return gone;
}

}  // namespace cli
