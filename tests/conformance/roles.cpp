#include "tests/conformance/roles.hpp"

#include "protocol/service/sessions.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using zab::SessionId;

// Whether a session may ask for something, by the role of the server.

/// One server's trackers, and a session of one kind.
class Roles {
  public:
    Roles(const std::string& role, bool has_local, const SessionKind& kind)
        : is_leader_(role == "leader"), has_local_(has_local) {
        if (!is_leader_ && role != "learner" && role != "follower" && role != "observer") {
            throw Refused("role: " + role);
        }
        id_ = {kind.id.value_or((std::uint64_t{kind.is_of_another ? 3u : 2u} << 56) | 1)};
        if (kind.is_unknown) return;
        if ((kind.is_local || kind.is_upgrading) && !kind.is_of_another && has_local_) {
            local_.track({id_, timeout_ms}, {}, tick);
        }
        if (kind.is_global) global_.track({id_, timeout_ms}, {}, tick);
    }

    std::string check() {
        zab::SessionTracker* local = has_local_ ? &local_ : nullptr;
        return session_result(is_leader_
                                  ? zab::check_on_leader(global_, local, self, id_, {})
                                  : zab::check_on_learner(global_.is_tracked(id_), local, id_, {}));
    }
    std::string check_global() { return session_result(zab::check_global(global_, id_, {})); }

  private:
    static constexpr zab::NodeId self{2};
    static constexpr std::uint32_t timeout_ms = 10'000;
    static constexpr zab::Duration tick = zab::seconds(1);

    bool is_leader_ = false;
    bool has_local_ = false;
    SessionId id_{};
    zab::SessionTracker global_;  // On a learner: what its database holds.
    zab::SessionTracker local_;
};

/// "SESSIONEXPIRED for both local ones": what comes of one of the checks, and for whom.
struct Claim {
    bool is_global = false;
    std::string result;
    std::string whom;  ///< Empty: all of whom nothing else is said.
};

bool is_of(const SessionKind& kind, const std::string& whom) {
    for (const std::string& one : split_at(whom, " and | or |, *| */ *")) {
        const SessionKind meant = [&one] {
            try {
                return kind_of(one, false);
            } catch (const Refused&) {
                return SessionKind{one};
            }
        }();
        const bool is_all =
            says(one, "^(all|any|both|each|every(one)?|either)( of them| kinds?| cases?| times)?$");
        const bool says_own = says(one, "\\b(own|this server|the leader)\\b");
        const bool says_any = meant.is_unknown || meant.is_local || meant.is_global ||
                              meant.is_of_another || says_own;
        if (!is_all && !says_any) throw Refused("whose check is \"" + whom + "\"?");
        const bool is_unknown_said = says(one, "\\b(unknown|neither|untracked)\\b");
        if ((!is_unknown_said || kind.is_unknown) && (!meant.is_local || kind.is_local) &&
            (!meant.is_global || kind.is_global) && (!meant.is_upgrading || kind.is_upgrading) &&
            (!meant.is_of_another || kind.is_of_another) && (!says_own || !kind.is_of_another)) {
            return true;
        }
    }
    return false;
}

/// "ok", "ok for global (checkGlobal too)", "local: SESSIONEXPIRED", "checkGlobal ok for global".
void add_claim(const std::string& words, bool is_global, std::vector<Claim>& claims) {
    static const Regex for_whom(
        "^(.*?),? (?:(?:but |only )*for|in|if|when|of) (?:an? |the )?(.*)$");
    static const Regex otherwise(
        "^(?:else|otherwise|in (?:all |the )?other cases?|all others?|the others?|the rest|others?)"
        "(?:,|:| is| are| get)? (.*)$");
    static const Regex whom_first("^(.*?)(?: *: *| *-> *| is | gives )(.*)$");
    static const Regex kind_first(
        "^(?:an? |the |for )?((?:own )?(?:global|local|unknown)(?: sessions?| ones?)?),? "
        "((?:is |are )?(?:ok|SESSION[A-Z]*|expired))$");
    static const Regex both("^(?:and )?check ?Global(?:Session)? (too|also|as well|likewise)$",
                            Regex::icase);
    static const Regex global("^check ?Global(?:Session)?(?:\\(\\))?:? *", Regex::icase);
    static const Regex plain("^check(?: ?Session)?(?:\\(\\))?(?: is|:)? +", Regex::icase);
    Match found;
    if (regex_match(words, both)) {
        if (claims.empty()) throw Refused("result: " + words);
        claims.push_back({true, claims.back().result, claims.back().whom});
        return;
    }
    static const Regex unchecked("^nothing is (?=checked$)");
    const bool says_global = regex_search(words, global);
    std::string bare = regex_replace(regex_replace(words, global, ""), plain, "");
    bare = regex_replace(bare, unchecked, "nothing ");
    Claim claim{is_global || says_global, "", ""};
    if (regex_match(bare, found, otherwise)) {
        claim.result = wanted_session_result(found[1]);
    } else if (regex_match(bare, found, for_whom)) {
        claim.result = wanted_session_result(found[1]);
        claim.whom = found[2];
    } else if (regex_match(bare, found, kind_first)) {  // "global ok"
        claim.whom = found[1];
        claim.result = wanted_session_result(found[2]);
    } else if (regex_match(bare, found, whom_first) &&
               says(found[1], "^(ok|no-?op|SESSION[A-Z]*|expired)$")) {  // "ok: not checked here"
        claim.result = wanted_session_result(found[1]);
        if (wanted_session_result(found[2]) != claim.result) throw Refused("result: " + words);
    } else if (regex_match(bare, found, whom_first)) {
        if (contains(found[2], ", ")) throw Refused("result: " + words);
        claim.result = wanted_session_result(found[2]);
        claim.whom = found[1];
    } else {
        claim.result = wanted_session_result(bare);
    }
    if (says(claim.whom, "^(the )?(others?|rest|else|otherwise)\\b")) claim.whom.clear();
    claims.push_back(claim);
}

void add_claims(const std::string& text, bool is_global, std::vector<Claim>& claims) {
    static const Regex both(
        " *\\(((?:and )?(?:check ?Global|ok\\b|SESSION ?(?:EXPIRED|MOVED)|UNKNOWN "
        "?SESSION|expired\\b)"
        "[^)]*)\\)",
        Regex::icase);
    static const std::string between =
        ", (?:but |and )?(?=else\\b|otherwise|check|SESSION|UNKNOWN|ok\\b|expired|(?:own "
        "|un)?(?:local|global|known)"
        "[^,;]*:)| and (?=check)";
    const std::string words = without_asides(regex_replace(text, both, "; $1"));
    for (const std::string& group : split_at(words, "; *")) {
        const std::size_t first = claims.size();
        for (const std::string& clause : split_at(group, between)) {
            add_claim(clause, is_global, claims);
            // "global: ok, checkGlobal ok" speaks of one session.
            const bool is_same = claims.back().whom.empty() && says(clause, "^check ?Global");
            if (is_same) claims.back().whom = claims[first].whom;
        }
    }
}

/// "SESSIONEXPIRED; global ok": the same check of a session of another kind.
void check_other_kind(const Claim& claim, const std::string& role, bool has_local,
                      Verdict& verdict) {
    if (!says(claim.whom, "^(the )?global\\b")) {
        throw Refused("nobody is \"" + claim.whom + "\"");
    }
    Roles roles(role, has_local, kind_of(claim.whom, false));
    verdict.check(claim.whom + ": " + (claim.is_global ? "checkGlobal" : "check"), claim.result,
                  claim.is_global ? roles.check_global() : roles.check());
}

/// All that is expected, by kind: of each all claims must hold, and none may be without.
void check_kinds(const std::vector<SessionKind>& kinds, const std::vector<Claim>& claims,
                 const std::string& role, bool has_local, Verdict& verdict) {
    std::vector<bool> is_used(claims.size());
    for (const Claim& claim : claims) {
        const bool are_two = kinds.size() == 2 || !says(claim.whom, "^both( cases| times)?$");
        if (!are_two) throw Refused("who are both? " + claim.whom);
    }
    for (const SessionKind& kind : kinds) {
        Roles roles(role, has_local, kind);
        bool is_judged = false;
        for (const bool is_global : {false, true}) {
            bool is_named = false;
            for (const bool is_rest : {false, true}) {
                for (std::size_t i = 0; i < claims.size(); ++i) {
                    const Claim& claim = claims[i];
                    if (claim.is_global != is_global || claim.whom.empty() != is_rest) continue;
                    if (is_rest ? is_named : !is_of(kind, claim.whom)) continue;
                    is_named = is_named || !is_rest;
                    is_judged = is_used[i] = true;
                    verdict.check(kind.words + ": " + (is_global ? "checkGlobal" : "check"),
                                  claim.result, is_global ? roles.check_global() : roles.check());
                }
            }
        }
        if (!is_judged) throw Refused("nothing is expected of \"" + kind.words + "\"");
    }
    for (std::size_t i = 0; i < claims.size(); ++i) {
        if (!is_used[i]) check_other_kind(claims[i], role, has_local, verdict);
    }
}

/// Which checks a stimulus asks for.
struct Asked {
    bool check = false, global = false;
};

Asked asked_in(const Value& stimulus) {
    static const std::string between = "; *|, (?:then )?| and | then ";
    static const Regex global("check ?Global(?: ?Session)?(?:\\([^)]*\\))?.*", Regex::icase);
    static const Regex plain(
        "(?:the server |leader |learner )?checks?(?: ?Session)?(?:\\([^)]*\\))?"
        "(?: (?:of|for|with|on) (?:it|each|the session|all|an unknown (?:id|session))(?: of "
        "them)?)?",
        Regex::icase);
    Asked asked;
    for (const std::string& step : texts(stimulus, "stimulus")) {
        for (const std::string& part : split_at(step, between)) {
            if (regex_match(part, global)) {
                asked.global = true;
            } else if (regex_match(part, plain)) {
                asked.check = true;
            } else {
                throw Refused("stimulus: " + part);
            }
        }
    }
    return asked;
}

void claims_of(const std::string& key, const Value& value, const Asked& asked,
               std::vector<Claim>& claims) {
    if (says(key, "^check ?Global")) return add_claims(value.text, true, claims);
    if (key == "error" || key == "exception" || key == "throws") {
        if (!says(value.text, "EXPIRED|expired")) throw Refused("expected." + key);
        return claims_of("result", value, asked, claims);
    }
    if (key == "result" || key == "check" || key == "checkSession") {
        // A result of both, where both are asked for and nothing else is said of them.
        if (asked.check || key != "result") add_claims(value.text, false, claims);
        if (asked.global && key == "result") add_claims(value.text, true, claims);
        return;
    }
    if (key == "results" || !is_text(value)) throw Refused("expected." + key);
    add_claims(key + ": " + value.text, false, claims);  // "own local": "ok"
}

/// One result for each kind of session, in their order: a list, or "ok / SESSIONEXPIRED".
std::vector<Value> results_in_turn(const std::string& key, const Value& value) {
    if (key == "results") return value.elements;
    std::vector<Value> all;
    if (!is_text(value) || (key != "result" && key != "check")) return all;
    for (const std::string& part : split_at(value.text, " */ +")) {
        all.push_back(sim::json::string(part));
    }
    return all;
}

Verdict check_roles(const Case& one) {
    only("initial", one.initial,
         {"role", "server", "localSessions", "localSessionsEnabled", "session", "sessions"});
    const Value* role = first_of(one.initial, {"role", "server"});
    const Value* local = first_of(one.initial, {"localSessions", "localSessionsEnabled"});
    const Value* session = first_of(one.initial, {"session", "sessions"});
    if (local == nullptr || session == nullptr) throw Refused("which session, and are any local?");
    std::vector<SessionKind> kinds;
    for (const std::string& words : texts(*session, "session")) {
        for (const SessionKind& kind : kinds_of(words)) kinds.push_back(kind);
    }
    const Asked asked = asked_in(one.stimulus);
    std::vector<Claim> claims;
    const bool has_local = is_on(*local, "localSessions");
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        const std::vector<Value> in_turn = results_in_turn(key, value);
        if (in_turn.size() == kinds.size() && (kinds.size() > 1 || key == "results")) {
            for (std::size_t i = 0; i < kinds.size(); ++i) {
                std::vector<Claim> own;
                claims_of("result", in_turn[i], asked, own);
                check_kinds({kinds[i]}, own, role->text, has_local, verdict);
            }
        } else if (value.is(Value::Kind::object)) {
            for (const auto& [whom, at, result] : value.members) {
                claims_of(key, sim::json::string(whom + ": " + result.text), asked, claims);
            }
        } else {
            claims_of(key, value, asked, claims);
        }
    }
    if (!claims.empty()) check_kinds(kinds, claims, role->text, has_local, verdict);
    return verdict;
}

// Nodes that are created for a session which the leader may not know.

/// "create ephemeral /x by that session", "another session creates /ok": by path, whether the
/// leader lets it be. An ephemeral node needs a session that all servers know.
Verdict create_nodes(const Case& one) {
    static const Regex by_it(
        "(?:that session |it )?creates? (ephemeral|persistent)?(?: node)? ?(/[a-z0-9]+)"
        "(?:,? (?:submitted |directly )*(?:at|to|on) (?:the )?leader)?"
        "(?: (?:by|of|from|for|with) (?:(?:that|the|this|it|its|an?)\\b ?)?(?:fake|unknown)?"
        "(?: ?session)?)?(?:,? (?:submitted |directly )*(?:at|to|on) (?:the )?leader)?",
        Regex::icase);
    static const Regex by_other(
        "(?:an?other|a normal|an ordinary|a global|a connected) (?:session|client) creates "
        "(/[a-z]+)|creates? (?:node )?(/[a-z]+) (?:by|of|from|with) (?:an?other|a normal|an "
        "ordinary|a global|a connected) (?:session|client)");
    static const Regex path("/[a-z0-9]+");
    const Value* session = one.initial.find("session");
    const std::uint64_t nodes_told = number_or(one.initial, "nodes", 1);
    if (nodes_told == 0 || nodes_told > 9) throw Refused("initial.nodes");
    const auto steps = texts(one.stimulus, "stimulus");
    const bool says_unknown = !steps.empty() && says(steps[0], "\\bby (an? )?unknown session\\b");
    if (session == nullptr && !says_unknown) throw Refused("whose session?");
    const auto kinds = kinds_of(session == nullptr ? "unknown" : session->text);
    if (kinds.size() != 1) throw Refused("session: several");
    const bool has_local = is_on(member(one.initial, "localSessions"), "localSessions");
    Roles roles("leader", has_local, kinds.front());
    Roles known("leader", has_local, {"global", false, false, true});
    std::vector<std::pair<std::string, bool>> nodes;
    for (const std::string& step : steps) {
        for (const std::string& told : split_at(step, "; *")) {
            const std::string part = without_asides(told);
            Match found;
            if (regex_match(part, found, by_it)) {
                const bool is_ephemeral = says(found[1], "ephemeral");
                nodes.emplace_back(found[2], roles.check() == "ok" &&
                                                 (!is_ephemeral || roles.check_global() == "ok"));
            } else if (regex_match(part, found, by_other)) {
                nodes.emplace_back(found[found[1].matched ? 1 : 2], known.check() == "ok");
            } else {
                throw Refused("stimulus: " + part);
            }
        }
    }
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        Match found;
        const bool is_absent = is_nothing(value) || says(value.text, "^(absent|not |false)");
        if (!is_absent && !says(value.text, "^(present|created|exists|ok|true)")) {
            throw Refused("expected." + key);
        }
        if (!regex_search(key, found, path)) throw Refused("expected." + key);
        const auto node = std::find_if(nodes.begin(), nodes.end(),
                                       [&](const auto& n) { return n.first == found[0]; });
        if (node == nodes.end()) throw Refused("expected." + key);
        verdict.check(key, !is_absent, node->second);
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_roles(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.initial.find("role") != nullptr) return check_roles(one);
    const Value* server = one.initial.find("server");
    const bool has_local = first_of(one.initial, {"localSessions", "localSessionsEnabled"});
    if (!has_local) return std::nullopt;
    if (server != nullptr && is_text(*server)) return check_roles(one);
    return create_nodes(one);
}

}  // namespace conformance
