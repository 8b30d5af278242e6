#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

namespace sim::decode {

namespace {

using json::Value;

/// The rule that an object has exactly one of all its keys.
template <class T>
OneOf exactly_one(const std::vector<Key<T>>& rows) {
    OneOf one_of;
    for (const Key<T>& row : rows) {
        one_of.keys.push_back(row.name);
    }
    return one_of;
}

template <class T>
Form<T> one_key_of(std::string_view name, std::string_view description, std::vector<Key<T>> rows) {
    return object<T>({
        .outline = {name, description, {exactly_one(rows)}},
        .keys = std::move(rows),
        .prepare = {},
        .check = {},
    });
}

Form<ClosedLoad> closed_load() {
    return object<ClosedLoad>({
        .outline = {"closed", "The next request goes out when an answer has come.", {}},
        .keys =
            {
                key<ClosedLoad>("outstanding", &ClosedLoad::outstanding,
                                integer<std::uint32_t>(1, 100'000),
                                {"Requests that a client keeps under way.", "10"}),
                key<ClosedLoad>("think_time", &ClosedLoad::think_time, duration(),
                                {"The pause between an answer and the next request.", "\"10ms\""}),
            },
        .prepare = {},
        .check = {},
    });
}

template <class Arrivals>
Form<Arrivals> rate_of() {
    return adapted<Arrivals, Rate>(
        rate(), [](const Rate& value) { return Arrivals{value}; },
        [](const Arrivals& arrivals) { return arrivals.rate; });
}

Form<OpenDraft> open_load() {
    const Form<Bursts> bursts = object<Bursts>({
        .outline = {"bursts", "Requests that arrive together.", {}},
        .keys =
            {
                key<Bursts>("every", &Bursts::every, duration(zab::nanoseconds(1)),
                            {"Time between two bursts.", "\"1s\""})
                    .mandatory(),
                key<Bursts>("size", &Bursts::size, integer<std::uint32_t>(1, 1'000'000),
                            {"Requests of a burst.", "100"})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
    return one_key_of<OpenDraft>(
        "open", "Requests arrive whether or not others were answered.",
        {
            alternative<OpenDraft>("poisson", rate_of<Poisson>(),
                                   {"At random, this many for each client.", "\"100/s\""}),
            alternative<OpenDraft>("constant", rate_of<Constant>(),
                                   {"At equal distances, this many for each client.", "\"100/s\""}),
            alternative<OpenDraft>("bursts", bursts,
                                   {"Many at once.", R"({"every": "1s", "size": 100})"}),
        });
}

Form<LoadDraft> load() {
    return one_key_of<LoadDraft>(
        "load", "When a client sends its requests: exactly one key.",
        {
            alternative<LoadDraft>("closed", closed_load(),
                                   {"Each request waits for an answer.", R"({"outstanding": 10})"}),
            alternative<LoadDraft>("open", open_load(),
                                   {"Requests arrive by the clock.", R"({"poisson": "100/s"})"}),
        });
}

Form<Operations> operations() {
    using O = Operations;
    const auto weight = integer<std::uint32_t>(0, 1'000'000);
    return object<O>({
        .outline = {"operations", "Relative weights; what is left out has none.", {}},
        .keys =
            {
                key<O>("create", &O::create, weight, {"Creates of sequential children.", "1"}),
                key<O>("set", &O::set, weight, {"Writes.", "30"}),
                key<O>("get", &O::get, weight, {"Reads.", "70"}),
                key<O>("sync", &O::sync, weight, {"Syncs.", "1"}),
                key<O>("watch", &O::watch, weight,
                       {"Reads that leave a watch. A closed load goes on only when the znode has "
                        "changed and its client was told.",
                        "1"}),
            },
        .prepare = [](const Value&, O& out) { out = {}; },
        .check =
            [](const Value& value, Reader& reader, const O& mix) {
                const bool any = mix.create + mix.set + mix.get + mix.sync + mix.watch > 0;
                return any || reader.wrong(value, "no operation has a weight",
                                           "a weight above 0 for at least one");
            },
    });
}

Form<Payload> payload() {
    const auto size = bytes<std::uint32_t>(0, Limits::payload);
    const Form<Payload> fixed = adapted<Payload, std::uint32_t>(
        size,
        [](const std::uint32_t& value) {
            return Payload{value, value};
        },
        [](const Payload& range) { return range.max; });
    const Form<Payload> range = object<Payload>({
        .outline = {"payload", "Every size from min to max is equally likely.", {}},
        .keys =
            {
                key<Payload>("min", &Payload::min, size, {"The smallest.", "\"100B\""}).mandatory(),
                key<Payload>("max", &Payload::max, size, {"The largest.", "\"1KiB\""}).mandatory(),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const Payload& sizes) {
                return sizes.min <= sizes.max || wrong_member(value, reader, "min", "above max");
            },
    });
    Form<Payload> form = either(fixed, range, fixed.accepted + R"(, or {"min": …, "max": …})");
    form.write = [=](const Payload& sizes) {
        return sizes.min == sizes.max ? fixed.write(sizes) : range.write(sizes);
    };
    return form;
}

Form<PathsDraft> paths() {
    const auto count = integer<std::uint32_t>(1, Limits::paths);
    const Form<UniformPaths> uniform = object<UniformPaths>({
        .outline = {"uniform_paths", "Every path is equally likely.", {}},
        .keys = {key<UniformPaths>("count", &UniformPaths::count, count, {"Paths.", "1000"})},
        .prepare = {},
        .check = {},
    });
    const Form<ZipfPaths> zipf = object<ZipfPaths>({
        .outline = {"zipf_paths", "A few paths take most of the requests.", {}},
        .keys =
            {
                key<ZipfPaths>("count", &ZipfPaths::count, count, {"Paths.", "10000"}),
                key<ZipfPaths>("exponent", &ZipfPaths::exponent,
                               factor({0}, {10 * Factor::one_nano}),
                               {"The larger, the more skewed.", "0.99"}),
            },
        .prepare = {},
        .check = {},
    });
    return one_key_of<PathsDraft>(
        "paths", "Which paths requests are for: exactly one key.",
        {
            alternative<PathsDraft>("uniform", uniform, {"All alike.", R"({"count": 1000})"}),
            alternative<PathsDraft>("zipf", zipf, {"Skewed.", R"({"count": 10000})"}),
        });
}

Form<PlacementDraft> placement() {
    const Form<Placement> words = choice<Placement>({{"spread", Placement::spread},
                                                     {"leader", Placement::leader},
                                                     {"followers", Placement::followers},
                                                     {"observers", Placement::observers}});
    const Form<PlacementDraft> plain = adapted<PlacementDraft, Placement>(
        words, [](const Placement& value) { return PlacementDraft(value); },
        [](const PlacementDraft& value) {
            const auto* word = std::get_if<Placement>(&value);
            return word == nullptr ? Placement::spread : *word;
        });
    const Form<RegionName> region = adapted<RegionName, std::string>(
        name(), [](const std::string& value) { return RegionName{value}; },
        [](const RegionName& value) { return value.name; });
    const Form<PlacementDraft> shaped = one_key_of<PlacementDraft>(
        "placement", "Certain servers: exactly one key.",
        {
            alternative<PlacementDraft>("servers", server_ids(), {"By their ids.", "[1, 2]"}),
            alternative<PlacementDraft>("region", region, {"Those of a region.", "\"VA\""}),
        });
    Form<PlacementDraft> form =
        either(plain, shaped, words.accepted + R"(, {"servers": [1, 2]} or {"region": "VA"})");
    form.write = [=](const PlacementDraft& value) {
        return std::holds_alternative<Placement>(value) ? plain.write(value) : shaped.write(value);
    };
    return form;
}

/// One name, or a list of them; printed as a list.
Form<std::vector<std::string>> names() {
    const auto one = name();
    const auto many = list(one, 1, 10'000);
    Form<std::vector<std::string>> form;
    form.accepted = "a name, or a list of names";
    form.read = [=](const Value& value, Reader& reader, std::vector<std::string>& out) {
        if (value.is(Value::Kind::array)) {
            return many.read(value, reader, out);
        }
        out.assign(1, {});
        return one.read(value, reader, out.front());
    };
    form.write = many.write;
    form.schema = [=](Definitions& definitions) {
        return any_of({one.schema(definitions), many.schema(definitions)});
    };
    return form;
}

Form<Reconnect> reconnect() {
    using R = Reconnect;
    const auto pause = duration({}, zab::seconds(3600));
    return object<R>({
        .outline = {"reconnect",
                    "How a client goes on after it has lost its server; by default as ZooKeeper's: "
                    "once it was connected, it rests up to a second before every try, and one "
                    "second more before it tries the server again that it had last.",
                    {}},
        .keys =
            {
                key<R>("pause", &R::pause, pause, {"The rest before every try.", "\"5ms\""}),
                key<R>("cycle_pause", &R::cycle_pause, pause,
                       {"The rest when every server was tried in vain.", "\"160ms\""}),
            },
        .prepare = {},
        .check = {},
    });
}

Form<Leave> leave() {
    using L = Leave;
    return object<L>({
        .outline = {"leave", "How the clients of a group end.", {}},
        .keys =
            {
                key<L>("at", &L::at, duration(), {"When.", "\"10s\""}).mandatory(),
                key<L>("how", &L::how,
                       choice<L::How>({{"closed", L::How::closed},
                                       {"silent", L::How::silent},
                                       {"close_session", L::How::close_session}}),
                       {"Their connections close, they only fall silent, or they close their "
                        "sessions.",
                        "\"silent\""}),
            },
        .prepare = {},
        .check = {},
    });
}

std::vector<Key<GroupDraft>> request_rows() {
    using G = GroupDraft;
    return {
        key<G>("load", &G::load, load(),
               {"When a client sends its requests.", R"({"closed": {"outstanding": 10}})"}),
        key<G>("operations", &G::operations, operations(),
               {"The mix of requests.", R"({"set": 30, "get": 70})"}),
        key<G>(
            "payload", &G::payload, payload(),
            {"Bytes that a write carries; a snapshot has the largest for each node.", "\"1KiB\""}),
        key<G>("paths", &G::paths, paths(),
               {"Which paths requests are for.", R"({"zipf": {"count": 10000}})"}),
        key<G>("requests", in(&G::rest, &ClientGroup::requests),
               list(list(request(), 0, Limits::requests), 1, Limits::clients),
               {"For each client, in order, what it asks for, one request after the other; then it "
                "stops. "
                "Instead of what it would draw by `operations`, `payload` and `paths`.",
                R"([["set 17 100B", "get 17"], ["create 1KiB"]])"}),
    };
}

}  // namespace

Form<GroupDraft> client_group() {
    using G = GroupDraft;
    const auto rest = [](auto field) { return in(&G::rest, field); };
    std::vector<Key<G>> rows = {
        key<G>("name", &G::name, name(),
               {"The group's name; draws and reports use it. Default: group-1, group-2, …",
                "\"readers\""}),
        key<G>("count", rest(&ClientGroup::count), integer<std::uint32_t>(1, Limits::clients),
               {"How many clients.", "20"}),
    };
    for (Key<G>& row : request_rows()) {
        rows.push_back(std::move(row));
    }
    rows.push_back(key<G>("placement", &G::placement, placement(),
                          {"To which servers the clients connect.", "\"followers\""}));
    rows.push_back(key<G>("host", &G::host, names(),
                          {"On which of `hosts.named` they live, in turn.", "\"big\""}));
    rows.push_back(key<G>("region", &G::region, names(),
                          {"In which regions they live, in turn; default: that of `placement`.",
                           "[\"VA\", \"OR\"]"}));
    rows.push_back(
        key<G>("session_timeout", rest(&ClientGroup::session_timeout),
               duration(zab::milliseconds(1), zab::seconds(86'400)),
               {"What they ask for; the server keeps it within its limits.", "\"10s\""}));
    rows.push_back(key<G>("reconnect", rest(&ClientGroup::reconnect), reconnect(),
                          {"How they go on when their server is lost.", R"({"pause": "5ms"})"}));
    rows.push_back(key<G>("leave", rest(&ClientGroup::leave), leave(),
                          {"When and how they end; default: not before the run.",
                           R"({"at": "10s", "how": "silent"})"}));
    rows.push_back(
        key<G>("start", rest(&ClientGroup::start), duration(), {"When they connect.", "\"1s\""}));
    rows.push_back(key<G>("operations_each", rest(&ClientGroup::operations_each),
                          integer<std::uint64_t>(1, 1'000'000'000'000),
                          {"Requests after which a client stops; default: none.", "1000"}));
    rows.push_back(key<G>(
        "watch", rest(&ClientGroup::watch), flag(),
        {"They watch the configuration and ask for nothing: of protocol textbook.", "true"}));
    return object<G>({
        .outline = {"client_group",
                    "Clients that behave alike.",
                    {OneOf{{"host", "region"}, false}, OneOf{{"requests", "operations"}, false},

                     OneOf{{"requests", "operations_each"}, false}}},
        .keys = std::move(rows),
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const G& group) {
                const auto& lists = group.rest.requests;
                return !lists || lists->size() == group.rest.count ||
                       wrong_member(value, reader, "requests",
                                    "lists for " + std::to_string(lists->size()) +
                                        ", but count is " + std::to_string(group.rest.count));
            },
    });
}

}  // namespace sim::decode
