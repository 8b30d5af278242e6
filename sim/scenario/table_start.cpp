#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

using json::Value;

constexpr std::string_view history_accepted =
    "zxids such as \"1:5\" and ranges such as \"1:2-1:9\", in ascending order";

/// Appends one zxid, or a range within one epoch.
bool read_range(const Value& value, Reader& reader, std::vector<zab::Zxid>& out) {
    if (!value.is(Value::Kind::string)) {
        return wrong_kind(value, reader, history_accepted);
    }
    const std::string_view text = value.text;
    const std::size_t dash = text.find('-');
    const Parsed<zab::Zxid> first = parse_zxid(text.substr(0, dash));
    const Parsed<zab::Zxid> last =
        dash == std::string_view::npos ? first : parse_zxid(text.substr(dash + 1));
    if (!first.value || !last.value) {
        return reader.wrong(value, in_quotes(text) + " is no zxid and no range",
                            std::string(history_accepted));
    }
    if (first.value->epoch() != last.value->epoch() || *first.value > *last.value) {
        return reader.wrong(value, in_quotes(text) + ": a range rises within one epoch");
    }
    if (!out.empty() && *first.value <= out.back()) {
        return reader.wrong(value, in_quotes(text) + " is not above " + to_text(out.back()),
                            std::string(history_accepted));
    }
    if (first.value->counter() == 0 || first.value->epoch() > last_epoch) {
        return reader.wrong(
            value, in_quotes(text) + " holds no transaction of ZooKeeper's",
            "epochs up to " + std::to_string(last_epoch.value) + ", counters from 1");
    }
    const std::uint64_t count = last.value->value - first.value->value + 1;
    if (count > Limits::transactions - out.size()) {
        return reader.wrong(value, "a longer history than the limit",
                            std::to_string(Limits::transactions) + " transactions");
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        out.push_back({first.value->value + i});
    }
    return true;
}

Value write_ranges(const std::vector<zab::Zxid>& history) {
    Value out = json::array({});
    for (std::size_t i = 0; i < history.size();) {
        std::size_t end = i + 1;
        while (end < history.size() && history[end].value == history[end - 1].value + 1 &&
               history[end].epoch() == history[i].epoch()) {
            ++end;
        }
        std::string text = to_text(history[i]);
        if (end > i + 1) {
            text += '-' + to_text(history[end - 1]);
        }
        out.elements.push_back(json::string(text));
        i = end;
    }
    return out;
}

Form<std::vector<zab::Zxid>> history() {
    Form<std::vector<zab::Zxid>> form;
    form.accepted = "a list of " + std::string(history_accepted);
    form.read = [](const Value& value, Reader& reader, std::vector<zab::Zxid>& out) {
        if (!check_list(value, reader, 0, Limits::list)) {
            return false;
        }
        out.clear();
        for (std::size_t i = 0; i < value.elements.size(); ++i) {
            const Reader::Inside inside(reader, std::to_string(i));
            if (!read_range(value.elements[i], reader, out)) {
                return false;  // What follows is judged by what came before.
            }
        }
        return true;
    };
    form.write = write_ranges;
    form.schema = [](Definitions&) {
        Value element = json::object(
            {json::member("type", json::string("string")),
             json::member("pattern", json::string("^([0-9]+:[0-9]+|0x[0-9a-fA-F]{1,16})"
                                                  "(-([0-9]+:[0-9]+|0x[0-9a-fA-F]{1,16}))?$"))});
        return list_schema(std::move(element), 0);
    };
    return form;
}

Form<ServerStart> server_start() {
    using S = ServerStart;
    return object<S>({
        .outline = {"server_start", "What one server finds when the scenario starts.", {}},
        .keys =
            {
                key<S>("down", &S::down, flag(), {"It does not run until a restart.", "true"}),
                key<S>("accepted_epoch", &S::accepted_epoch, epoch(),
                       {"Its acceptedEpoch file; default: that of its last transaction.", "2"}),
                key<S>("current_epoch", &S::current_epoch, epoch(),
                       {"Its currentEpoch file; default: that of its last transaction.", "2"}),
                key<S>("snapshot", &S::snapshot, zxid(),
                       {"Its newest snapshot; transactions up to it are in it.", "\"1:4\""}),
                key<S>("history", &S::history, history(),
                       {"Its transactions; those after the snapshot are in its log.",
                        R"(["1:1-1:9", "2:1"])"}),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const S& start) {
                const bool is_there =
                    !start.snapshot || std::ranges::binary_search(start.history, *start.snapshot);
                return is_there || wrong_member(value, reader, "snapshot",
                                                to_text(*start.snapshot) + " is not in history");
            },
    });
}

struct StartDraft {
    ById<ServerStart> servers;
};

/// What a metric is measured in.
enum class Unit : std::uint8_t { time, milli };

struct Metric {
    std::string_view name;
    Unit unit;
    std::string_view description;
    std::string_view example;
};

constexpr Metric metrics[] = {
    {"write_outage", Unit::time, "The longest time without a write.", "\"<= 10s\""},
    {"write_p50", Unit::time, "Median latency of writes.", "\"<= 2ms\""},
    {"write_p90", Unit::time, "90 % of the writes are faster.", "\"<= 5ms\""},
    {"write_p99", Unit::time, "99 % of the writes are faster.", "\"<= 50ms\""},
    {"write_p999", Unit::time, "99.9 % of the writes are faster.", "\"<= 100ms\""},
    {"write_max", Unit::time, "The slowest write.", "\"<= 1s\""},
    {"read_p50", Unit::time, "Median latency of reads.", "\"<= 1ms\""},
    {"read_p90", Unit::time, "90 % of the reads are faster.", "\"<= 2ms\""},
    {"read_p99", Unit::time, "99 % of the reads are faster.", "\"<= 10ms\""},
    {"read_p999", Unit::time, "99.9 % of the reads are faster.", "\"<= 50ms\""},
    {"read_max", Unit::time, "The slowest read.", "\"<= 1s\""},
    {"sync_p50", Unit::time, "Median latency of sync.", "\"<= 1ms\""},
    {"sync_p90", Unit::time, "90 % of the syncs are faster.", "\"<= 2ms\""},
    {"sync_p99", Unit::time, "99 % of the syncs are faster.", "\"<= 10ms\""},
    {"sync_p999", Unit::time, "99.9 % of the syncs are faster.", "\"<= 50ms\""},
    {"sync_max", Unit::time, "The slowest sync.", "\"<= 1s\""},
    {"notification_p50", Unit::time, "Median time from a commit to a watcher.", "\"<= 2ms\""},
    {"notification_p90", Unit::time, "90 % of the watchers hear sooner.", "\"<= 5ms\""},
    {"notification_p99", Unit::time, "99 % of the watchers hear sooner.", "\"<= 50ms\""},
    {"notification_p999", Unit::time, "99.9 % of the watchers hear sooner.", "\"<= 100ms\""},
    {"notification_max", Unit::time, "The watcher that hears last.", "\"<= 1s\""},
    {"writes_per_second", Unit::milli, "Acknowledged writes.", "\">= 1000\""},
    {"reads_per_second", Unit::milli, "Answered reads.", "\">= 5000\""},
    {"elections", Unit::milli, "Elections that chose a leader.", "\"<= 2\""},
    {"messages_per_write", Unit::milli, "Messages between servers.", "\"<= 20\""},
    {"failed_operations", Unit::milli, "Operations that were given up.", "\"<= 100\""},
    {"outages", Unit::milli, "How often writes stood still.", "\"<= 1\""},
};

using Relation = Expectation::Relation;
constexpr std::pair<std::string_view, Relation> relations[] = {
    {"<=", Relation::at_most},  // Before "<", of which it begins with.
    {">=", Relation::at_least},
    {"<", Relation::below},
    {">", Relation::above},
};

/// The bound after the relation; a reason when it is none.
Parsed<std::int64_t> parse_bound(Unit unit, std::string_view text) {
    if (unit == Unit::time) {
        const Parsed<zab::Duration> time = parse_duration(text);
        return time.value ? Parsed<std::int64_t>{time.value->ns, {}}
                          : Parsed<std::int64_t>{std::nullopt, time.reason};
    }
    const Parsed<std::uint64_t> milli = parse_milli(text);
    if (milli.value && *milli.value > 1'000'000'000'000'000) {
        return {std::nullopt, "too large"};
    }
    return milli.value ? Parsed<std::int64_t>{static_cast<std::int64_t>(*milli.value), {}}
                       : Parsed<std::int64_t>{std::nullopt, milli.reason};
}

bool read_expectation(const Metric& metric, const Value& value, Reader& reader,
                      std::vector<Expectation>& out) {
    const std::string accepted = "a relation and a bound such as " + std::string(metric.example);
    if (!value.is(Value::Kind::string)) {
        return wrong_kind(value, reader, accepted);
    }
    std::string_view text = value.text;
    for (const auto& [sign, relation] : relations) {
        if (!text.starts_with(sign)) {
            continue;
        }
        text.remove_prefix(sign.size());
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        const Parsed<std::int64_t> bound = parse_bound(metric.unit, text);
        if (!bound.value) {
            return reader.wrong(value, in_quotes(value.text) + ": " + std::string(bound.reason),
                                accepted);
        }
        out.push_back({std::string(metric.name), relation, *bound.value, value.text});
        return true;
    }
    return reader.wrong(value, in_quotes(value.text) + " begins with no relation", accepted);
}

std::optional<Value> written(std::string_view metric, const std::vector<Expectation>& all) {
    for (const Expectation& expectation : all) {
        if (expectation.metric == metric) {
            return json::string(expectation.text);
        }
    }
    return std::nullopt;
}

Value expectation_schema(Unit unit) {
    const std::string_view pattern = unit == Unit::time
                                         ? "^[<>]=? *[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$"
                                         : "^[<>]=? *[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$";
    return json::object({json::member("type", json::string("string")),
                         json::member("pattern", json::string(pattern))});
}

Key<std::vector<Expectation>> metric_row(const Metric& metric) {
    using List = std::vector<Expectation>;
    const std::string_view unit = metric.unit == Unit::time ? "duration" : "number";
    return {metric.name,
            {metric.description, metric.example},
            [&metric](const Value& value, Reader& reader, List& out) {
                return read_expectation(metric, value, reader, out);
            },
            [&metric](const List& all) { return written(metric.name, all); },
            [&metric](Definitions&) { return expectation_schema(metric.unit); },
            "<=, >=, < or > and a " + std::string(unit)};
}

}  // namespace

Form<ById<ServerStart>> start() {
    const Form<StartDraft> outer = object<StartDraft>({
        .outline = {"start", "What the servers find when the scenario starts.", {}},
        .keys =
            {
                key<StartDraft>("servers", &StartDraft::servers,
                                keyed(by_server_id, server_start(), zab::max_node_id),
                                {"By server id.", R"({"3": {"down": true}})"}),
            },
        .prepare = {},
        .check = {},
    });
    return adapted<ById<ServerStart>, StartDraft>(
        outer, [](const StartDraft& draft) { return draft.servers; },
        [](const ById<ServerStart>& servers) { return StartDraft{servers}; });
}

Form<std::vector<Expectation>> expect() {
    using List = std::vector<Expectation>;
    const Form<bool> all = choice<bool>({{"all", true}});
    Key<List> guarantees{"guarantees", {"Every guarantee holds.", "\"all\""}, {}, {}, all.schema,
                         all.accepted};
    guarantees.read = [=](const Value& value, Reader& reader, List& out) {
        bool ignored = false;
        out.push_back({"guarantees", Relation::at_least, 0, "all"});
        return all.read(value, reader, ignored);
    };
    guarantees.write = [](const List& out) { return written("guarantees", out); };
    std::vector<Key<List>> rows = {guarantees};
    for (const Metric& metric : metrics) {
        rows.push_back(metric_row(metric));
    }
    return object<List>({
        .outline = {"expect", "What must hold; the exit code says whether it did.", {}},
        .keys = std::move(rows),
        .prepare = {},
        .check = {},
    });
}

Form<TraceSpec> trace() {
    using T = TraceSpec;
    const Form<TraceLevel> level = choice<TraceLevel>({{"off", TraceLevel::off},
                                                       {"operations", TraceLevel::operations},
                                                       {"protocol", TraceLevel::protocol},
                                                       {"messages", TraceLevel::messages},
                                                       {"all", TraceLevel::all}});
    return object<T>({
        .outline = {"trace", "What the trace file contains.", {}},
        .keys =
            {
                key<T>("level", &T::level, level, {"How much.", "\"all\""}),
                key<T>("from", &T::from, duration(), {"Nothing before this time.", "\"19s\""}),
                key<T>("to", &T::to, duration(), {"Nothing from this time on.", "\"21s\""}),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const T& trace) {
                const bool is_empty = trace.from && trace.to && *trace.from >= *trace.to;
                return !is_empty || wrong_member(value, reader, "from", "not before to");
            },
    });
}

}  // namespace sim::decode
