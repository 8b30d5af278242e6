#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"
#include "sim/scenario/target_form.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

using json::Value;
using Row = Key<FaultDraft>;

/// A row for a field of sim::Fault.
template <class T, class Field>
Row row(std::string_view name, Field Fault::*field, Form<T> form, Doc doc) {
    return key<FaultDraft>(name, in(&FaultDraft::fault, field), std::move(form), doc);
}

/// A key that says what the fault does; `parameters` reads the value into the same draft.
// NOLINTNEXTLINE(performance-unnecessary-value-param): the reader it makes keeps a copy.
Row action(std::string_view name, FaultKind kind, Form<FaultDraft> parameters, Doc doc) {
    Row out{name, doc, {}, {}, parameters.schema, parameters.accepted};
    out.read = [=](const Value& value, Reader& reader, FaultDraft& draft) {
        draft.fault.kind = kind;
        return parameters.read(value, reader, draft);
    };
    out.write = [=](const FaultDraft& draft) {
        return draft.fault.kind == kind ? std::optional(parameters.write(draft)) : std::nullopt;
    };
    return out;
}

/// Reads a plain target into a fault.
Form<FaultDraft> at_target() {
    const Form<Target> plain = target();
    Form<FaultDraft> form;
    form.accepted = plain.accepted;
    form.read = [=](const Value& value, Reader& reader, FaultDraft& draft) {
        return plain.read(value, reader, draft.fault.target);
    };
    form.write = [=](const FaultDraft& draft) { return plain.write(draft.fault.target); };
    form.schema = plain.schema;
    return form;
}

Row extra_row(std::string_view description) {
    return key<FaultDraft>("extra", &FaultDraft::extra, distribution(), {description, "\"50ms\""});
}

Row factor_row() {
    return row("factor", &Fault::factor, factor({0}, {1'000'000 * Factor::one_nano}),
               {"Times are multiplied by this.", "3"});
}

/// Parameters of a fault of servers: `target`, and what else the kind takes.
Form<FaultDraft> of_servers(std::string_view name, std::vector<Row> rows) {
    rows.insert(rows.begin(),
                row("target", &Fault::target, target(), {"The servers.", "2"}).mandatory());
    return object<FaultDraft>({
        .outline = {name, "A fault of servers.", {}},
        .keys = std::move(rows),
        .prepare = {},
        .check = {},
    });
}

std::vector<Row> link_rows() {
    return {
        row("from", &Fault::target, target(), {"One side.", "1"}).mandatory(),
        row("to", &Fault::other, target(),
            {"The other side; default: all other servers.", "\"majority\""}),
        row("one_way", &Fault::one_way, flag(), {"Only what goes from `from` to `to`.", "true"}),
    };
}

/// Parameters of a network fault: the two sides, and what else the kind takes.
Form<FaultDraft> of_links(std::string_view name, std::vector<Row> rows) {
    std::vector<Row> all = link_rows();
    all.insert(all.end(), rows.begin(), rows.end());
    return object<FaultDraft>({
        .outline = {name, "A fault of the links between two sides.", {}},
        .keys = std::move(all),
        .prepare = {},
        .check = {},
    });
}

/// An object, or only its target. Regions and groups of clients are objects, too.
Form<FaultDraft> or_target(std::string_view object, const Form<FaultDraft>& shaped) {
    const Form<FaultDraft> plain = at_target();
    Form<FaultDraft> form;
    form.accepted = std::string(object) + plain.accepted;
    form.read = [=](const Value& value, Reader& reader, FaultDraft& draft) {
        const bool is_target = value.find("region") != nullptr || value.find("clients") != nullptr;
        return value.is(Value::Kind::object) && !is_target ? shaped.read(value, reader, draft)
                                                           : plain.read(value, reader, draft);
    };
    form.write = shaped.write;
    form.schema = [=](Definitions& definitions) {
        return any_of({plain.schema(definitions), shaped.schema(definitions)});
    };
    return form;
}

/// A network fault without parameters; a plain target stands for `from`.
Form<FaultDraft> of_plain_links() {
    return or_target(R"({"from": …, "to": …, "one_way": …}, or only the side `from`: )",
                     of_links("links", {}));
}

Form<FaultDraft> of_power() {
    const Row torn = row("torn", &Fault::torn, flag(),
                         {"The first record that is lost is half written.", "true"});
    Form<FaultDraft> form = or_target(R"({"target": …, "torn": …}, or only the target: )",
                                      of_servers("power_loss", {torn}));
    const auto write = form.write;
    const auto write_plain = at_target().write;
    form.write = [=](const FaultDraft& draft) {
        return draft.fault.torn ? write(draft) : write_plain(draft);
    };
    return form;
}

Form<FaultDraft> of_rot() {
    const Row what =
        row("what", &Fault::rot,
            choice<Rot>(
                {{"record", Rot::record}, {"tail", Rot::tail}, {"snapshot", Rot::snapshot}}),
            {"A record of the log, whose checksum is wrong then; the length of one, "
             "so that the log seems to end there; or the newest snapshot.",
             "\"snapshot\""})
            .mandatory();
    return of_servers("disk_corrupt", {what});
}

Form<FaultDraft> of_drift() {
    constexpr Factor slowest{Factor::one_nano / 10};
    constexpr Factor fastest{8 * Factor::one_nano};
    return of_servers("clock_drift", {row("factor", &Fault::factor, factor(slowest, fastest),
                                          {"Its speed, in true seconds a second.", "1.1"})
                                          .mandatory()});
}

Form<FaultDraft> of_burst() {
    Row clients =
        key<FaultDraft>("clients", [](auto& draft) -> auto& { return draft.fault.target.group; },
                        name(), {"The name of their group; default: all of them.", "\"far\""});
    clients.write = [](const FaultDraft& draft) -> std::optional<Value> {
        const std::string& group = draft.fault.target.group;
        return group.empty() ? std::nullopt : std::optional(json::string(group));
    };
    const Row operations = row("operations", &Fault::operations, integer<std::uint32_t>(1, 100'000),
                               {"For each of them, beside what their load asks for.", "100"})
                               .mandatory();
    return object<FaultDraft>({
        .outline = {"client_burst", "More to do for clients, at once.", {}},
        .keys = {std::move(clients), operations},
        .prepare = [](const Value&,
                      FaultDraft& draft) { draft.fault.target.kind = Target::Kind::clients; },
        .check = {},
    });
}

Form<FaultDraft> of_messages() {
    const Form<RecordPattern> pattern = message_pattern();
    return {pattern.accepted,
            [=](const Value& value, Reader& reader, FaultDraft& draft) {
                return pattern.read(value, reader, draft.fault.messages);
            },
            [=](const FaultDraft& draft) { return pattern.write(draft.fault.messages); },
            pattern.schema};
}

std::vector<Row> server_actions() {
    using K = FaultKind;
    const Form<FaultDraft> at = at_target();
    return {
        action("crash", K::crash, at, {"Kills the process; what it wrote survives.", "\"leader\""}),
        action("power_loss", K::power_loss, of_power(),
               {"Takes the power: what was not synced may be lost.", "[1, 2]"}),
        action("restart", K::restart, at, {"Starts a server that is down.", "\"last_crashed\""}),
        action("pause", K::pause, at,
               {"Stops the process as a long garbage collection does.", "\"follower\""}),
        action("resume", K::resume, at, {"Ends a pause.", "2"}),
        action("slow_disk", K::slow_disk,
               of_servers("slow_disk", {extra_row("Added to every sync."), factor_row()}),
               {"Slows the disk. Of several the latest counts that has not ended.",
                R"({"target": 2, "factor": 3})"}),
        action("disk_stall", K::disk_stall, at, {"No sync ends.", "2"}),
        action("slow_cpu", K::slow_cpu, of_servers("slow_cpu", {factor_row()}),
               {"Slows the threads. Of several the latest counts that has not ended.",
                R"({"target": 2, "factor": 3})"}),
        action(
            "clock_drift", K::clock_drift, of_drift(),
            {"The monotonic clock, by which all timers run, is fast or slow. Of several the latest "
             "counts that has not ended.",
             R"({"target": 2, "factor": 1.1})"}),
        action("client_burst", K::client_burst, of_burst(),
               {"Clients have more to do, at once.", R"({"operations": 100})"}),
    };
}

std::vector<Row> disk_actions() {
    using K = FaultKind;
    const Form<FaultDraft> at = at_target();
    return {
        action("disk_error", K::disk_error, at,
               {"Every write and sync fails. A process that it ends is started again when the "
                "fault ends.",
                "2"}),
        action("disk_full", K::disk_full, at,
               {"What needs room on the disk fails; ends as disk_error does.", "2"}),
        action("disk_lie", K::disk_lie, at,
               {"A sync of the log or of an epoch file makes nothing durable before the first one "
                "after the fault.",
                "2"}),
        action("disk_lose_writes", K::disk_lose_writes, at,
               {"What is written to the log never reaches the disk: from there on a power loss "
                "takes all.",
                "2"}),
        action("disk_corrupt", K::disk_corrupt, of_rot(),
               {"Bits change on the disk: found when a process boots.",
                R"({"target": 2, "what": "record"})"}),
    };
}

std::vector<Row> network_actions() {
    using K = FaultKind;
    const Form<FaultDraft> plain = of_plain_links();
    const Row loss_share =
        row("probability", &Fault::probability, probability(), {"Of each message.", "\"1%\""})
            .mandatory();
    const Row new_rate =
        row("bandwidth", &Fault::bandwidth, bandwidth(), {"The rate of each link.", "\"10Mbit/s\""})
            .mandatory();
    return {
        action("cut", K::cut, plain,
               {"Nothing passes.", R"({"from": "leader", "to": "majority", "one_way": true})"}),
        action("heal", K::heal, plain, {"Ends cut, delay, loss, clog and rate.", "\"all\""}),
        action("delay", K::delay,
               of_links("extra_delay", {extra_row("Added to the delay of each message.")}),
               {"Messages take longer.", R"({"from": 1, "to": 2, "extra": "50ms"})"}),
        action("loss", K::loss, of_links("loss", {loss_share}),
               {"Messages are lost and sent again.", R"({"from": 1, "probability": "1%"})"}),
        action("clog", K::clog, plain,
               {"Messages wait until the link is released.", R"({"from": 1, "to": 2})"}),
        action("release", K::release, plain, {"Ends a clog.", R"({"from": 1, "to": 2})"}),
        action("reset", K::reset, plain, {"Breaks the connections.", R"({"from": 1, "to": 2})"}),
        action("rate", K::rate, of_links("link_rate", {new_rate}),
               {"Limits the links.", R"({"from": 1, "bandwidth": "10Mbit/s"})"}),
        action("hold", K::hold, of_messages(),
               {"Keeps back the messages that match.", R"({"message": "proposal", "node": 3})"}),
        action("release_held", K::release_held, at_target(),
               {"Delivers the held messages to these servers.", "\"all\""}),
        action("drop_held", K::drop_held, at_target(),
               {"Breaks the connections of the held messages to these servers.", "3"}),
    };
}

/// `at`, `after` or `before`.
std::vector<Row> place_rows() {
    using Kind = FaultPlace::Kind;
    const Form<zab::Duration> time = duration();
    const Form<RecordPattern> pattern = record_pattern();
    const auto at_pattern = [=](std::string_view name, Kind kind, Doc doc) {
        Row out{name, doc, {}, {}, pattern.schema, pattern.accepted};
        out.read = [=](const Value& value, Reader& reader, FaultDraft& draft) {
            draft.fault.place.kind = kind;
            return pattern.read(value, reader, draft.fault.place.pattern);
        };
        out.write = [=](const FaultDraft& draft) {
            const FaultPlace& place = draft.fault.place;
            return place.kind == kind ? std::optional(pattern.write(place.pattern)) : std::nullopt;
        };
        return out;
    };
    const auto at_time = [=](std::string_view name, bool is_at, Doc doc) {
        Row out = key<FaultDraft>(
            name, [](auto& draft) -> auto& { return draft.fault.place.at; }, time, doc);
        out.write = [=](const FaultDraft& draft) {
            const FaultPlace& place = draft.fault.place;
            const bool wanted = is_at == (place.kind == Kind::at) && (is_at || place.at.ns > 0);
            return wanted ? std::optional(time.write(place.at)) : std::nullopt;
        };
        return out;
    };
    return {
        at_time("at", true, {"At this time since the start.", "\"20s\""}),
        at_pattern("after", Kind::after,
                   {"Right after the record that matches.", R"({"record": "commit", "nth": 100})"}),
        at_pattern("before", Kind::before,
                   {"Right before the record that matches.", R"({"record": "synced"})"}),
        at_time("plus", false, {"With `after`: so much later.", "\"5ms\""}),
        row("within", &Fault::within, time,
            {"How long to wait for a target such as a leader; then the fault is skipped.",
             "\"5s\""}),
        row("lasting", &Fault::lasting, duration(zab::nanoseconds(1)),
            {"It is undone after this time; a crash by a restart.", "\"5s\""}),
    };
}

bool can_last(FaultKind kind) {
    using K = FaultKind;
    static constexpr K cannot[] = {K::restart,      K::resume,      K::heal,         K::release,
                                   K::reset,        K::hold,        K::release_held, K::drop_held,
                                   K::disk_corrupt, K::client_burst};
    return std::find(std::begin(cannot), std::end(cannot), kind) == std::end(cannot);
}

bool check_fault(const Value& value, Reader& reader, const FaultDraft& draft) {
    bool sound = true;
    const json::Member* plus = value.find_member("plus");
    if (plus != nullptr && draft.fault.place.kind != FaultPlace::Kind::after) {
        sound = reader.wrong_key(*plus, "has a meaning only beside \"after\"");
    }
    const json::Member* lasting = value.find_member("lasting");
    if (lasting != nullptr && !can_last(draft.fault.kind)) {
        sound = reader.wrong_key(*lasting, "this kind of fault does not last");
    }
    return sound;
}

OneOf exactly_one_of(const std::vector<Row>& rows) {
    OneOf one_of;
    for (const Row& row : rows) {
        one_of.keys.push_back(row.name);
    }
    return one_of;
}

}  // namespace

Form<FaultDraft> fault() {
    std::vector<Row> actions = server_actions();
    for (const auto& more : {disk_actions(), network_actions()}) {
        actions.insert(actions.end(), more.begin(), more.end());
    }
    std::vector<Row> rows = place_rows();
    rows.insert(rows.end(), actions.begin(), actions.end());
    return object<FaultDraft>({
        .outline = {"fault",
                    "One fault: when (`at`, `after` or `before`), and what (one other key).",
                    {OneOf{{"at", "after", "before"}, true}, exactly_one_of(actions)}},
        .keys = std::move(rows),
        .prepare = {},
        .check = check_fault,
    });
}

}  // namespace sim::decode
