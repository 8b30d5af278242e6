#include "tests/conformance/regex.hpp"
#include "tests/conformance/roles.hpp"
#include "tests/conformance/words.hpp"

namespace conformance {

SessionKind kind_of(const std::string& words, bool was_unknown) {
    static const Regex hex("0x[0-9A-Fa-f]+");
    static const char* const known =
        "unknown|none|to|never|seen|before|tracked|not|known|neither|nor|nobody'?s?|nowhere|no|"
        "such|"
        "unheard|"
        "of|random|made|up|arbitrary|fake|untracked|any|another|other|different|foreign|remote|"
        "elsewhere|own|ours|from|an?|the|its|some|this|follower|learner|leader|server(?:'s)?|"
        "itself|"
        "upgrad(?:e|ing|ed)|local|global|session|sessions|id|ids|by|made|created|while|during|also|"
        "whoever'?s?|whosever|another's|other's|is|being|and|or|one|ones|both|all|0x[0-9A-Fa-f]+|"
        "which|only|there|here|with|S[0-9]";
    static const Regex denied(
        "\\bnone (?:known|with)|\\bnot (?:a )?global|\\bnot (?:own|ours|tracked|known|seen)|\\bno "
        "such|\\bnever (?:seen|"
        "tracked|known)|\\bneither\\b.*\\bnor\\b|\\bnobody'?s?|\\bnowhere");
    if (!made_of(words, known) || is_negated(regex_replace(words, denied, ""))) {
        throw Refused("session: " + words);
    }
    SessionKind kind{words};
    kind.is_of_another = says(words,
                              "\\b(another|other|different|foreign|remote|elsewhere)\\b"
                              "|not (own|ours)|\\b(of|from) (a|the|its|some) (follower|learner)");
    kind.is_unknown =
        says(words,
             "\\b(unknown|none known|never|any|not tracked|untracked|neither|nobody'?s?|nowhere"
             "|none with (?:this|that|such an?) id|^none$"
             "|not (?:a )?global|no such|not known|unheard|random|made[- ]up|arbitrary|fake)\\b");
    kind.is_upgrading = !kind.is_unknown && says(words, "upgrad");
    kind.is_local = !kind.is_unknown && says(words, "\\blocal\\b");
    kind.is_global = !kind.is_unknown && (says(words, "\\bglobal\\b") || kind.is_upgrading);
    Match found;
    if (regex_search(words, found, hex)) kind.id = std::stoull(found[0], nullptr, 16);
    const bool says_nothing = !kind.is_local && !kind.is_global && !kind.is_unknown;
    // "unknown, id of another server or own"; "0xdeadbeef"; what another server has is not here.
    if (says_nothing && (was_unknown || kind.id.has_value() || kind.is_of_another)) {
        kind.is_unknown = true;
    } else if (says_nothing) {
        throw Refused("session: " + words);
    }
    return kind;
}

/// "global", "local, also while upgrading", "unknown, id of another server", "global / own local /
/// upgrading": one or several kinds of session.
std::vector<SessionKind> kinds_of(const std::string& words) {
    static const std::string between =
        " */ *|; *| or |,? also |(?:,| and|, and) (?=(?:an? |the )?(?:own |its )?"
        "(?:global|local|unknown|upgrading|untracked|during upgrade|while upgrading)\\b)";
    static const Regex aside(" *\\(([^)]*)\\)");  // "unknown (own or of another server)"
    std::vector<SessionKind> kinds;
    for (const std::string& part : split_at(regex_replace(words, aside, ", $1"), between)) {
        const bool was_unknown = !kinds.empty() && kinds.back().is_unknown;
        // "unknown, local of another server" is one.
        if (was_unknown && says(part, "^local") &&
            words.find("unknown, " + part) != std::string::npos) {
            kinds.back() = kind_of("unknown, " + part, false);
            continue;
        }
        kinds.push_back(kind_of(part, was_unknown));
    }
    return kinds;
}

}  // namespace conformance
