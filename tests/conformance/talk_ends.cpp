#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <map>

namespace conformance {

// Servers whose process ends, or that start again from their disk; and what was said last, or in
// all.

namespace {

using Look = Talk::Look;

constexpr std::uint16_t quorum_packet_error = 13;

/// org.apache.zookeeper.server.ExitCode; nothing: no such name.
std::optional<std::uint16_t> exit_code_in(const std::string& words) {
    static const std::map<std::string, std::uint16_t> names = {
        {"EXECUTION_FINISHED", 0},          {"UNEXPECTED_ERROR", 1},
        {"INVALID_INVOCATION", 2},          {"UNABLE_TO_ACCESS_DATADIR", 3},
        {"ERROR_STARTING_ADMIN_SERVER", 4}, {"TXNLOG_ERROR_TAKING_SNAPSHOT", 10},
        {"UNMATCHED_TXN_COMMIT", 12},       {"QUORUM_PACKET_ERROR", quorum_packet_error},
        {"UNABLE_TO_BIND_QUORUM_PORT", 14}};
    static const Regex digits("[0-9]{1,3}");
    if (regex_match(words, digits)) return static_cast<std::uint16_t>(std::stoul(words));
    std::string name;
    for (const char c : words) {
        name += c == ' ' || c == '-'
                    ? '_'
                    : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    const auto found = names.find(name);
    if (found == names.end()) return std::nullopt;
    return found->second;
}

/// "ACK <1,0>", "ACKEPOCH epoch 0 zxid <0,0>", "FOLLOWERINFO 0": a packet, and what it says.
struct Line {
    std::string name;
    std::optional<zab::Zxid> zxid;
    std::optional<std::uint64_t> epoch;
};

std::optional<Line> line_in(const std::string& words) {
    static const Regex form(
        std::string("(") + packet_names +
        ")(s)?(?:,? \\(?(?:(?:current ?)?[eE]poch ([0-9]+),? (?:and )?)?(?:of )?(?:zxid )?"
        "(<[0-9]+, ?[0-9]+>|[0-9]+)\\)?)?");
    Match found;
    if (!regex_match(words, found, form)) return std::nullopt;
    Line line{found[1], std::nullopt, std::nullopt};
    if (found[2].matched != (line.name == "PING") && found[2].matched) return std::nullopt;
    if (found[3].matched) line.epoch = std::stoull(found[3]);
    if (!found[4].matched) return line;
    // "FOLLOWERINFO 0" tells an epoch.
    const bool is_info = line.name.ends_with("INFO") && found[4].str().front() != '<';
    line.zxid = zxid_in(found[4]);
    if (is_info) line.zxid = zab::Zxid::of({static_cast<std::uint32_t>(line.zxid->value)}, 0);
    return line;
}

bool is_it(const zab::Message& message, const Line& line) {
    const auto* ack = std::get_if<zab::AckEpoch>(&message);
    const auto told = ack != nullptr && ack->current_epoch
                          ? std::optional<std::uint64_t>(ack->current_epoch->value)
                          : std::nullopt;
    return packet_name(message) == line.name && (!line.zxid || zxid_said(message) == line.zxid) &&
           (!line.epoch || told == line.epoch);
}

std::string written(const std::vector<zab::Message>& all) {
    std::string words;
    for (const zab::Message& one : all) {
        const auto zxid = zxid_said(one);
        words += packet_name(one) + (zxid ? text(*zxid) : "") + " ";
    }
    return words;
}

/// The message at this place answers the step in which the script says `packet`.
bool is_said_behind(const Talk& talk, std::size_t place, const std::string& packet) {
    return place >= talk.before(packet).heard && place < talk.after(packet).heard;
}

}  // namespace

/// Without a file of its log a server has nothing to truncate (FileTxnLog.truncate).
void Talk::lose_log(const Value& told) {
    static const Regex absent(
        "(?:is |an? |the )*(?:absent|missing|none|no(?: (?:log ?)?files?)?|gone|deleted|empty|"
        "(?:does )?not (?:there|exist(?:ing)?))");
    static const Regex broken("(?:is )?(?:not truncatable|cannot be truncated|un-?truncatable)");
    if (is_text(told) && regex_match(told.text, broken)) return fail_truncation();
    const bool is_list = told.is(Value::Kind::array) && told.elements.empty();
    const bool is_absent =
        is_list || is_nothing(told) || (is_text(told) && regex_match(told.text, absent));
    if (!is_absent || !cluster_->disk(self_).image().log.empty()) {
        throw Refused("log: " + told.text);
    }
}

void Talk::fail_truncation() {
    cluster_->fails = [this](zab::NodeId node, const zab::Start& work) {
        return node == self_ && work.work == zab::Work::truncate_log;
    };
}

void Talk::restart() {
    wait_out();
    was_linked_ = false;
    if (cluster_->is_up(self_)) cluster_->kill(self_);
    cluster_->run(zab::milliseconds(100));
    cluster_->start(self_);
    cluster_->run(zab::milliseconds(20));
    was_restarted_ = true;
    look("restart");
}

/// "log cannot be truncated", "reload from disk"; false: it is no such step.
bool Talk::play_fault(const std::string& words) {
    static const Regex uncut(
        "(?:its |its own )?(?:(?:txn |transaction )?log (?:cannot|can not|can't) be truncated|"
        "(?:log )?truncat(?:ion|e|eLog)(?:\\(\\))? (?:fails|returns false|is impossible)|"
        "(?:it )?(?:is )?(?:cannot|unable to|fails to|not able to) truncate(?: its log| it)?)");
    static const Regex absent(
        "(?:its )?(?:txn |transaction )?log(?: files?)? (?:is |are )?(?:absent|missing|gone|"
        "(?:does |do )?not (?:there|exist))|(?:has |there is |with )?no (?:txn |transaction )?log"
        "(?: files?)?(?: (?:to truncate|exists?|there|on disk))?");
    static const Regex restarts(
        "(?:(?:server|learner|follower|observer|process|it|same (?:server|learner)) )?(?:is )?"
        "(?:restarts?|restarted|reboots?|rebooted)(?: (?:it|server|learner|follower|observer|"
        "process))?(?: (?:from|on|over|with) (?:its |same )*(?:disk|files|log|data ?dir))?|"
        "(?:database )?(?:is )?(?:reload(?:s|ed)?|read back|load(?:s|ed)?)(?: (?:database|it|state|"
        "data))? from (?:its )?disk|"
        "(?:an? )?(?:new|second|fresh) (?:server|learner|follower|process) (?:(?:starts|is started|"
        "reads|loads) )?(?:from|on|over|with) (?:its |same )*(?:disk|files|log|data ?dir)");
    const bool is_restart = regex_match(words, restarts);
    if (was_restarted_ && !is_restart) throw Refused("behind its restart: " + words);
    if (is_restart) {
        restart();
        return true;
    }
    const bool is_absent = regex_match(words, absent);
    if (!is_absent && !regex_match(words, uncut)) return false;
    if (is_absent && !cluster_->disk(self_).image().log.empty()) throw Refused("step: " + words);
    if (has_said("TRUNC")) throw Refused("it has been truncated: " + words);
    fail_truncation();
    return true;
}

bool check_exit(const Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex exit_key(
        "(?:system|process)? ?(?:exit|exits|exited|exit ?code|code|halts?)(?: ?with)?",
        Regex::icase);
    static const Regex whose(
        "(?:learner|follower|observer|leader|server|process|jvm|outcome|result|end|state|then|"
        "after|finally)");
    static const Regex code_told(
        "(?:exit )?(?:with |by )?(?:an? |the )?(?:exit )?(?:code )?([A-Za-z_ -]+[A-Za-z]|[0-9]+)");
    static const Regex exits(
        "(?:(?:server|process|learner|follower|observer|leader|it|jvm) )?(?:is |does )?(?:an? )?"
        "(?:exits?(?: (?:its|the) (?:process|jvm))?|exited|[sS]ystem[ .]?exit(?:\\(\\))?"
        "(?: (?:is |was )?called)?|calls System\\.exit(?:\\(\\))?|process (?:exits|ends|exit)|"
        "halts?|ends (?:itself|its process)|terminates)"
        "(?:(?: with|:|,)? ?(?:an? |the )?(?:exit )?(?:code )?\\(?(?:exit )?(?:code )?"
        "([A-Za-z_ -]+[A-Za-z]|[0-9]+)\\)?(?: ?\\(([0-9]+)\\))?)?");
    static const Regex lives(
        "(?:does not|never|no|not) (?:exit(?:s|ed)?|system exit|halt(?:s)?|terminates?)|"
        "goes on|continues|stays (?:up|alive)|keeps running|none|never");
    const bool is_exit_key = regex_match(key, exit_key);
    if (!is_exit_key && !regex_match(key, whose)) return false;
    if (contains(key, "^(?:learner|follower|observer|leader)$") && !talk.is_self(key)) return false;
    const auto check_code = [&](const std::string& told) {
        const auto code = exit_code_in(told);
        if (!code) throw Refused(fmt::format("expected.{}: {}", key, told));
        verdict.check(key, std::to_string(*code),
                      talk.has_exited() ? std::to_string(talk.exit_code()) : "no exit");
    };
    Match found;
    if (is_exit_key && value.is(Value::Kind::boolean)) {
        verdict.check(key, truth(value, key), talk.has_exited());
    } else if (is_exit_key && value.is(Value::Kind::number)) {
        check_code(value.text);
    } else if (is_text(value) && regex_match(value.text, lives) &&
               (is_exit_key || key == "process" || value.text.find("exit") != std::string::npos)) {
        verdict.check(key, false, talk.has_exited());
    } else if (is_text(value) && regex_match(value.text, found, exits)) {
        verdict.check(key, true, talk.has_exited());
        if (found[1].matched) check_code(found[1]);
        if (found[2].matched) check_code(found[2]);
    } else if (is_exit_key && is_text(value) && regex_match(value.text, found, code_told)) {
        check_code(found[1]);
    } else if (is_exit_key) {
        throw Refused("expected." + key);
    } else {
        return false;
    }
    return true;
}

bool check_unchanged(const Talk& talk, const std::string& words, const Look& look,
                     Verdict& verdict) {
    static const std::string moment =
        "before(?: (?:the |any )?(?:sync(?:hroni[sz]ation)?|SNAP|TRUNC|DIFF|stream|connection))?|"
        "(?:at|in) (?:the |its )?(?:start|beginning)|(?:at )?first";
    static const Regex form(
        "(?:the |its )?last ?(?:[pP]rocessed|[zZ]xid|[lL]ogged)(?: ?[zZ]xid)?"
        "(?: is| was| stays| remains| still|:| =)* (?:unchanged|kept|"
        "not (?:changed|advanced|moved|raised)|"
        "(?:exactly |just )?(?:the same )?(?:as|what|that|the one|like)(?: (?:it|of|from|that))?"
        "(?: (?:it )?(?:was|had been))? (?:" +
        moment + ")|(?:the |its )?start ?[zZ]xid)( on disk)*");
    Match found;
    if (!regex_match(words, found, form)) return false;
    const Look& start = talk.looks().front();
    if (found[1].matched) {
        verdict.check(words, text(start.reloaded), text(look.reloaded));
    } else {
        verdict.check(words, text(start.processed), text(look.processed));
    }
    return true;
}

bool check_transcript(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex keys(
        "(?:(leader|follower|learner|observer|from|to) "
        "?)?(?:received|reads?|heard|seen|got|packets|"
        "said|says|sent|sends|order|sequence|transcript|conversation|messages|stream|answers|"
        "replies|responses|leader|follower)",
        Regex::icase);
    const bool is_told = is_text(value) && talk.role() != Talk::Role::leader &&
                         line_in(parts_of(value, key).front());
    const bool is_list = is_told || (value.is(Value::Kind::array) && !value.elements.empty());
    const std::string spoken = words_of_key(key);
    static const Regex owned("(leader|follower|learner|observer) (?:said|says|sent|sends)");
    Match found;
    if (!is_list || !regex_match(spoken, keys)) return false;
    if (regex_match(spoken, found, owned) && !talk.is_self(found[1])) return false;
    if (key == "leader" || key == "follower") return false;  // What becomes of them.
    std::vector<Line> lines;
    std::vector<std::string> ends;
    bool tells_more =
        talk.role() != Talk::Role::leader || !contains(key, "^(?:packets|said|order|sequence)$");
    for (const std::string& words : is_told ? parts_of(value, key) : texts(value, key)) {
        const auto line = line_in(words);
        if (!line) {
            ends.push_back(words);
        } else if (!ends.empty()) {
            throw Refused(key + ": behind the end: " + words);
        } else {
            lines.push_back(*line);
            tells_more = tells_more || line->zxid;
        }
    }
    if (!tells_more || lines.empty()) return false;
    std::vector<zab::Message> said;
    const bool tells_pings =
        std::any_of(lines.begin(), lines.end(), [](const Line& one) { return one.name == "PING"; });
    for (const zab::Message& message : talk.said(tells_pings)) {
        // Many pings in a row are one line.
        const bool is_more =
            packet_name(message) == "PING" && !said.empty() && packet_name(said.back()) == "PING";
        if (!is_more) said.push_back(message);
    }
    const bool fits =
        said.size() == lines.size() && std::equal(said.begin(), said.end(), lines.begin(), is_it);
    if (!fits) verdict.check(key, "what is listed", written(said));
    for (const std::string& words : ends) {
        if (!check_fate(talk, words, verdict)) throw Refused(key + ": " + words);
    }
    return true;
}

bool check_last_acks(const Talk& talk, const Value& value, Verdict& verdict) {
    static const Regex form(
        "(?:(?:two|2)(?: ?x)? )?ACKs? (<[0-9]+, ?[0-9]+>)( twice|,? two times|,? both times| ?"
        "\\(?2 ?x\\)?)?(?: ?\\((?:of |for )?(NEWLEADER|UPTODATE)(?:(?:, ?| and |/)(NEWLEADER|"
        "UPTODATE))?\\)|,? (?:of|for) (NEWLEADER|UPTODATE)(?:(?:, ?| and "
        ")(NEWLEADER|UPTODATE))?)?");
    std::vector<zab::Zxid> wanted;
    std::vector<std::string> names;
    for (const std::string& words : texts(value, "last")) {
        Match found;
        if (!regex_match(words, found, form)) return false;
        const bool is_twice = found[2].matched || contains(words, "^(?:two|2)");
        const std::size_t before = names.size();
        for (const std::size_t group : {3u, 4u, 5u, 6u}) {
            if (found[group].matched) names.push_back(found[group]);
        }
        wanted.insert(wanted.end(), is_twice ? 2 : 1, *zxid_in(found[1]));
        const std::size_t told = names.size() - before;
        if (told != 0 && told != (is_twice ? 2u : 1u)) throw Refused("last: " + words);
    }
    if (!names.empty() && names.size() != wanted.size()) throw Refused("last: which are they?");
    const auto all = talk.said();
    std::vector<zab::Zxid> got;
    const std::size_t first = all.size() - std::min(all.size(), wanted.size());
    for (std::size_t i = first; i < all.size(); ++i) {
        const auto* ack = std::get_if<zab::Ack>(&all[i]);
        if (ack != nullptr) got.push_back(ack->zxid);
    }
    verdict.check("last", list_of(wanted), list_of(got));
    const bool is_more = wanted.size() > 1 && first > 0 &&
                         is_it(all[first - 1], {"ACK", wanted.front(), std::nullopt});
    verdict.require("last: so many ACKs", !is_more);
    for (std::size_t i = 0; i < names.size(); ++i) {
        verdict.require("last: of " + names[i], is_said_behind(talk, first + i, names[i]));
    }
    return true;
}

}  // namespace conformance
