#include "tests/conformance/story_service.hpp"

#include <fmt/format.h>

namespace conformance {

// Whether a server serves, and how soon it did.

using zab::NodeId;

void check_never_up(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    test::Cluster& c = story.cluster();
    const std::string where = fmt::format("{} (server {})", words, node.value - 1);
    verdict.require(where, c.is_up(node));
    const auto told = timed_in(words, c.config());
    const zab::Duration until = told.time ? *told.time : zab::seconds(10);
    verdict.require(where, !c.run_until([&] { return c.serves(node); }, until));
    bool has_served = false;
    for (const trace::Record& record : c.records()) {
        if (!(record.node() == node)) continue;
        if (record.kind() == trace::Kind::server_started) has_served = false;
        has_served = has_served || record.kind() == trace::Kind::serving;
    }
    verdict.require(where, !has_served);
    if (contains(words, "ahead of (?:the )?leader") && c.is_up(node) && c.leader()) {
        verdict.require(where, c.peer(*c.leader()).server().accepted_epoch <
                                   c.peer(node).server().accepted_epoch);
    }
}

bool check_up_within(const Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:is |service |quorum )*(?:up|serves|serving|available|joins) "
        "(?:within|in) ([0-9.]+ m?s)");
    Match found;
    if (!regex_match(words, found, form)) return false;
    const test::Cluster& c = story.cluster();
    const auto limit = duration_in(found[1], c.config());
    if (!limit) throw Refused("expected: " + words);
    std::int64_t started = 0;
    std::int64_t took = -1;
    for (const trace::Record& record : c.records()) {
        if (!(record.node() == node)) continue;
        if (record.kind() == trace::Kind::server_started) {
            started = record.time().ns;
            took = -1;
        }
        if (record.kind() == trace::Kind::serving && took < 0) took = record.time().ns - started;
    }
    verdict.require(words, c.serves(node) && took >= 0 && took <= limit->ns);
    return true;
}

}  // namespace conformance
