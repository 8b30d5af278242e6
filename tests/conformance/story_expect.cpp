#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using zab::NodeId;

std::string shown(const std::optional<std::string>& value) { return value.value_or("nothing"); }

std::vector<std::string> split(const std::string& words, const std::string& separator) {
    const std::regex between(separator);
    return {std::sregex_token_iterator(words.begin(), words.end(), between, -1), {}};
}

void check_everywhere(Story& story, const std::string& words, Verdict& verdict) {
    static const std::regex absent("no (/[A-Za-z0-9]+)");
    static const std::regex listed("nodes ([0-9,]+) on all servers");
    for (const std::string& clause : split(words, "; ")) {
        std::smatch found;
        for (const NodeId node : story.cluster().members()) {
            const std::string where = fmt::format("{} on server {}", clause, node.value - 1);
            if (std::regex_match(clause, found, absent)) {
                verdict.require(where, story.cluster().serves(node) &&
                                           !story.value(node, found[1]).has_value());
            } else if (clause == "both new nodes present") {
                for (const std::string& path : story.created()) {
                    verdict.require(where, story.value(node, path).has_value());
                }
            } else if (std::regex_match(clause, found, listed)) {
                for (const std::string& path : split(found[1], ",")) {
                    verdict.require(where, story.value(node, path).has_value());
                }
            } else {
                throw Refused("expected: " + clause);
            }
        }
    }
}

/// "has /0../9, not /12 and later"; "all 11 nodes"; "same value as leader (3)".
void check_server_words(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex range("has /([0-9]+)\\.\\./([0-9]+), not /([0-9]+) and later");
    static const std::regex all("all ([0-9]+) nodes");
    static const std::regex same("same value as leader \\(([0-9]+)\\)");
    std::smatch found;
    if (std::regex_match(words, found, range)) {
        for (std::size_t i = std::stoul(found[1]); i <= std::stoul(found[2]); ++i) {
            verdict.require(fmt::format("has /{}", i),
                            story.value(node, fmt::format("/{}", i)).has_value());
        }
        for (std::size_t i = std::stoul(found[3]); i < 50; ++i) {
            verdict.require(fmt::format("not /{}", i),
                            !story.value(node, fmt::format("/{}", i)).has_value());
        }
    } else if (std::regex_match(words, found, all)) {
        verdict.check("nodes created", found[1], std::to_string(story.created().size()));
        for (const std::string& path : story.created()) {
            verdict.require("has " + path, story.value(node, path).has_value());
        }
    } else if (std::regex_match(words, found, same)) {
        verdict.check("the server's value", found[1], shown(story.value(node, "node")));
        const auto leader = story.cluster().leader();
        verdict.check("the leader's value", found[1],
                      leader ? shown(story.value(*leader, "node")) : "no leader");
    } else {
        throw Refused("expected: " + words);
    }
}

void check_ephemeral(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    for (const std::string& clause : split(words, "; ")) {
        if (clause.starts_with("no ")) {
            verdict.require(clause, story.cluster().serves(node) &&
                                        !story.value(node, clause.substr(3)).has_value());
        } else if (clause == "e can be created by another session") {
            verdict.require(clause, story.are_all_equal());
        } else {
            throw Refused("expected: " + clause);
        }
    }
}

/// `{"currentEpoch": 2, "lastZxid": [2, 1]}`, or `{"/L": 1}`.
void check_table(Story& story, NodeId node, const Value& wanted, Verdict& verdict) {
    const zab::Server& server = story.cluster().peer(node).server();
    for (const auto& [key, place, value] : wanted.members) {
        const std::string where = fmt::format("{} of server {}", key, node.value - 1);
        if (key == "currentEpoch" || key == "acceptedEpoch") {
            const zab::Epoch epoch =
                key == "currentEpoch" ? server.current_epoch : server.accepted_epoch;
            verdict.check(where, std::to_string(number(value, key)), std::to_string(epoch.value));
        } else if (key == "lastZxid") {
            verdict.check(where, text(zxid(value, key)), text(server.database.last_processed()));
        } else if (key.starts_with("/")) {
            verdict.check(where, value.text, shown(story.value(node, key)));
        } else {
            throw Refused("expected: " + key);
        }
    }
}

std::size_t elections_in(const Story& story) {
    return story.leaders().empty() ? 0 : story.leaders().rbegin()->first;
}

void check_key(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex leader_of("leaderEpoch([0-9]+)");
    std::smatch found;
    if (key == "everywhere" || key == "all") {
        check_everywhere(story, value.text, verdict);
    } else if (key == "readBefore") {
        verdict.check(key, value.text, shown(story.read()));
    } else if (key == "oldLeader") {
        check_table(story, story.server("old leader"), value, verdict);
    } else if (std::regex_match(key, found, leader_of)) {
        const auto epoch = static_cast<std::uint32_t>(std::stoul(found[1]));
        const std::string wanted = value.text.substr(0, value.text.find(' '));
        const auto leader = story.leaders().find(epoch);
        verdict.check(key, wanted,
                      leader == story.leaders().end()
                          ? "nobody"
                          : fmt::format("S{}", leader->second.value - 1));
    } else if (key == "elections" && value.text == "no extra election round") {
        verdict.check("leaders so far", "2", std::to_string(elections_in(story)));
    } else if ((key == "leader" || key == "follower") && !story.ephemerals().empty()) {
        const NodeId node = key == "leader" ? story.server("leader") : *story.observed();
        check_ephemeral(story, node, value.text, verdict);
    } else if (is_text(value)) {
        check_server_words(story, story.server(key), value.text, verdict);
    } else {
        for (const std::string& name : split(key, ",")) {
            check_table(story, story.server(name), value, verdict);
        }
    }
}

}  // namespace

std::optional<Verdict> judge_story(const Case& one) {
    if (one.level != "cluster" || one.area != "REC") return std::nullopt;
    Story story(one);
    for (const std::string& step : texts(one.stimulus, "stimulus")) story.play(step);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        check_key(story, key, value, verdict);
    }
    for (const std::string& violation : story.cluster().violations()) {
        verdict.require(violation, false);
    }
    return verdict;
}

}  // namespace conformance
