#include "tests/unit/scenario_script.hpp"

namespace sim {

namespace {

constexpr const char* five_lines =
    R"({ "ensemble": { "voters": 3 }, "clients": [ { "count": 1 } ] })";

}  // namespace

TEST_CASE("five lines make a whole scenario") {
    const Scenario scenario = sound(five_lines);

    CHECK(scenario.name == "test");
    CHECK(scenario.seed == 1);
    CHECK(scenario.duration == zab::seconds(60));
    CHECK(scenario.release == "fixed");
    CHECK(scenario.config.voters == std::vector<zab::NodeId>{{1}, {2}, {3}});
    CHECK(scenario.config.tick_time == zab::seconds(2));
    REQUIRE(scenario.servers.size() == 3);
    CHECK(scenario.hosts[scenario.servers[2].host].name == "server-3");
    REQUIRE(scenario.clients.size() == 1);
    const ClientGroup& group = scenario.clients.front();
    CHECK(group.name == "group-1");
    CHECK(group.set_weight == 1);
    CHECK(std::get<ClosedLoad>(group.load).outstanding == 1);
    REQUIRE(group.hosts.size() == 1);
    CHECK(scenario.hosts[group.hosts.front()].name == "clients-group-1");
}

TEST_CASE("the defaults of the format are those of the structures that it fills") {
    const Scenario scenario = sound("{}");

    zab::Config config;
    config.voters = scenario.config.voters;
    CHECK(scenario.config == config);
    CHECK(scenario.network == NetworkSpec{});
    CHECK(scenario.disk == DiskSpec{});
    CHECK(scenario.trace == TraceSpec{});
    CHECK(scenario.clients.empty());
    CHECK(scenario.cpu != CpuSpec{});  // The measured costs: see "jvm".
    ClientGroup group = sound(five_lines).clients.front();
    group.name.clear();
    group.hosts.clear();
    CHECK(group == ClientGroup{});
}

TEST_CASE("presets stand for whole tables, and single keys differ from them") {
    const Scenario zero = sound(R"({ "cpu": "zero", "process": "instant" })");
    const Scenario jvm = sound(R"({ "cpu": "jvm", "process": "jvm" })");
    const Scenario mixed = sound(R"({ "cpu": { "preset": "zero", "io": "5us" },
                                      "process": { "boot": "1s" } })");

    CpuSpec only_io = zero.cpu;
    only_io.io = Distribution::constant(zab::microseconds(5));
    ProcessSpec other_boot = jvm.process;
    other_boot.boot = Distribution::constant(zab::seconds(1));
    CHECK(zero.cpu == CpuSpec{});
    CHECK(zero.process == ProcessSpec{});
    CHECK(jvm.cpu == sound("{}").cpu);
    CHECK(mixed.cpu == only_io);
    CHECK(mixed.process == other_boot);
}

TEST_CASE("half a round trip between regions is the distance of a link") {
    const Scenario scenario = sound(R"({
        "network": {
            "delay": "1ms",
            "regions": { "round_trip": { "VA": { "OR": "86ms" } }, "within": "400us",
                         "jitter": { "exponential": { "mean": "1ms" } },
                         "servers": { "1": "VA", "2": "VA", "3": "OR" } },
            "links": [ { "from": 1, "to": 2, "loss": "1%", "both_ways": false } ] } })");

    const auto link = [&](std::size_t from, std::size_t to) {
        for (const LinkOverride& o : scenario.network.overrides)
            if (o.from_host == from && o.to_host == to) return o.model;
        return scenario.network.base;
    };
    CHECK(link(0, 2).distance == zab::milliseconds(43));
    CHECK(link(2, 0).distance == zab::milliseconds(43));
    CHECK(link(0, 2).delay == Distribution::exponential(zab::milliseconds(1)));
    CHECK(link(1, 0).delay == Distribution::constant(zab::microseconds(200)));
    CHECK(link(0, 1).delay == Distribution::constant(zab::microseconds(200)));
    CHECK(link(0, 1).loss == Probability{10'000'000});
    CHECK(link(1, 0).loss == Probability{});
    CHECK(scenario.network.base.delay == Distribution::constant(zab::milliseconds(1)));
}

TEST_CASE("a link has the relays that its last entry with hops says, and no others") {
    const Scenario scenario = sound(R"({
        "network": {
            "delay": "1ms", "per_hop": "5ms", "per_hop_cpu": "20us", "per_hop_gathering": "2ms",
            "per_hop_listening": "4ms",
            "regions": { "round_trip": { "VA": { "OR": "86ms" } },
                         "servers": { "1": "VA", "2": "VA", "3": "OR" } },
            "links": [ { "from": { "region": "VA" }, "to": { "region": "VA" }, "hops": 1 },
                       { "from": 1, "to": 3, "hops": 3 },
                       { "from": 1, "to": 3, "hops": 2, "both_ways": false },
                       { "from": 2, "to": 3, "hops": 1 },
                       { "from": 2, "to": 3, "loss": "1%" },
                       { "from": 3, "to": 2, "delay": "7ms", "both_ways": false } ] } })");

    const auto link = [&](std::size_t from, std::size_t to) {
        for (const LinkOverride& o : scenario.network.overrides)
            if (o.from_host == from && o.to_host == to) return o.model;
        return scenario.network.base;
    };
    const auto check_relays = [](const LinkModel& model, std::int64_t hops, zab::Duration way) {
        CHECK(model.distance == way + zab::milliseconds(5) * hops);
        CHECK(model.relay_cpu == zab::microseconds(20) * hops);
        CHECK(model.gathering == zab::milliseconds(2));
        CHECK(model.listening == zab::milliseconds(4));
    };
    check_relays(link(0, 1), 1, {});
    check_relays(link(1, 0), 1, {});
    check_relays(link(0, 2), 2, zab::milliseconds(43));
    check_relays(link(2, 0), 3, zab::milliseconds(43));
    check_relays(link(1, 2), 1, zab::milliseconds(43));
    check_relays(link(2, 1), 1, {});
    CHECK(link(1, 2).loss == Probability{10'000'000});
    CHECK(link(2, 1).delay == Distribution::constant(zab::milliseconds(7)));
}

TEST_CASE("servers share a host where hosts.servers says so") {
    const Scenario scenario = sound(R"({
        "hosts": { "default": { "cores": 2 }, "named": { "big": { "nic": "1Gbit/s" } },
                   "servers": { "1": "big", "3": "big" } } })");

    CHECK(scenario.servers[0].host == scenario.servers[2].host);
    CHECK(scenario.hosts[scenario.servers[0].host] ==
          HostSpec{"big", 2, Bandwidth{1'000'000'000}, {}});
    CHECK(scenario.hosts[scenario.servers[1].host].name == "server-2");
}

TEST_CASE("what a file extends is merged below it, the later bases over the earlier") {
    const std::map<std::string, std::string> files = {
        {"a.json", R"({ "seed": 1, "why": "a", "disk": { "sync": "1ms", "bytes_per_node": 7 } })"},
        {"dir/b.json", R"({ "extends": "c.json", "why": "b", "network": {
                            "delay": { "normal": { "mean": "5ms", "deviation": "1ms" } } } })"},
        {"dir/c.json", R"({ "seed": 9, "clients": [ {}, {} ], "disk": { "sync": "2ms" } })"},
    };
    const Scenario scenario = sound(R"({
        "extends": [ "a.json", "dir/b.json" ], "clients": [ {} ],
        "network": { "delay": { "uniform": { "min": "1ms", "max": "2ms" } } } })",
                                    {}, files);

    CHECK(scenario.seed == 9);
    CHECK(scenario.why == "b");
    CHECK(scenario.clients.size() == 1);
    CHECK(scenario.disk.sync == Distribution::constant(zab::milliseconds(2)));
    CHECK(scenario.disk.bytes_per_node == 7);
    CHECK(scenario.network.base.delay ==
          Distribution::uniform(zab::milliseconds(1), zab::milliseconds(2)));
}

TEST_CASE("what a file lacks may be in the file that it extends and that cannot be read") {
    const std::map<std::string, std::string> broken = {{"base.json", "{"}};
    const std::string own = R"("network": { "regions": { "servers": { "1": "CA", "2": "IR" } },
        "delay": { "normal": { "mean": "1ms" } } }, "seed": -1 })";

    for (const std::string base : {"base.json", "/base.json", "none.json"}) {
        CAPTURE(base);
        const std::string all = mistakes(R"({ "extends": ")" + base + "\", " + own,
                                         {{"faults.3.at", "\"1s\""}}, broken);
        CHECK(std::count(all.begin(), all.end(), '\n') == 2);
        CHECK(all.find("/seed: -1 is out of range") != std::string::npos);
    }
}

TEST_CASE("a mistake is placed in the file that contains it") {
    const std::map<std::string, std::string> files = {
        {"base.json", "{\n  \"ensemble\": { \"voters\": 0 }\n}"}};

    CHECK(mistakes("{ \"extends\": \"base.json\",\n\"seed\": -1 }", {}, files) ==
          "test.json:2:9: error: /seed: -1 is out of range; "
          "accepted: an integer from 0 to 18446744073709551615\n"
          "base.json:2:27: error: /ensemble/voters: 0 is out of range; "
          "accepted: an integer from 1 to 501\n");
}

TEST_CASE("an override replaces one value, adds one, or extends a list") {
    const Scenario scenario = sound(five_lines, {{"ensemble.voters", "[2, 3, 4, 5, 6]"},
                                                 {"clients.0.count", "7"},
                                                 {"clients.1.name", "more"},
                                                 {"network.delay", "3ms"},
                                                 {"cpu", "zero"},
                                                 {"name", "other name"}});

    CHECK(scenario.servers.size() == 5);
    CHECK(scenario.clients[0].count == 7);
    CHECK(scenario.clients[1].name == "more");
    CHECK(scenario.network.base.delay == Distribution::constant(zab::milliseconds(3)));
    CHECK(scenario.cpu == CpuSpec{});
    CHECK(scenario.name == "other name");
}

TEST_CASE("a mistake of an override is placed in it") {
    CHECK(mistakes(five_lines, {{"ensemble.votrs", "7"}}) ==
          "--set ensemble.votrs=7: error: /ensemble/votrs: unknown key; "
          "did you mean \"voters\"?\n");
    CHECK(mistakes(five_lines, {{"name", "\xff"}}).ends_with(": error: not valid UTF-8\n"));
}

TEST_CASE("columns count bytes, and lines count line feeds") {
    CHECK(mistakes("\xef\xbb\xbf{ \"why\": \"caf\xc3\xa9 \\\" \\u00e9\", /* , : */ \"sed\": 1 }") ==
          "test.json:1:42: error: /sed: unknown key; did you mean \"seed\"?\n");
    CHECK(mistakes("{ // a carriage return ends a comment\r\"sed\": 1, \"seed\": -1 }")
              .find("test.json:1:39: error: /sed") == 0);
    CHECK(mistakes("{\r\n// comment: \"sed\"\r\n\t\"sed\"\n:\n1}") ==
          "test.json:3:2: error: /sed: unknown key; did you mean \"seed\"?\n");
}

TEST_CASE("names that other layers own are checked when they are known") {
    static constexpr std::string_view records[] = {"commit", "log_synced"};
    LoadOptions options;
    options.known.records = records;
    const char* const text = R"({ "faults": [ { "after": { "record": "comit" }, "crash": 1 } ] })";

    const LoadResult checked = load_scenario_text(text, "test.json", {}, options);

    REQUIRE(checked.mistakes.size() == 1);
    CHECK(checked.mistakes.front() ==
          "test.json:1:38: error: /faults/0/after/record: \"comit\" is none of those known; "
          "accepted: commit or log_synced; did you mean \"commit\"?");
    CHECK(load_text(text).mistakes.empty());
}

TEST_CASE("absurd sizes are refused with a limit, and soon") {
    std::string wide = "{ \"why\": [";
    for (int i = 0; i < 1'100'000; ++i) wide += "0,";
    std::string keys = "{";
    for (int i = 0; i < 30'000; ++i) keys += "\"k" + std::to_string(i) + "\":0,";
    const std::string deep(100'000, '[');
    const std::string huge(17u << 20, ' ');

    CHECK(mistakes(wide + "0] }").find("more values than the limit") != std::string::npos);
    CHECK(mistakes(keys + "\"x\":0}").find("more keys in one object") != std::string::npos);
    CHECK(mistakes(deep).find("nested deeper than the limit") != std::string::npos);
    CHECK(mistakes(huge).find("larger than the limit of 16 MiB") != std::string::npos);
}

TEST_CASE("a thousand mistakes are counted, not printed") {
    std::string text = "{ \"faults\": [ 0";
    for (int i = 0; i < 5'000; ++i) text += ", 0";

    const LoadResult result = load_text(text + "] }");

    REQUIRE(result.mistakes.size() == 101);
    CHECK(result.mistakes.back() == "test.json: error: and 900 or more mistakes more");
}

TEST_CASE("a path that is no file is one clear mistake") {
    const LoadResult none = load_scenario("no/such/file.json");
    const LoadResult folder = load_scenario("/");

    CHECK(none.mistakes == std::vector<std::string>{"no/such/file.json: error: no such file"});
    CHECK(folder.mistakes == std::vector<std::string>{"/: error: not a regular file"});
}

TEST_CASE("no two groups of clients have hosts of one name") {
    const auto found = [](const std::string& first, const std::string& second) {
        return mistakes(R"({ "network": { "regions": { "round_trip": { "VA": { "OR": "86ms" } },
                             "servers": { "1": "VA", "2": "OR", "3": "OR" } } },
                             "clients": [ )" +
                        first + ", " + second + " ] }");
    };
    const std::string of_region = R"({ "name": "far", "region": [ "VA", "OR", "VA" ] })";
    const std::string alike = R"({ "name": "far-VA", "placement": { "servers": 2 } })";
    const std::string reason = "/clients/1/name: another group has the host \"clients-far-VA\"";
    CHECK(found(of_region, alike).find(reason) != std::string::npos);
    CHECK(found(alike, of_region).find(reason) != std::string::npos);
}

TEST_CASE("what follows a null byte is not passed over") {
    for (const char* rest : {"", "{", "// more"}) {
        CHECK(mistakes(std::string("{\n} ") + '\0' + rest) ==
              "test.json:2:3: error: not valid JSON: a null byte\n");
    }
}

TEST_CASE("a start holds only what ZooKeeper's files can: no counter 0, no epoch that has a sign") {
    const auto found = [](const std::string& start) {
        return mistakes(R"({ "start": { "servers": { "1": )" + start + " } } }");
    };
    const std::string history = "/start/servers/1/history/0: ";
    for (const std::string zxids : {"0:0", "1:0", "1:0-1:5", "2147483648:1"}) {
        CHECK(found(R"({ "history": [ ")" + zxids + "\" ] }").find(history) != std::string::npos);
    }
    CHECK(found(R"({ "accepted_epoch": 2147483648 })").find("accepted_epoch: 2147483648 is out") !=
          std::string::npos);
    CHECK(sound(R"({ "start": { "servers": { "1": { "history": [ "0:1", "2147483647:1" ] } } } })")
              .start.front()
              .history.size() == 2);
}

TEST_CASE("a snapshot at the start ends with a transaction of the history") {
    for (const std::string history : {R"("1:1-1:6", "1:8")", R"("1:1-1:6")", ""}) {
        CHECK(mistakes(R"({ "start": { "servers": { "1": { "snapshot": "1:7", "history": [)" +
                       history + "] } } } }")
                  .find("/start/servers/1/snapshot: 1:7 is not in history") != std::string::npos);
    }
}

}  // namespace sim
