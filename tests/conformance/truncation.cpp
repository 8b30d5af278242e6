#include "sim/disk/disk.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace conformance {

// One disk whose log is cut: "append 1..100", "truncate to 1", "append 200", "delete all logs".

namespace {

class CutLog {
  public:
    explicit CutLog(const Case& one) : rule_(one.release.truncation) {
        only(
            "initial", one.initial,
            {"log", "txns", "transactions", "appended", "history", "snapshot", "database", "note"});
        for (const char* key : {"snapshot", "database"}) {
            const Value* told = one.initial.find(key);
            if (told != nullptr && !is_nothing(*told) &&
                !says(told->text,
                      "^(a |the )?(fresh|new|empty|snapshot of (an|the) empty tree|"
                      "empty tree|none)( snapshot| tree| database)?$")) {
                throw Refused(std::string("initial.") + key + ": " + told->text);
            }
        }
        const Value* log =
            first_of(one.initial, {"log", "txns", "transactions", "appended", "history"});
        if (log == nullptr) return;
        if (!is_text(*log)) {
            append(read_zxids(*log, "log"));
            return;
        }
        const std::vector<std::string> parts = split_at(log->text, "; *|, *(?:then )?(?=[A-Za-z])");
        append(read_words(without_remarks(parts.at(0))));
        for (std::size_t n = 1; n < parts.size(); ++n) play(parts[n]);
    }

    void play(const std::string& step) {
        static const std::vector<Phrase<CutLog>> known = {
            {std::regex("(?:append|log|write)s? (.*[0-9].*)"),
             [](CutLog& log, const std::smatch& found) { log.append(read_words(found[1])); }},
            {std::regex("(?:log )?trunc(?:ate|ated|ateLog)?(?: log)?(?: (?:to|at|after|behind))? "
                        "(?:zxid )?([0-9<\\[].*)"),
             [](CutLog& log, const std::smatch& found) { log.truncate(read_words(found[1])); }},
            {std::regex("(?:(?:delete|remove)s? (?:all |every )?(?:txn |transaction )?log(?: "
                        "?files?|s)?|(?:all )?(?:txn )?log(?: ?files?|s)? (?:are |is )?"
                        "(?:deleted|removed|gone|lost))"),
             [](CutLog& log, const std::smatch&) { log.disk_ = {}; }},
            // What is read at the end is what is expected of the log.
            {std::regex("(?:(?:close|reopen|read)(?: (?:it|log|database))?(?: from (?:zxid )?"
                        "[0-9]+)?|close and (?:reopen|read)(?: (?:it|log))?(?: from (?:zxid )?"
                        "[0-9]+)?|(?:save|take|write) (?:an? )?(?:empty )?snapshot|commit|sync|"
                        "snapshot of (?:an )?empty tree is (?:saved|written))"),
             [](CutLog&, const std::smatch&) {}},
        };
        static const std::regex call("\\(([^)]*)\\)");  // No remark, where it is a call's.
        const std::string words = std::regex_replace(step, call, " $1");
        if (!play_phrase(*this, known, plain(words))) throw Refused("step: " + step);
    }

    void check(const std::string& key, const Value& value, Verdict& verdict) const {
        if (says(key, "^(log|read|records?|history|zxids|txns|transactions|log ?content|kept)$")) {
            verdict.check(key, listed(read_zxids(value, key)), listed(content()));
        } else if (says(key, "^(truncate|truncated|truncateLog|results?|returns?)(\\(.*\\))?$")) {
            verdict.check(key, is_success(value), cut_.value_or(true));
        } else if (says(key, "^(last|last ?zxid|end)$")) {
            verdict.check(key, text(zxid(value, key)), text(disk_.image().log.last().zxid));
        } else if (says(key, "^(exception|error|throws|npe)$")) {
            verdict.require(key, !is_on(value, key));
        } else {
            throw Refused("expected." + key);
        }
    }

  private:
    static std::vector<zab::Zxid> read_words(const std::string& words) {
        if (words.find_first_of("<[") != std::string::npos) {
            return zxids_of(sim::json::string(words), "zxids");
        }
        static const std::regex count("([0-9]+) (?:txns|transactions|records|entries|setData.*)");
        std::smatch found;
        const bool is_count = std::regex_match(words, found, count);
        std::vector<zab::Zxid> all;
        for (const std::uint64_t one : numbers_in(is_count ? "1.." + found[1].str() : words)) {
            all.push_back({one});
        }
        return all;
    }
    static std::vector<zab::Zxid> read_zxids(const Value& value, const std::string& what) {
        if (is_nothing(value)) return {};
        return is_text(value) ? read_words(without_remarks(value.text)) : zxids(value, what);
    }
    static bool is_success(const Value& value) {
        if (!is_text(value)) return truth(value, "truncate");
        return !says(value.text, "\\b(false|fail(s|ed|ure)?|not|cannot)\\b");
    }
    static std::string listed(const std::vector<zab::Zxid>& all) {
        std::string words;
        for (const zab::Zxid one : all) words += text(one) + " ";
        return words;
    }

    void append(const std::vector<zab::Zxid>& all) {
        for (const zab::Zxid one : all) {
            disk_.append({one, {}, one.counter(), 0, 0, zab::TxnType::set});
        }
        disk_.complete_sync(disk_.appended());
    }
    /// Whether the log now ends at the point, as release fixed understands it. ZKDatabase's
    /// truncateLog says yes also where it found a file, lacked the point and cut behind the next.
    void truncate(const std::vector<zab::Zxid>& point) {
        if (point.size() != 1) throw Refused("truncate: one zxid");
        disk_.truncate_after(point.front(), rule_);
        cut_ = disk_.image().log.last().zxid == point.front();
    }
    std::vector<zab::Zxid> content() const {
        std::vector<zab::Zxid> all;
        const zab::History& log = disk_.image().log;
        for (std::size_t i = 0; i < log.size(); ++i) all.push_back(log.at(i).txn.zxid);
        return all;
    }

    zab::Truncation rule_;
    sim::Disk disk_;
    std::optional<bool> cut_;
};

}  // namespace

std::optional<Verdict> judge_truncation(const Case& one) {
    if (one.area != "REC" || one.level != "unit" || one.stimulus.is(Value::Kind::object)) {
        return std::nullopt;
    }
    const std::vector<std::string> steps = texts(one.stimulus, "stimulus");
    if (!std::any_of(steps.begin(), steps.end(),
                     [](const std::string& step) { return says(step, "\\btrunc"); })) {
        return std::nullopt;
    }
    CutLog log(one);
    for (const std::string& step : steps) {
        for (const std::string& part : split_at(step, "; *|, (?:then )?(?![0-9<])")) {
            log.play(part);
        }
    }
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) log.check(key, value, verdict);
    return verdict;
}

}  // namespace conformance
