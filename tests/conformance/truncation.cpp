#include "sim/disk/disk.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/truncation_words.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace conformance {

// One disk whose log is cut: "append 1..100", "truncate to 1", "append 200", "delete all logs".

namespace {

class CutLog {
  public:
    explicit CutLog(const Case& one) : rule_(one.release.truncation) {
        only("initial", one.initial,
             {"log", "logged", "txnLog", "txns", "transactions", "appended", "history", "node",
              "disk", "snapshot", "database", "files", "logFiles"});
        if (is_text(one.initial)) read_log(sim::json::string(log_at_start(one.initial.text)));
        for (const auto& [key, place, value] : one.initial.members) {
            const bool is_more = key == "database" && is_text(value) && says(value.text, "[1-9]");
            if ((key == "snapshot" || key == "database") && !is_more) {
                const bool is_start = value.is(Value::Kind::array) ? zxid(value, key) == zab::Zxid{}
                                                                   : is_empty(value);
                if (!is_start) throw Refused("initial." + key + ": " + value.text);
            } else if (key == "files" || key == "logFiles") {
                play("log files " + (is_nothing(value) ? "absent" : value.text));
            } else {
                read_log(value);
            }
        }
    }

    void play(const std::string& step) {
        static const std::vector<Phrase<CutLog>> known = {
            {Regex("(?:append|log|write|add)s? (.*[0-9].*)"),
             [](CutLog& log, const Match& found) {
                 log.append(read_words(found[1]), kind_in(found[1]));
             }},
            {Regex("(?:log )?(?:trunc(?:ate|ated|ateLog)?|TRUNC|cut)(?: log)?(?: "
                   "(?:to|at|after|behind))? "
                   "(?:zxid )?([0-9<\\[].*)"),
             [](CutLog& log, const Match& found) { log.truncate(read_words(found[1])); }},
            {Regex("(?:log )?(?:trunc(?:ate|ated|ateLog)?|TRUNC|cut)(?: log| all)?(?: "
                   "(?:to|at|after|behind))? (?:its )?(first|second|third)(?: (?:zxid|txn|"
                   "record|transaction|entry|one))?"),
             [](CutLog& log, const Match& found) {
                 const auto all = log.content({});
                 const std::size_t place = *count_in(found[1]) - 1;
                 if (place >= all.size()) throw Refused("there is none: " + found.str());
                 log.truncate({all[place]});
             }},
            {Regex("(?:(?:delete|remove)s? (?:(?:all|every|them|it) ?)?(?:(?:txn |transaction )?"
                   "(?:log(?: ?files?|s)?|files?))?|(?:all )?(?:(?:txn )?log(?: ?files?|s)?|"
                   "files?) ?(?:are |is |were )*(?:all "
                   ")?(?:deleted|removed|gone|lost|absent)|deleted)"),
             [](CutLog& log, const Match&) { log.disk_ = {}; }},
            {Regex(
                 "(?:database |log |db )?(?:is "
                 ")?(?:closed?|restart(?:ed)?|reopen(?:ed)?|sync(?:ed)?|"
                 "commit(?:ted)?|(?:re)?load(?:ed)?)(?: (?:it|(?:txn )?log|database|db|and|reopen|"
                 "reload))*(?: (?:is )?(?:loaded|closed|reopened))?|"
                 "(?:save |take |write )?(?:an? )?snapshot(?: of)?(?: an?)?(?: empty)?(?: tree)?"
                 "(?: is)?(?: (?:saved|taken|written))?"),
             [](CutLog& log, const Match& found) { log.rest(found[0]); }},
            {Regex("(?:(?:close|reopen)(?:,| and)? )?(?:read|iterate)(?: (?:it|(?:txn )?log|"
                   "back|all))*(?: (?:from|at) (?:zxid )?([0-9]+))?"),
             [](CutLog& log, const Match& found) {
                 log.read_from_ = found[1].matched ? zab::Zxid{std::stoull(found[1])} : zab::Zxid{};
             }},
        };
        static const Regex call("\\(([^)]*)\\)");  // No remark, where it is a call's.
        // "truncateLog(1) -> false".
        static const Regex result("(.*?)(?::| ->| returns| =| is) ?(true|false)");
        if (Match told; regex_match(step, told, result)) {
            play(told[1]);
            if (!cut_ || *cut_ != (told[2] == "true")) throw Refused("it is not so: " + step);
            return;
        }
        const std::string words = regex_replace(step, call, " $1");
        if (!play_phrase(*this, known, plain(words))) throw Refused("step: " + step);
    }

    void check(const std::string& told, const Value& value, Verdict& verdict) const {
        const std::string key = cut_key(told, value);
        static const Regex read_back(
            "(?:log|txnLog|logAfter|read(?:s|Back)?|records?|history|zxids|txns|transactions|"
            "logContents?|"
            "kept|iterat(?:or|e|ion)|left|remaining|onDisk|disk|durable|stored)(?:[fF]rom([0-9]+))"
            "?");
        Match found;
        if (regex_match(key, found, read_back)) {
            const zab::Zxid from = found[1].matched ? zab::Zxid{std::stoull(found[1])} : read_from_;
            if (value.is(Value::Kind::number) && key == "records") {
                verdict.check(key, value.text, std::to_string(content(from).size()));
                return;
            }
            check_kinds(key, value, verdict);
            verdict.check(key, listed(read_zxids(value, key)), listed(content(from)));
        } else if (const auto place = record_place(key)) {
            const auto all = content(read_from_);
            if (is_nothing(value)) return verdict.check(key, true, *place >= all.size());
            check_kinds(key, value, verdict);
            const zab::Zxid wanted = is_text(value) ? record_in(value.text) : zxid(value, key);
            verdict.check(key, text(wanted),
                          *place < all.size() ? text(all[*place]) : std::string("nothing"));
        } else if (
            says(key, "^(truncate|truncated|truncateLog|results?|returns?|returned)(\\(.*\\))?$")) {
            if (!cut_.has_value()) throw Refused(key + ": nothing was cut");
            verdict.check(key, is_success(value), *cut_);
        } else if (says(key, "^(count|size|length|entries|(record|txn)Count)$")) {
            verdict.check(key, std::to_string(number(value, key)),
                          std::to_string(content(read_from_).size()));
        } else if (says(key, "^(gone|removed|lost|absent|cut|notInLog)$")) {
            check_gone(key, value, verdict);
        } else if (says(key, "^((in)?between|inBetween|gap)$")) {
            check_between(key, value, verdict);
        } else if (says(key, "^after ?(the )?([Tt]runc\\w*|TRUNC\\w*|[cC]ut)$") && cut_) {
            only(key, value, {"lastZxid", "last", "end"});
            const bool is_table = !value.members.empty();
            const Value& end = is_table ? value.members.front().value : value;
            verdict.check(key, text(zxid(end, key)), text(at_cut_));
        } else if (says(key, "^(last|last ?zxid|end)$")) {
            verdict.check(key, text(zxid(value, key)), text(disk_.image().log.last().zxid));
        } else if (says(key, "^(exceptions?|errors?|throws|thrown|npe|crash(es)?)$")) {
            verdict.require(key,
                            is_nothing(value) || value.text == "nothing" || !is_on(value, key));
        } else {
            throw Refused("expected." + key);
        }
    }

  private:
    /// "nothing": of what stood between two records that are next to each other now.
    void check_between(const std::string& key, const Value& value, Verdict& verdict) const {
        static const Regex none("(?:no|none|nothing)(?: records?| txns?| zxids?| left)?");
        const auto left = content(read_from_);
        const bool is_none = is_text(value) && regex_match(plain(value.text), none);
        if (!is_none && (!value.is(Value::Kind::array) || !value.elements.empty())) {
            throw Refused("expected." + key);
        }
        if (!cut_ || left.size() != 2) throw Refused("between which? " + key);
        verdict.require(key, std::any_of(logged_.begin(), logged_.end(), [&](std::uint64_t one) {
                            return one > left[0].value && one < left[1].value;
                        }));
    }
    /// They were logged once, and are no longer.
    void check_gone(const std::string& key, const Value& value, Verdict& verdict) const {
        const auto all = read_zxids(value, key);
        const auto left = content({});
        if (all.empty()) throw Refused("expected." + key);
        for (const zab::Zxid one : all) {
            const bool is_left = std::find(left.begin(), left.end(), one) != left.end();
            verdict.require(key + " " + text(one), logged_.contains(one.value) && !is_left);
        }
    }
    /// "setData", "create": what records are said to do; nothing: it is not told.
    static std::string kind_in(const std::string& words) {
        const bool is_set = says(words, "\\bset(Data|s)?\\b");
        const bool is_creation = says(words, "\\bcreat(es?|ions?)\\b");
        if (is_set && is_creation) throw Refused("which records? " + words);
        return is_set ? "setData" : is_creation ? "create" : "";
    }
    /// "1 setData": each record that is told is of its kind.
    void check_kinds(const std::string& key, const Value& value, Verdict& verdict) const {
        for (const Value& one : value.elements) {
            if (is_text(one)) check_kinds(key, one, verdict);
        }
        const std::string wanted = is_text(value) ? kind_in(value.text) : "";
        if (wanted.empty()) return;
        for (const zab::Zxid zxid : read_words(without_kinds(value.text))) {
            const auto kind = kinds_.find(zxid.value);
            verdict.check(key, wanted,
                          kind == kinds_.end() ? std::string("setData") : kind->second);
        }
    }
    /// The empty tree, or its snapshot: with the whole log behind it.
    static bool is_empty(const Value& value) {
        if (is_nothing(value) || value.text == "false" || value.text == "0") return true;
        if (value.is(Value::Kind::boolean)) return true;  // Of which tree, says nobody.
        if (tells_first_snapshot(value.text) || tells_first_snapshot("snapshot " + value.text)) {
            return true;
        }
        const std::string words = plain(value.text);
        return says(words, "^(an? |of )?(empty|fresh|new)( tree| database| snapshot)?$") ||
               says(words,
                    "^(an? )?(snapshot )?(of )?(an? )?(empty|fresh|new) (tree|database)"
                    "( is)?( saved| taken| written)?$");
    }
    /// Nothing that the cut could see; a snapshot only while it is one of the empty tree, as the
    /// records here stand for changes which the tree has not applied.
    void rest(const std::string& words) const {
        const bool is_snapshot = words.find("snapshot") != std::string::npos;
        if (is_snapshot && words.find("empty") == std::string::npos && !disk_.image().log.empty()) {
            throw Refused("a snapshot of which tree? " + words);
        }
    }
    /// A list; or in words, after which the files may be deleted: "1..100, then all log files
    /// deleted".
    void read_log(const Value& value) {
        if (value.is(Value::Kind::object)) return read_disk(value);
        if (value.is(Value::Kind::number)) {  // So many.
            return append(read_words("1.." + value.text));
        }
        if (!is_text(value)) return append(read_zxids(value, "log"));
        // No remark: it happens.
        static const Regex lost(
            " \\(((?:(?:all|every|txn|log) )*files? (?:(?:are|is|were|was|all) "
            ")*(?:deleted|removed|gone|lost))\\)$");
        const std::string words = regex_replace(log_in_known_words(value.text), lost, ", $1");
        static const char* const between =
            "; *|,? (?:and )?then |, (?:and )?(?=(?:(?:all|every|each|the|its|txn) )*"
            "(?:log|files?|logs|log ?files?)? ?(?:(?:are|is|were|was|all|then) )*"
            "(?:deleted|removed|gone|lost)$)";
        if (const auto was = lost_log_in(value.text)) {  // What was ever there is not to be seen.
            if (!was->empty()) append(read_words(log_in_known_words(*was)));
            disk_ = {};
            return;
        }
        const auto parts = split_at(words, between);
        if (parts.empty()) throw Refused("initial.log is empty");
        append(read_zxids(sim::json::string(parts.front()), "log"), kind_in(parts.front()));
        for (std::size_t i = 1; i < parts.size(); ++i) play(cut_in_known_words(parts[i]));
    }
    /// {"history": …}, or {"snapshot": [0, 0], "log": "<0,1>..<0,100>"}: behind the empty tree.
    void read_disk(const Value& value) {
        only("disk", value, {"snapshot", "log", "history", "from", "to"});
        if (const Value* from = value.find("from")) {
            const Value* to = value.find("to");
            if (to == nullptr) throw Refused("a log without an end");
            return append(read_words(text(zxid(*from, "from")) + ".." + text(zxid(*to, "to"))));
        }
        if (const Value* snapshot = value.find("snapshot")) {
            if (!is_empty(*snapshot) && zxid(*snapshot, "snapshot") != zab::Zxid{}) {
                throw Refused("a snapshot of which tree?");
            }
        }
        const Value* history = value.find("history");
        const Value& log = history != nullptr ? *history : member(value, "log");
        if (history != nullptr && value.find("log") != nullptr) throw Refused("history and log");
        read_log(log);
    }
    static std::vector<zab::Zxid> read_words(const std::string& words) {
        static const std::string many =
            "(?:an? )?(?:log (?:of|with) )?([0-9]+) "
            "(?:txns|transactions|records|entries|creates|setData|zxids)";
        static const Regex count(many + "(?: logged| written| appended)?");
        static const Regex counted(many +
                                   "(?: logged| written| appended)?(?:[,:]? (?:with |at |of "
                                   ")?(?:their )?zxids? |: ?|,? ?(?=[<\\[]))(.*)");
        Match found;
        if (regex_match(words, found, counted)) {  // "100 txns, zxid 1..100".
            const auto all = read_words(found[2]);
            if (all.size() != std::stoul(found[1])) throw Refused("how many zxids? " + words);
            return all;
        }
        if (words.find_first_of("<[") != std::string::npos) {
            return zxids_of(sim::json::string(words), "zxids");
        }
        static const char* const known =
            "an?|the|log|of|with|txns?|transactions?|records?|entries|set|setData|zxids?|and|only|"
            "just|"
            "to|"
            "appended|logged|written|at|their|create|creates|none|empty|nothing|then|end|EOF";
        if (!made_of(regex_replace(words, compiled("/\\w*"), ""), known)) {
            throw Refused("which zxids? " + words);
        }
        const bool is_count = regex_match(words, found, count);
        if (!is_count && says(words, "[0-9] (txns|transactions|records|entries|creates)\\b")) {
            throw Refused("which zxids? " + words);  // A number of them is none.
        }
        std::vector<zab::Zxid> all;
        const std::string last = found[1];
        for (const std::uint64_t one : numbers_in(is_count ? "1.." + last : words)) {
            all.push_back({one});
        }
        return all;
    }
    static std::vector<zab::Zxid> read_zxids(const Value& value, const std::string& what) {
        static const Regex none(
            "-|null|n/a|(?:none|nothing|empty|no (?:records?|txns?|transactions?|entries|log|logs|"
            "zxids?))(?: (?:at all|left|in it))?");
        if (value.is(Value::Kind::null)) return {};
        if (is_text(value) && regex_match(plain(value.text), none)) return {};
        if (is_text(value)) {
            static const Regex kinds(
                "[0-9]+ (?:setData|set|create)(?:, ?[0-9]+ "
                "(?:setData|set|create))+");
            const std::string words = log_in_known_words(value.text);
            const bool is_list = regex_match(words, kinds);
            return read_words(is_list ? without_kinds(words) : without_remarks(words));
        }
        static const char* const dots = "^\\.\\.+$";
        const auto& given = value.elements;
        if (given.size() == 3 && says(given[1].text, dots)) {  // [1, "..", 100]
            const auto end = [&](const Value& one) {
                return one.is(Value::Kind::array) ? text(zxid(one, what)) : one.text;
            };
            return read_words(end(given[0]) + ".." + end(given[2]));
        }
        const bool is_told = value.is(Value::Kind::array) &&
                             std::all_of(value.elements.begin(), value.elements.end(), is_text);
        if (!is_told) return zxids(value, what);
        std::vector<zab::Zxid> all;  // "1 setData", one by one.
        for (const Value& one : value.elements) all.push_back(record_in(one.text));
        return all;
    }
    /// "1 setData" is no number of them.
    static std::string without_kinds(const std::string& words) {
        static const Regex kind(" ?\\b(?:sets?|setData|creates?|txns?|records?)\\b ?");
        return plain(regex_replace(words, kind, " "));
    }
    static zab::Zxid record_in(const std::string& words) {
        const auto read = read_words(without_kinds(log_in_known_words(without_remarks(words))));
        if (read.size() != 1) throw Refused("which record? " + words);
        return read.front();
    }
    static std::string listed(const std::vector<zab::Zxid>& all) {
        std::string words;
        for (const zab::Zxid one : all) words += text(one) + " ";
        return words;
    }

    void append(const std::vector<zab::Zxid>& all, const std::string& kind = "") {
        for (const zab::Zxid one : all) {
            logged_.insert(one.value);
            if (!kind.empty()) kinds_[one.value] = kind;
            disk_.append({one, {}, one.counter(), 0, 0, zab::TxnType::set});
        }
        disk_.complete_sync(disk_.appended());
    }
    /// Whether the log now ends at the point. ZKDatabase.truncateLog tells something else: that it
    /// found a file to position in, even where it cuts behind the next record as its log lacks the
    /// point. Asked here is what release fixed does: it leaves a log alone that lacks the point.
    void truncate(const std::vector<zab::Zxid>& point) {
        if (point.size() != 1) throw Refused("truncate: one zxid");
        disk_.truncate_after(point.front(), rule_);
        at_cut_ = disk_.image().log.last().zxid;
        cut_ = at_cut_ == point.front();
    }
    std::vector<zab::Zxid> content(zab::Zxid from) const {
        std::vector<zab::Zxid> all;
        const zab::History& log = disk_.image().log;
        for (std::size_t i = 0; i < log.size(); ++i) {
            if (log.at(i).txn.zxid >= from) all.push_back(log.at(i).txn.zxid);
        }
        return all;
    }

    zab::Truncation rule_;
    sim::Disk disk_;
    std::set<std::uint64_t> logged_;              ///< Whatever was appended, ever.
    std::map<std::uint64_t, std::string> kinds_;  ///< By zxid; the others are setData.
    std::optional<bool> cut_;
    zab::Zxid at_cut_{};     ///< The end of the log, as it was cut.
    zab::Zxid read_from_{};  ///< The first zxid that is read back.
};

}  // namespace

std::optional<Verdict> judge_truncation(const Case& one) {
    // Of an ensemble's logs another one tells; here is one, whatever its level is called.
    const bool has_log =
        std::any_of(one.initial.members.begin(), one.initial.members.end(), [](const auto& said) {
            return says(said.key,
                        "^(log|logged|txnLog|txns|transactions|appended|history|node|disk|"
                        "database)$");
        });
    const bool is_cut = one.level == "unit" || has_log;
    const bool is_area = one.area == "REC" || one.area == "SYNC";
    if (!is_area || !is_cut) return std::nullopt;
    const std::vector<std::string> steps = one.stimulus.is(Value::Kind::object)
                                               ? cut_steps(one.stimulus)
                                               : texts(one.stimulus, "stimulus");
    if (!std::any_of(steps.begin(), steps.end(), [](const std::string& step) {
            return says(step, "\\b(trunc|cut (the )?log)");
        })) {
        return std::nullopt;
    }
    CutLog log(one);
    for (const std::string& step : steps) {
        for (const std::string& part :
             split_at(cut_in_known_words(step), "; *|, (?:then )?(?![0-9<])")) {
            log.play(part);
        }
    }
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) log.check(key, value, verdict);
    return verdict;
}

}  // namespace conformance
