#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// An initial state in words, or server by server: "3 voters, a quorum of 2 started".

using sim::json::Value;

namespace {

const char* const runs =
    "(?:fresh,? )?(?:is |are |in |form |part of |the |an? )*(?:up|started|running|quorum|on|online|"
    "(?:in )?(?:the )?quorum)(?: first)?(?:,? (?:and )?fresh)?|fresh|new|empty";
const char* const is_off =
    "(?:(?:fresh|new|empty),? (?:and |but )?)?(?:is |are |was |has |never |not |yet |been )*"
    "(?:down|off|offline|absent|stopped|"
    "not (?:yet )?started|never started|not running|joins later|starts later|started later)"
    "(?:,? (?:and )?(?:fresh|new|empty))?";

void put(std::vector<sim::json::Member>& all, const char* key, Value value) {
    const auto told =
        std::find_if(all.begin(), all.end(), [key](const auto& one) { return one.key == key; });
    if (told == all.end()) return all.push_back(sim::json::member(key, std::move(value)));
    if (sim::json::compact(told->value) != sim::json::compact(value)) {
        throw Refused(std::string("initial tells twice of ") + key);
    }
}

/// What happens before the steps of the case.
void put_before(std::vector<sim::json::Member>& all, const std::string& step) {
    auto told =
        std::find_if(all.begin(), all.end(), [](const auto& one) { return one.key == "before"; });
    if (told == all.end()) {
        all.push_back(sim::json::member("before", sim::json::array({})));
        told = all.end() - 1;
    }
    told->value.elements.push_back(sim::json::string(step));
}

Value numbers(const std::vector<std::uint64_t>& all) {
    std::vector<Value> elements;
    for (const std::uint64_t one : all) elements.push_back(sim::json::number(one));
    return sim::json::array(std::move(elements));
}

const char* const later_epoch = "9";  ///< Than any that is told of, where no number is.

/// `{"1,2": "quorum", "3": "down", "4": "history of epoch 5"}`: how many there are, who is down,
/// and who has been elsewhere.
bool put_states(std::vector<sim::json::Member>& all, const Value& nodes) {
    static const Regex past(
        "(?:down,? )?(?:has |with )?(?:an? |the |its )?(?:old |stale )?(?:history|data|log|state|"
        "disk)(?: and (?:accepted|current) ?[eE]poch)?(?:,? (?:of|from|in|at))* (?:an? )?"
        "(?:epoch ([0-9]{1,4})|(?:later|higher|newer|future|greater) epoch)(?:,? down)?");
    std::vector<std::uint64_t> up, down, past_ones;
    bool is_zero = false;
    for (const auto& [key, place, value] : nodes.members) {
        static const Regex names(
            "(?:(?:nodes?|servers?|S) ?)?[0-9](?:(?:,|, | and |-|\\.\\.)"
            "[0-9])*");
        if (!is_text(value) || !regex_match(key, names)) return false;
        const auto told = numbers_in(key);
        is_zero = is_zero || std::find(told.begin(), told.end(), 0) != told.end();
        if (Match found; regex_match(value.text, found, past)) {
            past_ones.insert(past_ones.end(), told.begin(), told.end());
            const std::string log = "standalone log with 1 creates, epoch " +
                                    (found[1].matched ? found[1].str() : later_epoch);
            all.push_back(sim::json::member("node" + std::to_string(past_ones.back()),
                                            sim::json::string(log)));
            continue;
        }
        const bool is_up = regex_match(value.text, compiled(runs));
        if (!is_up && !regex_match(value.text, compiled(is_off))) return false;
        for (const std::uint64_t one : told) (is_up ? up : down).push_back(one);
    }
    if (nodes.members.empty()) return false;
    put(all, "nodes", sim::json::number(up.size() + down.size() + past_ones.size()));
    if (past_ones.size() > 1) throw Refused("initial.nodes: whose history is it?");
    if (!past_ones.empty()) put(all, "firstServer", sim::json::number(is_zero ? 0 : 1));
    if (!down.empty()) put(all, "down", numbers(down));
    return true;
}

/// `{"voters": [1, 2, 3], "quorum": "majority"}`: how many, and which number the first one bears.
bool put_voters(std::vector<sim::json::Member>& all, const Value& config) {
    const Value* voters = first_of(config, {"voters", "servers", "nodes", "participants"});
    if (voters == nullptr) return false;
    only("config", config, {"voters", "servers", "nodes", "participants", "quorum"});
    const Value* quorum = config.find("quorum");
    if (quorum != nullptr && quorum->text != "majority") throw Refused("initial.config.quorum");
    if (!voters->is(Value::Kind::array)) {
        put(all, "nodes", sim::json::number(number(*voters, "voters")));
        return true;
    }
    const auto told = ids(*voters, "voters");
    for (std::size_t i = 0; i < told.size(); ++i) {
        if (told[i].value != told.front().value + i || told.front().value > 1) {
            throw Refused("initial.config.voters: numbers that do not count up from 0 or 1");
        }
    }
    if (told.empty()) throw Refused("initial.config.voters: none");
    put(all, "nodes", sim::json::number(told.size()));
    put(all, "firstServer", sim::json::number(told.front().value));
    return true;
}

/// 3, "4, creates in between".
std::string restarts_told(const Value& value) {
    static const Regex form(
        "([0-9]+|several)(?: restarts)?(?:,| with| and) creates?(?: (?:in )?between)?");
    Match found;
    if (is_text(value) && regex_match(value.text, found, form)) {
        return found[1].str() + " restarts with creates";
    }
    return fmt::format("restart all {} times", number(value, "initial.restarts"));
}

/// How an ensemble comes to have nothing but snapshots: whoever starts anew writes one.
const char* const only_snapshots[] = {"2 creates", "restart all", "stop all", "delete all logs"};

bool tells_only_snapshots(const std::string& words) {
    return contains(
        words,
        "^(?:(?:disks?|servers|they|all) (?:have |has |with |hold )?)?(?:(?:latest |last "
        ")?(?:state |data )?only (?:in )?snapshots|snapshots only|in snapshots(?=, (?:and |but "
        ")?not))(?:,? (?:and |but )?"
        "(?:(?:no|without|not in) (?:the )?(?:txn )?logs?(?: files)?|(?:the |all )?(?:txn "
        ")?logs?(?: files)? "
        "(?:are |were )?(?:removed|deleted|lost|gone)))?(?:,? (?:on|at|of) (?:all|every|each)"
        "(?: [0-9])?(?: servers?| nodes?)?)?$");
}

/// "3 voters", "a quorum of 2 started", "2 of 3 started", "3 servers, 2 started".
bool put_config(std::vector<sim::json::Member>& all, const std::string& words) {
    static const std::string count = "([0-9]|two|three|four|five)";
    static const Regex servers("(?:an? )?(?:ensemble of )?" + count +
                               "(?:-node| |-server )?(?: ?(?:voters?|servers?|nodes?|"
                               "participants?|members?|peers?|ensemble))");
    static const Regex some("(?:only )?(?:an? |the )?(?:quorum of |quorum: )?" + count +
                            "(?: of (?:them|" + count +
                            "))?(?: (?:voters?|servers?|nodes?))? "
                            "(?:are |is )?(?:started|up|running)");
    for (const std::string& part : split_at(words, "[,;] *(?:of which |but |and )?|: ")) {
        Match found;
        if (regex_match(part, found, servers)) {
            put(all, "nodes", sim::json::number(*count_in(found[1])));
        } else if (regex_match(part, found, some)) {
            if (found[2].matched) put(all, "nodes", sim::json::number(*count_in(found[2])));
            put(all, "started", sim::json::number(*count_in(found[1])));
        } else {
            return false;
        }
    }
    return true;
}

const char* const restarted =
    "(?:all |each |everything |(?:the )?(?:ensemble|cluster|servers) )?(?:has |have |been |was |"
    "were )*restarted (?:once|one time)(?: before| already)?";
const char* const is_settled =
    "(?:with |has )?(?:an? |the )?(?:stable|established|elected) (?:leader|quorum|ensemble)|"
    "(?:one|an?) client (?:each|per server|(?:on|at) each(?: server)?)|"
    "(?:an? |the )?leader (?:is )?elected|(?:an? |the )?quorum (?:is )?(?:formed|established|up)";

/// "3 servers, snapshot sync forced, 2000 nodes": what is no ensemble has happened before.
Value told_in_words(const std::string& words) {
    static const Regex forced(
        "(?:snapshot|SNAP)(?: sync)?(?: is)? forced|forced (?:snapshot|SNAP)(?: sync)?|"
        "forceSnap(?:Sync)?|sync(?:hroni[sz]ation|s|ed)? (?:is |only )*(?:by|via|with) "
        "(?:snapshot|SNAP) only|SNAP(?: sync)? only|always SNAP");
    static const Regex nodes("(?:with )?([0-9]+) (?:z?nodes|creates)");
    std::vector<sim::json::Member> all;
    for (const std::string& part : split_at(words, "[,;] *(?:of which |but |and )?")) {
        Match found;
        static const Regex down(
            "(?:server |node |S)?([0-9])(?: is)? (?:down|off|absent|not started|stopped)"
            "(?: (?:from|at) (?:the )?(?:start|beginning|first)| initially| at first)?");
        static const Regex long_tick(
            "leader(?: with|'s|:| has)? (?:an? )?(?:long|longer|high|higher|raised|huge) "
            "tick(?:Time)?(?: raised)?");
        if (regex_match(part, found, down)) {
            put(all, "down", numbers({std::stoull(found[1])}));
        } else if (regex_match(part, long_tick)) {
            put(all, "leaderTickMs", sim::json::number(10'000));
        } else if (tells_only_snapshots(part)) {
            for (const char* step : only_snapshots) put_before(all, step);
        } else if (regex_match(part, compiled(restarted))) {
            put(all, "restartedOnce", sim::json::boolean(true));
        } else if (regex_match(part, compiled(is_settled))) {
            continue;  // So it begins.
        } else if (regex_match(part, forced)) {
            put(all, "forceSnap", sim::json::boolean(true));
        } else if (regex_match(part, found, nodes)) {
            put_before(all, found[1].str() + " creates");
        } else if (!put_config(all, part)) {
            put_before(all, part);
        }
    }
    return sim::json::object(std::move(all));
}

/// "forceSnapSync"; "followerA": what it does; "leader": "L, tick raised to 10 s". False: the key
/// is another one.
bool put_named(std::vector<sim::json::Member>& all, const std::string& key, const Value& value) {
    static const Regex forced("forceSnapSync|forceSnapshot(?:Sync)?|snapOnly|alwaysSnap");
    static const Regex follower("follower([A-Z])");
    static const Regex leader("([A-Z]|S[0-9])[,;] (.*)");
    Match found;
    if (regex_match(key, forced)) {
        put(all, "forceSnap", value);
    } else if (is_text(value) && regex_match(key, found, follower)) {
        put_before(all, found[1].str() + " " + value.text);
    } else if (key == "leader" && is_text(value) && regex_match(value.text, found, leader)) {
        put(all, "leader", sim::json::string(found[1].str()));
        put_before(all, found[2]);
    } else {
        return false;
    }
    return true;
}

}  // namespace

Value story_initial(const Value& initial) {
    if (is_text(initial)) return told_in_words(initial.text);
    static const Regex who_runs(
        "(?:only )?(?:(?:nodes?|servers?) )?((?:[0-9](?:, ?| and ))*[0-9])");
    std::vector<sim::json::Member> all;
    for (const sim::json::Member& one : initial.members) {
        const auto& [key, place, value] = one;
        Match found;
        if (key == "nodes" && value.is(Value::Kind::object) && put_states(all, value)) continue;
        const bool is_config = key == "config" || key == "ensemble" || key == "nodes" ||
                               key == "servers" || key == "cluster";
        if (is_config && is_text(value) && put_config(all, value.text)) continue;
        const bool is_table = is_config && value.is(Value::Kind::object);
        if (is_table && put_voters(all, value)) continue;
        const bool is_disk = contains(key, "^(?:disks?|data|state|(?:latest|last)State)$");
        if (is_disk && is_text(value) && tells_only_snapshots(value.text)) {
            for (const char* step : only_snapshots) put_before(all, step);
            if (regex_search(value.text, found, compiled("\\ball ([0-9])\\b"))) {
                put(all, "nodes", sim::json::number(std::stoull(found[1])));
            }
            continue;
        }
        if (put_named(all, key, value)) continue;
        if (key == "restarts") {
            put_before(all, restarts_told(value));
            continue;
        }
        const bool is_load = key == "clients" || key == "client" || key == "load" || key == "hook";
        if (is_load && is_text(value)) {
            put_before(all, value.text);
            continue;
        }
        const bool is_started = key == "started" || key == "running" || key == "up";
        if (is_started && is_text(value) && regex_match(value.text, found, who_runs)) {
            const auto told = numbers_in(found[1]);
            const bool is_count = found[1].length() == 1;  // "started": "2"
            put(all, "started", is_count ? sim::json::number(told.front()) : numbers(told));
            continue;
        }
        if (key == "quorum" && value.is(Value::Kind::array)) {
            put(all, "started", value);
        } else if (key == "running" || key == "up") {
            put(all, "started", value);
        } else if (key == "nodes") {
            put(all, "nodes", value);
        } else {
            all.push_back(one);
        }
    }
    return sim::json::object(std::move(all));
}

}  // namespace conformance
