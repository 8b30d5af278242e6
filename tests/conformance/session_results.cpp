#include "protocol/service/sessions.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"

namespace conformance {

// What a check of a session tells, and how cases say it.

using zab::SessionRefusal;

std::string session_result(const std::optional<SessionRefusal>& refusal) {
    if (!refusal.has_value()) return "ok";
    switch (*refusal) {
        case SessionRefusal::unknown: return "UNKNOWNSESSION";
        case SessionRefusal::expired: return "SESSIONEXPIRED";
        case SessionRefusal::moved: return "SESSIONMOVED";
    }
    throw Refused("a refusal without a name");
}

std::string wanted_session_result(const std::string& words) {
    static const char* const fine =
        "\\b(ok|no-?op|pass(es)?|succeeds|success|no (exception|error|check)|leader "
        "(decides|checks)|allowed"
        "|nothing (is )?checked|(never|not|un) ?(checked|refused|fail(s|ed)?|expired)|does not "
        "(throw|fail)"
        "|accepted|valid)\\b";
    static const char* const known =
        "ok|no-?op|pass(?:es)?|succeeds|success|no|exceptions?|errors?|checks?|leader|decides|"
        "allowed|"
        "nothing|never|not|un|un(?:checked|refused)|checked|refused|fail(?:s|ed)?|expired|does|"
        "throws?|"
        "fail|"
        "accepted|valid|SESSION ?EXPIRED|SessionExpired|learners?|followers?|SESSION "
        "?MOVED|UNKNOWN ?SESSION|KeeperException|"
        "Session(?:Expired|Moved)Exception|UnknownSessionException|UNKNOWNSESSIONEXCEPTION|"
        "session|moved|unknown|rejected|is|with|thrown|here|there|it|the|only|then|on|and|so|to|of|"
        "by|"
        "false|true|server|always|both|either|all|each|any|every|in|at|a|an|local|global|cases?";
    if (!made_of(words, known)) throw Refused("what result is \"" + words + "\"?");
    if (says(words, fine) && !says(words, "\\bnot ok\\b")) return "ok";
    if (says(words, "expired|\\b(refused|rejected|fails)\\b")) return "SESSIONEXPIRED";
    if (says(words, "moved")) return "SESSIONMOVED";
    if (says(words, "unknown")) return "UNKNOWNSESSION";
    throw Refused("what result is \"" + words + "\"?");
}

}  // namespace conformance
