#include "protocol/release/release.hpp"
#include "sim/scenario/merge.hpp"
#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

namespace sim::decode {

namespace {

using json::Value;
using Row = Key<Draft>;

/// A key that the loader has used already; it is only checked here.
Row consumed(std::string_view name, const Form<std::vector<std::string>>& form, Doc doc) {
    Row out{name, doc, {}, {}, form.schema, form.accepted};
    out.read = [=](const Value& value, Reader& reader, Draft&) {
        std::vector<std::string> ignored;
        return form.read(value, reader, ignored);
    };
    out.write = [](const Draft&) { return std::nullopt; };
    return out;
}

Row format_row() {
    const Form<std::string> form = choice<std::string>({{scenario_format, {}}});
    const auto read = [](const Value& value, Reader& reader, Draft&) {
        const std::string reason = why_unreadable_format(value);
        return reason.empty() || reader.wrong(value, reason, in_quotes(scenario_format));
    };
    const auto write = [](const Draft&) { return json::string(std::string(scenario_format)); };
    return {
        "format",    {"Of which format the file is; default: this one.", "\"zabsim.scenario/1\""},
        read,        write,
        form.schema, form.accepted};
}

Form<std::vector<std::string>> paths_of_files() {
    const Form<std::string> one = text(4'096);
    const Form<std::vector<std::string>> many = list(one, 1, 64);
    Form<std::vector<std::string>> form = many;
    form.accepted = "a relative path, or a list of them";
    form.read = [=](const Value& value, Reader& reader, std::vector<std::string>& out) {
        if (value.is(Value::Kind::array)) {
            return many.read(value, reader, out);
        }
        return value.is(Value::Kind::string) || wrong_kind(value, reader, form.accepted);
    };
    form.schema = [=](Definitions& definitions) {
        return any_of({one.schema(definitions), many.schema(definitions)});
    };
    return form;
}

Form<std::string> name_in(std::span<const zab::ReleaseName> names) {
    std::vector<std::pair<std::string_view, std::string>> words;
    for (const zab::ReleaseName& one : names) {
        words.emplace_back(one.name, std::string(one.name));
    }
    return choice<std::string>(words);
}

/// A name, or one with defects planted into it.
Form<ReleaseDraft> release_form() {
    using R = ReleaseDraft;
    const Form<std::string> name = name_in(zab::releases());
    const Form<R> plain = adapted<R, std::string>(
        name,
        [](const std::string& base) {
            return R{base, {}};
        },
        [](const R& release) { return release.base; });
    const Form<R> planted = object<R>({
        .outline = {"release", "A release with known defects planted into it.", {}},
        .keys =
            {
                key<R>("base", &R::base, name, {"The release itself.", "\"fixed\""}),
                key<R>("defects", &R::defects,
                       list(name_in(zab::defects()), 0, zab::defects().size()),
                       {"By their JIRA numbers.", "[\"3911\"]"}),
            },
        .prepare = {},
        .check = {},
    });
    Form<R> form = either(plain, planted, name.accepted + R"(, or {"base": …, "defects": […]})");
    form.write = [=](const R& release) {
        return release.defects.empty() ? plain.write(release) : planted.write(release);
    };
    return form;
}

std::vector<Row> head_rows() {
    using D = Draft;
    const auto release = release_form();
    const auto transport = choice<std::string>({{"stream", "stream"}, {"datagram", "datagram"}});
    return {
        consumed("$schema", paths_of_files(),
                 {"For editors: where the schema is.", "\"../scenario.schema.json\""}),
        format_row(),
        consumed("extends", paths_of_files(),
                 {"Scenarios that this one starts from, the later over the earlier: objects are "
                  "merged, all else is replaced.",
                  "\"../profiles/wan.json\""}),
        key<D>("name", &D::name, text(200),
               {"A short name; default: the file's.", "\"leader-crash\""}),
        key<D>("why", &D::why, text(10'000),
               {"The question that it answers.", "\"How long can nobody write?\""}),
        key<D>("seed", &D::seed, seed(), {"Of all that is random.", "42"}),
        key<D>("duration", &D::duration, duration(zab::nanoseconds(1)),
               {"Simulated time.", "\"60s\""}),
        key<D>("warm_up", &D::warm_up, duration(), {"Not measured.", "\"5s\""}),
        key<D>("protocol", &D::protocol, protocol(),
               {"What the servers speak: ZooKeeper's protocol, or the simplified one that "
                "introductory texts teach.",
                "\"zab\""}),
        key<D>("textbook", &D::textbook, textbook_options(),
               {"How the texts are read, where they leave something open.",
                R"({"leader_votes": false})"}),
        key<D>("release", &D::release, release, {"Whose behaviour is simulated.", "\"fixed\""}),
        key<D>("transport", &D::transport, transport,
               {"How servers talk: TCP-like, or datagrams that get lost and reordered.",
                "\"stream\""}),
    };
}

std::vector<Row> part_rows() {
    using D = Draft;
    return {
        key<D>("ensemble", &D::ensemble, ensemble(),
               {"The servers and what their zoo.cfg says.", R"({"voters": 5})"}),
        key<D>("hosts", &D::hosts, hosts(), {"The machines.", R"({"default": {"cores": 8}})"}),
        key<D>("network", &D::network, network(), {"The links.", R"({"delay": "250us"})"}),
        key<D>("cpu", &D::cpu, cpu(), {"What work costs; default: jvm.", "\"zero\""}),
        key<D>("process", &D::process, process(),
               {"What starting and stopping costs; default: jvm.", "\"jvm\""}),
        key<D>("disk", &D::disk, disk(), {"The disks.", R"({"sync": "1ms"})"}),
        key<D>("clients", &D::clients, list(client_group(), 0, 10'000),
               {"The load.", R"([{"count": 20}])"}),
        key<D>("faults", &D::faults, list(fault(), 0, Limits::list),
               {"What goes wrong, and when.", R"([{"at": "20s", "crash": "leader"}])"}),
        key<D>("start", &D::start, start(),
               {"What the servers find on their disks.", R"({"servers": {"3": {"down": true}}})"}),
        key<D>("expect", &D::expect, expect(),
               {"What must hold.", R"({"write_outage": "<= 10s"})"}),
        key<D>("trace", &D::trace, trace(),
               {"What the trace file contains.", R"({"level": "all"})"}),
        key<D>("chaos", &D::chaos, chaos(),
               {"Faults and settings to be drawn for each seed, beside those of the scenario.",
                R"({"off": "50%"})"}),
        key<D>("capsule", &D::capsule, capsule(),
               {"Of a failure that was found: how the run must end.",
                R"({"format": 1, "expected": "clean"})"}),
    };
}

}  // namespace

Draft::Draft() : cpu(jvm_cpu()), process(jvm_process()) {}

const Form<Draft>& scenario() {
    static const Form<Draft> form = [] {
        std::vector<Row> rows = head_rows();
        for (Row& row : part_rows()) {
            rows.push_back(std::move(row));
        }
        return object<Draft>({
            .outline = {"scenario", "A scenario of zabsim.", {}},
            .keys = std::move(rows),
            .prepare = {},
            .check = check_protocol,
        });
    }();
    return form;
}

}  // namespace sim::decode
