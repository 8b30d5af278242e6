#include "tests/conformance/moves.hpp"

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace conformance {

bool Moves::is_any_up() const {
    const std::vector<zab::NodeId> all = cluster.members();
    return std::any_of(all.begin(), all.end(),
                       [this](zab::NodeId node) { return cluster.is_up(node); });
}

namespace {

using zab::Operation;
using zab::SessionId;

/// "open same session at next server; sync; write", then "old handle writes": again and again.
Verdict move_around(const Case& one) {
    const auto steps = texts(one.stimulus, "stimulus");
    static const std::regex opens("open (?:the )?same session at (?:the )?next server");
    if (steps.size() != 2 || !std::regex_search(steps[0], opens) ||
        !says(steps[1], "old .*(write|set)")) {
        throw Refused("stimulus: " + steps.front());
    }
    std::size_t rounds = 1;
    if (const Value* repeat = one.expected.find("repeat")) {
        static const std::regex form("([0-9]+) rounds over all servers");
        std::smatch found;
        if (!std::regex_match(repeat->text, found, form)) throw Refused("repeat: " + repeat->text);
        rounds = std::stoul(found[1]);
    }
    Moves moves;
    Moves::Handle old = moves.open(0);
    const SessionId session = old.session.session();
    Verdict verdict;
    verdict.check("create", std::string("ok"), moves.ask(old, Operation::create));
    for (std::size_t i = 0; i < rounds * moves.servers(); ++i) {
        Moves::Handle young = moves.open(i + 1, session);
        for (const auto& [word, operation] :
             {std::pair("sync", Operation::sync), std::pair("write|set", Operation::set)}) {
            if (!says(steps[0], word)) continue;
            const std::string got = moves.ask(young, operation);
            verdict.check(fmt::format("new, move {}", i), member(one.expected, "new").text, got);
        }
        verdict.check(fmt::format("old, move {}", i), member(one.expected, "old").text,
                      moves.ask(old, Operation::set));
        old = young;
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_moves(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.initial.find("servers") != nullptr && one.expected.find("old") != nullptr) {
        return move_around(one);
    }
    return std::nullopt;
}

}  // namespace conformance
