#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// Clients that connect once a quorum is there again.

using zab::NodeId;

namespace {

const char* const connects =
    "(?:(?:an?|new|another|some|any|every) )*(?:clients? )?(?:(?:can|is|gets|are|able to) )*"
    "(?:re)?connect(?:s|ed)?(?: again)?";

/// Whom a client may ask: "other server" is the one that runs beside who led.
std::optional<std::vector<NodeId>> asked(Story& story, const std::string& told) {
    static const Regex other(
        "(?:other|remaining|untouched|second)(?: running)? (?:server|node|one|voter|follower)");
    static const Regex any(
        "|(?:it|any|every|each|either|both|all|ensemble|cluster|quorum|service)(?: of them| "
        "running)?(?: servers?| nodes?)?");
    std::vector<NodeId> running;
    for (const NodeId node : story.cluster().members()) {
        if (story.cluster().is_up(node)) running.push_back(node);
    }
    if (regex_match(told, any)) return running;
    if (!regex_match(told, other)) return story.known_servers(told);
    std::erase(running, story.server("old leader"));
    return running.size() == 1 ? std::optional(running) : std::nullopt;
}

bool lets_in(Story& story, const std::vector<NodeId>& who) {
    test::Cluster& c = story.cluster();
    return !who.empty() && std::all_of(who.begin(), who.end(), [&c](NodeId node) {
        if (!c.serves(node)) return false;
        const std::uint64_t client = c.connect(node);
        c.run(zab::milliseconds(500));
        return !(c.session_of(client) == zab::SessionId{});
    });
}

/// How long it took, from when the last of them was started, until all who run served.
zab::Duration time_to_serve(const Story& story) {
    zab::Instant started{}, served{};
    for (const trace::Record& record : story.cluster().records()) {
        if (record.kind() == trace::Kind::server_started) started = served = record.time();
        if (record.kind() == trace::Kind::serving) served = record.time();
    }
    return served - started;
}

bool has_quorum(Story& story) {
    const auto all = story.cluster().members();
    const auto serving = std::count_if(
        all.begin(), all.end(), [&story](NodeId node) { return story.cluster().serves(node); });
    return story.cluster().leader() && static_cast<std::size_t>(serving) > all.size() / 2;
}

}  // namespace

bool Story::play_clients(const std::string& step) {
    static const Regex lost(
        "(?:quorum (?:is )?lost|lose quorum|quorum loss|no (?:quorum|service)(?: any "
        "(?:more|longer))?|"
        "service (?:is )?(?:down|lost|unavailable))");
    static const Regex of_some(
        "(?:they (?:are|form) )?(?:an? )?(?:new )?quorum of (two|three|both)(?: followers)?");
    static const Regex form(std::string(connects) + "(?: (?:to|at|with) (.*))?");
    const std::string words = plain(step);
    Match found;
    const auto all = cluster_->members();
    const auto count = [&](auto holds) {
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), holds));
    };
    if (regex_match(words, lost)) {
        claim(step, count([this](NodeId node) { return cluster_->is_up(node); }) <= all.size() / 2);
        return true;
    }
    if (regex_match(words, compiled("quorum (?:is )?(?:kept|intact|held|remains|stays)"))) {
        claim(step, count([this](NodeId node) { return cluster_->is_up(node); }) > all.size() / 2);
        return true;
    }
    if (regex_match(words, found, of_some)) {
        const auto serves = [this](NodeId node) {
            return cluster_->serves(node) && !(hidden_ == node);
        };
        claim(step, cluster_->leader() && !(cluster_->leader() == hidden_));
        claim(step, count(serves) == *count_named(found[1]));
        return true;
    }
    if (!contains(words, "\\bclient") || !regex_match(words, found, form)) return false;
    if (is_unsettled_) settle();
    const auto who = asked(*this, found[1]);
    if (!who) return false;
    claim(step, lets_in(*this, *who));
    return true;
}

bool check_client(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex of_client("clients?|connected|client(?:Connected|Connects)|connection");
    static const Regex of_quorum("quorum|service|ensemble|cluster|availability");
    static const Regex form(std::string(connects) + "(?: (?:to|at|with) (.*))?");
    static const Regex is_back(
        "(?:(?:is|are|gets|comes|forms|formed|quorum) ?)*(?:re-?established|re-?formed|re-?formed "
        "again|restored|recovered|recovers|back|back up|up|up again|again|available|serves|serving|"
        "there|true|there again|works|in service)");
    const bool is_client = regex_match(key, of_client);
    const auto all = story.cluster().members();
    // Of all servers, where each of them was started once, others tell.
    const bool is_partial =
        std::any_of(all.begin(), all.end(), [&](NodeId node) { return !story.has_started(node); });
    if (!is_client && !regex_match(key, of_quorum)) return false;
    if (value.is(Value::Kind::boolean) && (is_client || is_partial)) {
        verdict.check(key, truth(value, key), has_quorum(story));
        if (has_quorum(story)) verdict.check(key, true, lets_in(story, *asked(story, "")));
        return true;
    }
    if (!is_text(value) || (!is_client && !is_partial && !contains(value.text, "\\bclient"))) {
        return false;
    }
    for (const std::string& told : clauses(value.text)) {
        const Timed timed = timed_in(plain(told), story.cluster().config());
        const std::string words = timed.words;
        Match found;
        if (regex_match(words, found, form)) {
            const auto who = asked(story, found[1]);
            if (!who) throw Refused(key + ": " + told);
            verdict.require(told, lets_in(story, *who));
        } else if (!is_client && regex_match(words, is_back)) {
            verdict.require(told, has_quorum(story));
        } else {
            throw Refused(key + ": " + told);
        }
        if (!timed.time) continue;
        if (!contains(timed.how, "^(?:within|in|in less than|less than|no later than)$")) {
            throw Refused(key + ": " + told);
        }
        verdict.require(told, time_to_serve(story) <= *timed.time);
    }
    return true;
}

}  // namespace conformance
