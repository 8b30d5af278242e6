#include "tests/unit/cli_script.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

// What a run says of its outages, beside the acknowledgements that its trace shows.

namespace cli {

namespace {

using nlohmann::json;

struct Case {
    std::string name;
    std::string clients;
    std::string faults;
    std::int64_t slack_ms;  ///< So long after the last acknowledgement nobody may have waited.
};

const std::string open_load =
    R"({"count": 5, "placement": {"servers": [1, 2]}, "load": {"open": {"poisson": "20/s"}}})";
const std::string thinking = R"("load": {"closed": {"think_time": "500ms"}}})";
const std::string cut = R"({"at": "10s", "cut": "leader"})";

std::vector<Case> cases() {
    const std::string all_down = R"({"at": "10s", "crash": "all", "lasting": "20s"})";
    const std::string none_leads = R"({"at": "500ms", "crash": [1, 2], "lasting": "20s"})";
    return {
        {"a leader that is cut off", open_load, cut, 50},
        {"a leader that is clogged", open_load, R"({"at": "10s", "clog": "leader"})", 50},
        {"a leader of which all is lost", open_load,
         R"({"at": "10s", "loss": {"from": "leader", "probability": "100%"}})", 50},
        {"links that are far too slow", open_load,
         R"({"at": "10s", "rate": {"from": "all", "bandwidth": "1kbit/s"}, "lasting": "20s"})", 50},
        {"disks that stand still", open_load,
         R"({"at": "10s", "disk_stall": "all", "lasting": "12s"})", 50},
        {"a cut, and a crash as well", open_load,
         cut + R"(, {"at": "10s", "crash": 1, "lasting": "20s"})", 50},
        {"a client that thinks", R"({"count": 1, )" + thinking, all_down, 520},
        {"five clients that think", R"({"count": 5, )" + thinking, all_down, 520},
        {"a client that reads as well", R"({"operations": {"set": 1, "get": 1}, )" + thinking,
         all_down, 1100},
        {"two servers that die before the first leader", R"({"count": 5})", none_leads, 10},
        {"the same under an open load", R"({"load": {"open": {"poisson": "20/s"}}})", none_leads,
         10},
        {"links that are cut before the first leader", R"({"count": 5})",
         R"({"at": "300ms", "cut": {"from": "all", "to": "all"}, "lasting": "20s"})", 10},
    };
}

std::string text_of(const Case& one) {
    return fmt::format(R"({{"duration": "45s", "ensemble": {{"voters": 3}}, "clients": [{}],
        "faults": [{}], "expect": {{"write_outage": "<= 5s"}}}})",
                       one.clients, one.faults);
}

bool says(const std::string& line, const std::string& word) {
    return line.find(word) != std::string::npos;
}

/// The longest time without an acknowledged write; before the first, from the fault on.
std::int64_t longest_gap_ns(const std::string& trace) {
    std::int64_t longest = 0;
    std::int64_t last = 0;
    bool has_written = false;
    for (std::size_t at = 0; at < trace.size();) {
        const std::size_t end = std::min(trace.find('\n', at), trace.size());
        const std::string line = trace.substr(at, end - at);
        at = end + 1;
        if (!says(line, "\"complete\"") && !says(line, "\"fault\"")) continue;
        const json record = json::parse(line);
        const std::string kind = record.value("kind", "");
        const bool is_ack = kind == "complete" && record["operation"] == "set";
        if (!is_ack && (has_written || kind != "fault")) continue;
        const std::int64_t now = record["t_ns"];
        if (is_ack && last > 0) longest = std::max(longest, now - last);
        has_written |= is_ack;
        last = now;
    }
    return longest;
}

}  // namespace

TEST_CASE("the longest outage is the longest time without an acknowledgement, whatever the cause") {
    for (const Case& one : cases()) {
        CAPTURE(one.name);
        const Folder folder;
        const std::string file = folder.write("gap.json", text_of(one));
        const std::string trace = folder.path("t.jsonl");

        const Called run = call({"run", file, "--json", "--trace", trace, "--level", "protocol"});
        const Called analyzed = call({"analyze", trace, "--json"});

        CAPTURE(run.talk);
        CAPTURE(analyzed.talk);
        REQUIRE(run.exit == 3);
        CHECK(analyzed.exit == 3);
        const json outages = json::parse(run.out)["outages"];
        CHECK(json::parse(analyzed.out)["outages"] == outages);
        REQUIRE(outages.size() == 1);
        const json& outage = outages[0];
        const std::int64_t length = outage["length_ns"];
        const std::int64_t gap = longest_gap_ns(folder.read("t.jsonl"));
        CHECK(length <= gap);
        CHECK(gap - length <= one.slack_ms * 1'000'000);
        std::int64_t sum = 0;
        for (const char* part : {"detection_ns", "election_ns", "discovery_ns",
                                 "synchronization_ns", "reconnection_ns", "stall_ns"}) {
            sum += outage[part].get<std::int64_t>();
        }
        CHECK(sum == length);
    }
}

TEST_CASE("a start with a fault that keeps nobody from leading is no outage") {
    const std::vector<std::string> harmless = {
        R"({"at": "300ms", "crash": 1, "lasting": "20s"})",
        R"({"at": "0s", "slow_cpu": {"target": 1, "factor": 4}})"};
    for (const std::string& fault : harmless) {
        CAPTURE(fault);
        const Folder folder;
        const std::string file =
            folder.write("start.json", text_of({"a start", R"({"count": 5})", fault, 0}));

        const Called run = call({"run", file, "--json", "--until", "5s"});

        CHECK(run.exit == 0);
        CHECK(json::parse(run.out)["outages"].empty());
    }
}

}  // namespace cli
