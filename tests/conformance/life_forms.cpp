#include "tests/conformance/regex.hpp"
#include "tests/conformance/states.hpp"
#include "tests/conformance/words.hpp"

#include <array>

namespace conformance {

// The many ways to say what happens to a client and its server.

std::string known_life_step(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\bserver(?:'s)? ?(?:cnxn ?|connection ?)?[fF]actory\\b"), "server"},
        Rewrite{Regex("\\bserverFactory\\b"), "server"},
        Rewrite{Regex("^shut(?:ting)? ?down (?:of )?(?:the )?server"), "server shuts down"},
        Rewrite{Regex("^(.* (?:stops?|stopped|killed|dies|shut ?down|shuts down)) while (?:the )?"
                      "(?:client|session) (?:is |stays )?(?:connected|open)$"),
                "$1"},
        Rewrite{Regex("^(?:new )?(?:createClient|ZooKeeper) ?\\((?:timeout ?=? ?)?([0-9]+)"
                      "(?: ?ms)?\\)$"),
                "connects, timeout $1"},
        Rewrite{Regex("^(?:a |the )?client(?: with|,) (?:a )?(?:session )?timeout (?:of )?"
                      "([0-9]+ ?(?:ms|s)?),? connects$"),
                "connects, timeout $1"},
    };
    return rewritten(told, forms);
}

std::string take_timeout(const std::string& step, Value& initial) {
    static const Regex form(
        "((?:client )?connects?(?: to (?:a |the )?server)?)(?:,| with)? (?:an? )?(?:session )?"
        "timeout(?: of| is|:| =)? ?([0-9]+) ?(ms|s)?((?:[;,] .*)?)");
    Match found;
    if (!regex_match(step, found, form)) return step;
    for (const char* key : {"timeoutMs", "sessionTimeoutMs", "requestedMs", "session"}) {
        if (initial.find(key) != nullptr) throw Refused("two timeouts");
    }
    const std::uint64_t ms = std::stoull(found[2]) * (found[3] == "s" ? 1'000 : 1);
    initial.members.push_back(sim::json::member("timeoutMs", sim::json::number(ms)));
    return found[1].str() + found[4].str();
}

}  // namespace conformance
