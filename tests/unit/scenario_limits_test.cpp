#include "cli/loading.hpp"
#include "tests/unit/scenario_script.hpp"

#include <algorithm>

// What the loader refuses because of what stands elsewhere, and what it does not.

namespace sim {

namespace {

std::size_t lines_of(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string clients(const std::string& group) { return R"({ "clients": [ )" + group + " ] }"; }

}  // namespace

TEST_CASE("all mistakes are told in one pass, and none that only follows from another") {
    const std::string all = mistakes(R"({ "foo": 1, "duration": "1s", "warm_up": "2s",
        "faults": [ { "at": "1s", "crash": 9 } ],
        "ensemble": { "weights": { "9": 1 }, "tick_tim": "1s" },
        "clients": [ { "placement": "observers" } ], "expect": { "write_p99": "x" } })");

    for (const char* const mistake :
         {"/foo: unknown key", "/warm_up: not shorter than duration, 1s",
          "/faults/0/at: not before the end of the run, 1s", "/faults/0/crash: no server 9",
          "/ensemble/weights/9: server 9 is no voter", "/ensemble/tick_tim: unknown key",
          "/clients/0/placement: the ensemble has no observers", "/expect/write_p99: \"x\""}) {
        CHECK_MESSAGE(all.find(mistake) != std::string::npos, mistake, " in\n", all);
    }
    CHECK(lines_of(all) == 8);
}

TEST_CASE("what is not known is not judged") {
    struct Case {
        const char* name;
        const char* text;
    };
    const Case cases[] = {
        {"mistyped voters",
         R"({ "ensemble": { "voterz": 9 }, "faults": [ { "at": "1s", "crash": 9 } ] })"},
        {"a mistyped ensemble",
         R"({ "ensembel": { "voters": 9 }, "faults": [ { "at": "1s", "crash": 9 } ] })"},
        {"a key that resembles none",
         R"({ "ensemble": { "xyzzy": 9 }, "faults": [ { "at": "1s", "crash": 9 } ] })"},
        {"a wrong ensemble", R"({ "ensemble": 9, "faults": [ { "at": "1s", "crash": 9 } ] })"},
        {"a wrong duration",
         R"({ "duration": "2 h", "warm_up": "90s",
             "faults": [ { "at": "90s", "crash": 1 } ] })"},
        {"a mistyped duration",
         R"({ "durration": "2h", "warm_up": "90s", "clients": [ { "start": "90s" } ] })"},
        {"wrong groups",
         R"({ "ensemble": { "groups": [ [ 1 ], [ "x" ] ],
                            "weights": { "1": 0, "2": 0, "3": 0 } } })"},
    };
    for (const Case& one : cases) {
        SUBCASE(one.name) { CHECK_MESSAGE(lines_of(mistakes(one.text)) == 1, mistakes(one.text)); }
    }
}

TEST_CASE("absurd loads are refused with their product") {
    struct Case {
        std::string text;
        const char* mistake;
    };
    const Case cases[] = {
        {clients(R"({ "count": 100, "load": { "open": { "constant": "10000/s" } } })"),
         "/clients/0/load: 100 clients x 10,000/s x 60s are 60,000,000 requests, faster than any "
         "ensemble answers; accepted: at most 25,000,000 in all groups together, where they ask "
         "for more than 100,000/s"},
        {clients(
             R"({ "count": 2,
                 "load": { "open": { "bursts": { "every": "9s", "size": 1000000 } } } })"),
         "/clients/0/load: 2 clients x 1,000,000: all groups together have more outstanding "
         "requests than the limit of 1,000,000"},
        {clients(R"({ "count": 11, "load": { "closed": { "outstanding": 100000 } } })"),
         "11 clients x 100,000: all groups together have more outstanding requests"},
        {R"({ "clients": [ { "count": 20 } ],
              "faults": [ { "at": "3s", "client_burst": { "operations": 100000 } } ] })",
         "/faults/0/client_burst/operations: 20 clients x 100,000 are 2,000,000 requests at once; "
         "accepted: at most 1,000,000"},
        {R"({ "ensemble": { "voters": 501, "observers": 3500 } })",
         "/ensemble: 501 voters x 4,001 servers are 2,004,501 ways for votes; accepted: at most "
         "1,000,000"},
    };
    for (const Case& one : cases) {
        const std::string found = mistakes(one.text);
        CHECK_MESSAGE(found.find(one.mistake) != std::string::npos, found);
        CHECK(lines_of(found) == 1);
    }
}

TEST_CASE("large loads that somebody has are not refused") {
    const std::string texts[] = {
        clients(R"({ "count": 1000000, "load": { "open": { "poisson": "0.1/s" } } })"),
        clients(R"({ "count": 100000, "operations": { "watch": 1 } })"),
        R"({ "duration": "20m",
             "clients": [ { "count": 20, "load": { "open": { "constant": "1000/s" } } } ] })",
        R"({ "duration": "24h", "clients": [ { "load": { "open": { "poisson": "2000/s" } } } ] })",
        R"({ "duration": "40s", "clients": [ { "load": { "open": { "constant": "40000/s" } } } ],
             "faults": [ { "at": "5s", "crash": "all", "lasting": "25s" } ] })",
        R"({ "ensemble": { "voters": 101, "observers": 3500 } })",
    };
    for (const std::string& text : texts) CHECK(sound(text).servers.size() >= 3);
}

TEST_CASE("what cannot happen is refused") {
    struct Case {
        const char* text;
        const char* mistake;
    };
    const Case cases[] = {
        {R"({ "clients": [ { "start": "5s", "leave": { "at": "4s" } } ] })",
         "/clients/0/leave/at: before they come: start is 5s"},
        {R"({ "ensemble": { "voters": 1, "leader_serves": false }, "clients": [ {} ] })",
         "/ensemble/leader_serves: nobody serves the clients"},
        {R"({ "ensemble": { "voters": 1, "observers": 1, "leader_serves": false },
              "clients": [ { "placement": { "servers": [1] } } ] })",
         "/clients/0/placement: the only voter leads"},
        {R"({ "network": { "delay": "0ms" }, "cpu": { "preset": "zero" },
              "clients": [ { "operations": { "get": 1 } } ] })",
         "/clients/0/load: nothing that the group asks for takes any time"},
        {R"({ "network": { "delay": "0ms" }, "cpu": { "preset": "zero" }, "disk": { "sync": "0ms" },
              "clients": [ {} ] })",
         "/clients/0/load: nothing that the group asks for takes any time"},
    };
    for (const Case& one : cases) {
        const std::string found = mistakes(one.text);
        CHECK_MESSAGE(found.find(one.mistake) != std::string::npos, found);
        CHECK(lines_of(found) == 1);
    }
    CHECK(mistakes("{}", {{"extends", "\"base.json\""}}) ==
          "--set extends=\"base.json\": error: /extends: the bases are read before anything is "
          "set; accepted: extends in a file\n");
}

TEST_CASE("a load is refused where nothing on its own way takes time, whatever else does") {
    for (const char* const part :
         {R"("cpu": { "preset": "zero", "first_use": "1ms", "election": "1ms" },
             "clients": [ { "operations": { "get": 1 } } ])",
          R"("cpu": { "preset": "zero", "propose": "1ms", "append": "1ms", "per_byte": 1 },
             "clients": [ { "operations": { "get": 1 } } ])",
          R"("cpu": { "preset": "zero", "propose": "1ms", "watch_event": "1ms" },
             "clients": [ { "operations": { "sync": 1 } } ])",
          R"("cpu": { "preset": "zero", "wake_up": "5us", "deep_sleep": "1ms" },
             "clients": [ { "operations": { "get": 1 } } ])",
          R"("cpu": { "preset": "zero", "per_byte": 1 }, "disk": { "sync": "0ms" },
             "clients": [ { "payload": "0B" } ])",
          R"("cpu": { "preset": "zero" }, "hosts": { "named": { "idle": { "nic": "1Gbit/s" } } },
             "clients": [ { "operations": { "get": 1 } } ])",
          R"("cpu": { "preset": "zero" }, "protocol": "textbook", "clients": [ {} ])"}) {
        const auto text = std::string(R"({ "network": { "delay": "0ms" }, )") + part + " }";
        const std::string found = mistakes(text);
        CHECK_MESSAGE(found.find("/clients/0/load: nothing that the") != std::string::npos, part);
        CHECK(lines_of(found) == 1);
    }
    const std::string reads = R"("cpu": { "preset": "zero" },
        "hosts": { "named": { "afar": {} } },
        "clients": [ { "operations": { "get": 1 }, "placement": { "servers": [3] },
                       "host": "afar" } ])";
    CHECK(mistakes(R"({ "network": { "delay": "0ms",
                        "links": [ { "from": 1, "to": 2, "delay": "5ms" } ] }, )" +
                   reads + " }")
              .find("or a delay or cpu that takes time on its way") != std::string::npos);
    CHECK(sound(R"({ "network": { "delay": "0ms",
                     "links": [ { "from": "afar", "to": 3, "delay": "5ms" } ] }, )" +
                reads + " }")
              .clients.size() == 1);
}

TEST_CASE("what is only nearly impossible is not refused") {
    for (const char* const part :
         {R"("cpu": { "preset": "zero" }, "clients": [ {} ])",
          R"("cpu": { "preset": "zero" }, "clients": [ { "operations": { "get": 9, "set": 1 } } ])",
          R"("cpu": { "preset": "zero" }, "disk": { "sync": "0ms" },
             "clients": [ { "operations_each": 5 } ])",
          R"("clients": [ { "operations": { "get": 1 } } ])",
          R"("cpu": { "preset": "zero" }, "disk": { "sync": "0ms" },
             "ensemble": { "flush_delay": "5ms" }, "clients": [ {} ])",
          R"("cpu": { "preset": "zero" }, "clients": [ { "operations": { "get": 1 } } ],
             "faults": [ { "at": "0s",
                           "delay": { "from": "clients", "to": "all", "extra": "5ms" } } ])",
          R"("cpu": { "preset": "zero" }, "clients": [ { "operations": { "get": 1 },
                            "load": { "closed": { "think_time": "1ms" } } } ])"}) {
        const auto text = std::string(R"({ "network": { "delay": "0ms" }, )") + part + " }";
        CHECK(sound(text).clients.size() == 1);
    }
    CHECK(
        sound(R"({ "clients": [ { "start": "5s", "leave": { "at": "5s" } } ] })").clients.size() ==
        1);
    CHECK(sound(R"({ "ensemble": { "voters": 1, "observers": 1, "leader_serves": false },
                     "clients": [ {} ] })")
              .clients.size() == 1);
}

TEST_CASE("every example in the tables is one that the loader takes") {
    CHECK(refused_examples(cli::load_options().known) == std::vector<std::string>{});
    static constexpr std::string_view other[] = {"none"};
    const auto refused = refused_examples({.records = other, .messages = {}});
    CHECK(std::find(refused.begin(), refused.end(), "record_pattern.record") != refused.end());
}

}  // namespace sim
