#include "cli/hunt/capsule_file.hpp"

#include "analysis/stats/quantity.hpp"
#include "cli/hunt/request_lists.hpp"
#include "cli/loading.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/scenario/json_parse.hpp"
#include "sim/scenario/tables.hpp"
#include "sim/scenario/units.hpp"
#include "sim/trace/byte_sink.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

using sim::json::Value;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::string text_of(const Value* value, std::string_view otherwise) {
    const bool is_text = value != nullptr && value->is(Value::Kind::string);
    return is_text ? value->text : std::string(otherwise);
}

void erase_member(Value& object, std::string_view key) {
    std::erase_if(object.members, [&](const sim::json::Member& m) { return m.key == key; });
}

/// Takes out of a list what begins at `end` or later, which nobody would see.
void drop_later(Value& scenario, std::string_view list, std::string_view key, zab::Duration end) {
    Value* found = scenario.find(list);
    if (found == nullptr) return;
    std::erase_if(found->elements, [&](const Value& element) {
        const Value* time = element.find(key);
        if (time == nullptr || !time->is(Value::Kind::string)) return false;
        const sim::Parsed<zab::Duration> at = sim::parse_duration(time->text);
        return at.value.has_value() && *at.value >= end;
    });
}

/// The requests become decisions, where that is the same run.
void list_if_same(Value& scenario, std::uint64_t seed, const TrialOutcome& outcome) {
    const LoadedText world = load_text(sim::json::compact(scenario), "capsule");
    Value listed = scenario;
    const Listing listing = list_requests(listed, *world.loaded, seed, [] { return false; });
    if (listing == Listing::done && run_whole(listed, seed).hash == outcome.hash) {
        scenario = std::move(listed);
    }
}

}  // namespace

TrialOutcome run_whole(const Value& scenario, std::uint64_t seed) {
    const LoadedText world = load_text(sim::json::compact(scenario), "capsule");
    zab::ensure(world.loaded.has_value(), "a drawn world that is cut off is a scenario");
    return try_out({.scenario = world.loaded->scenario,
                    .seed = seed,
                    .stops_at_failure = false,
                    .reproduce = "zabsim fuzz"},
                   [] { return false; });
}

void set_member(Value& object, std::string_view key, Value value) {
    if (Value* found = object.find(key)) {
        *found = std::move(value);
    } else {
        object.members.push_back(sim::json::member(key, std::move(value)));
    }
}

void set_capsule(Value& scenario, const sim::Capsule& capsule) {
    set_member(scenario, "capsule", sim::decode::capsule().write(capsule));
}

void set_why(Value& scenario, const TrialOutcome& outcome) {
    set_member(scenario, "why",
               sim::json::string(fmt::format("At {}: {}", analysis::seconds_text(outcome.time),
                                             outcome.message)));
}

void cut_after(Value& scenario, zab::Instant time) {
    const zab::Duration end = zab::milliseconds(time.ns / ns_per_ms + 1);
    drop_later(scenario, "faults", "at", end);
    drop_later(scenario, "clients", "start", end);
    set_member(scenario, "duration", sim::json::string(sim::to_text(end)));
    erase_member(scenario, "warm_up");
    erase_member(scenario, "expect");
}

std::string hash_text(std::uint64_t hash) { return fmt::format("0x{:016x}", hash); }

std::string file_stem(const std::string& failure) {
    std::string out = failure;
    std::replace_if(
        out.begin(), out.end(),
        [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'); },
        '-');
    return out;
}

bool is_of_a_moment(const std::string& failure) {
    return !failure.starts_with("liveness@") && failure != died_class;
}

std::string capsule_text(const std::string& document, std::uint64_t seed,
                         const TrialOutcome& outcome, const std::string& found_by, bool may_run) {
    std::optional<Value> scenario = sim::json::parse_if_valid(document);
    zab::ensure(scenario.has_value(), "the loader writes JSON");
    const std::string name = text_of(scenario->find("name"), "scenario");
    set_member(*scenario, "name", sim::json::string(fmt::format("{}-{}", name, seed)));
    set_why(*scenario, outcome);
    erase_member(*scenario, "$schema");
    Value cut = *scenario;
    if (is_of_a_moment(outcome.failure)) cut_after(cut, outcome.time);
    std::string hash;
    if (may_run) {
        TrialOutcome again = run_whole(cut, seed);
        if (again.failure != outcome.failure) {
            // What begins later has a name or a place that others count on: it stays.
            cut = *scenario;
            again = run_whole(cut, seed);
        }
        hash = hash_text(again.hash);
        if (is_of_a_moment(outcome.failure)) list_if_same(cut, seed, again);
    }
    const sim::Capsule capsule{.expected = outcome.failure,
                               .hash = hash,
                               .behaviour = sim::behaviour,
                               .found_by = found_by,
                               .certificate = {}};
    set_capsule(cut, capsule);
    return sim::json::pretty(cut);
}

trace::Failure write_file(const std::string& path, const std::string& text) {
    trace::ByteSink sink(path);
    sink.write(text);
    return sink.commit();
}

Exit write_result(const Environment& environment, const std::optional<std::string>& path,
                  const std::string& text) {
    if (path.value_or("-") == "-") {
        environment.out << text;
        return Exit::ok;
    }
    const trace::Failure failure = write_file(*path, text);
    if (!failure) return Exit::ok;
    environment.talk << *failure << '\n';
    return Exit::not_written;
}

}  // namespace cli
