#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/unread.hpp"

#include <fmt/format.h>

#include <map>

namespace conformance {

namespace {

Verdict judge(const Case& one) {
    for (const auto& interpreter :
         {judge_votes, judge_tracker, judge_quorum, judge_plan, judge_epoch_calls, judge_epochs,
          judge_commit_load, judge_commit, judge_trackers, judge_roles, judge_lives, judge_sessions,
          judge_moves, judge_epoch_failures, judge_disk, judge_truncation, judge_talk,
          judge_election, judge_story}) {
        if (auto verdict = interpreter(one)) return *verdict;
    }
    throw Refused("nothing here plays cases of area " + one.area + " of this shape");
}

void collect_texts(Value& value, std::vector<std::string*>& all) {
    if (is_text(value)) all.push_back(&value.text);
    for (Value& one : value.elements) collect_texts(one, all);
    for (sim::json::Member& one : value.members) collect_texts(one.value, all);
}

/// Without a capital letter at the beginning, a period or a remark at the end of its sentences.
Case plainly_written(const Case& one) {
    // Behind its zxid stands which kind of transaction it is: "PROPOSAL <1,2> (create /foo)".
    static const Regex capital("[A-Z][a-z]+\\b.*"),
        // Moments and comparisons can be checked.
        remark(
            " \\((?![^()]*\\b(?:nobody|before|after|until|higher|lower|newer|older|but|"
            "except|without|one|stays?|remains?|only)\\b)[^()0-9A-Z]*"
            "\\)$"),
        kind(".*PROPOSAL.*> \\([^()]*\\)");
    Case plain = one;
    std::vector<std::string*> texts;
    collect_texts(plain.stimulus, texts);
    collect_texts(plain.expected, texts);
    for (std::string* text : texts) {
        if (text->ends_with(".") && !text->ends_with("..")) text->pop_back();
        if (!regex_match(*text, kind)) *text = regex_replace(*text, remark, "");
        if (regex_match(*text, capital)) (*text)[0] = static_cast<char>((*text)[0] | 0x20);
    }
    return plain;
}

/// As it is written; what is not understood so, as it would be without ornaments.
Verdict judge_plain(const Case& one) {
    try {
        return judge(one);
    } catch (const Refused& refused) {
        try {
            return judge(plainly_written(one));
        } catch (const Refused&) {
            throw refused;
        }
    }
}

bool passes(const Case& one) {
    try {
        return judge_plain(one).is_clean();
    } catch (const std::exception&) {
        return false;  // It is not understood.
    }
}

/// "nothing; all wait": nothing stands around it that it could deny.
bool is_whole_clause(const std::string& before, const std::string& behind) {
    static const Regex ends("(?:.*[;,:])? *"), begins("(?: *[;,:(].*)?");
    return regex_match(before, ends) && regex_match(behind, begins);
}

/// "no /zkL (truncated)", "no /zkL, truncated" say the same thing twice: the word must make a
/// difference where nothing stands behind its own clause.
bool counts_alone(const Case& one, std::string& text, const std::string& word,
                  const std::string& before, const std::string& behind) {
    static const Regex more(" ?[;,(].*");
    const std::string rest = regex_replace(behind, more, "");
    if (rest == behind) return false;
    text = before + word + rest;
    const bool passes_with = passes(one);
    text = before + rest;
    return passes_with && !passes(one);
}

/// Tries a case with each of these matches in what is expected, one after the other: `try_it` may
/// change the text in which one stands.
template <class Try>
void each_expected(const Case& one, const Regex& pattern, Try try_it) {
    Case changed = one;
    std::vector<std::string*> texts;
    collect_texts(changed.expected, texts);
    for (std::string* text : texts) {
        const std::string told = *text;
        for (MatchIterator i(told, pattern), end; i != end; ++i) {
            try_it(changed, *text, told, *i);
        }
        *text = told;
    }
}

/// A word that says that something is not so must make a difference: where the case passes without
/// it as well, whoever understood its clause has passed over that word. Remarks are left alone.
void refuse_idle_denials(const Case& one) {
    static const Regex denial(
        "\\([^)]*\\)|\\b(?:no longer|fails? to|no|not|never|none|neither|nor|nobody|nothing|"
        "nowhere|hardly|without|cannot|lost) ?\\b");
    static const Regex blanks(" +$");
    each_expected(
        one, denial,
        [](const Case& changed, std::string& text, const std::string& told, const Match& found) {
            const std::string word = found.str();
            const auto at = found.position();
            const std::string before = told.substr(0, at), behind = told.substr(at + word.size());
            if (word.starts_with("(") || is_whole_clause(before, behind)) return;
            text = regex_replace(before + behind, blanks, "");
            if (passes(changed) && !counts_alone(changed, text, word, before, behind)) {
                throw Refused(fmt::format("\"{}\" makes no difference: {}", word, told));
            }
        });
}

/// "FOLLOWING (never LEADING)": a remark that is understood as a clause of its own must be so, too.
/// What only explains, and nobody understands, may stand. In other areas readers are less strict:
/// they would take an explanation for a clause.
void refuse_false_remarks(const Case& one) {
    static const Regex areas("FLE|QRM|ZAB|REC");
    if (!regex_match(one.area, areas)) return;
    static const Regex remark(" ?\\(([^()]*[a-zA-Z]{3}[^()]*)\\)");
    each_expected(
        one, remark,
        [](const Case& changed, std::string& text, const std::string& told, const Match& found) {
            const auto at = found.position();
            const std::string behind = told.substr(at + found.str().size());
            bool is_understood = false, is_so = false;
            for (const char* joint : {"; ", ", "}) {
                text = told.substr(0, at) + joint + found[1].str() + behind;
                try {
                    const bool is_clean = judge_plain(changed).is_clean();
                    is_understood = true;
                    is_so = is_so || is_clean;
                } catch (const std::out_of_range&) {
                    is_understood = true;  // Of a server that there is not.
                } catch (const std::exception&) {
                    continue;  // It explains.
                }
            }
            if (is_understood && !is_so) {
                throw Refused(fmt::format("\"{}\" is not so: {}", found[1].str(), told));
            }
        });
}

/// "S0 (higher currentEpoch)", "sid 1 (accepted epoch 0)": with the opposite, or another number,
/// the case must not pass as well: else nobody has read that remark. Other numbers in one, such as
/// how long something lasts, may only explain.
void refuse_idle_remarks(const Case& one) {
    static const Regex areas("ZAB|REC");
    if (!regex_match(one.area, areas)) return;
    static const Regex remark(
        "\\((?![^()]*(?:Limit|before and after))([^()]*[a-zA-Z]{3}[^()]*)\\)"),
        told(
            "\\b(?:(?:epoch|round|sid|server|node|follower) ([0-9]{1,6})|before|after|higher|lower|"
            "newer|older|larger|smaller|greater)\\b");
    static const std::map<std::string, std::string> opposites = {
        {"before", "after"},   {"after", "before"},   {"higher", "lower"},
        {"lower", "higher"},   {"newer", "older"},    {"older", "newer"},
        {"larger", "smaller"}, {"smaller", "larger"}, {"greater", "smaller"}};
    Case changed = one;
    std::vector<std::string*> texts;
    collect_texts(changed.stimulus, texts);
    collect_texts(changed.expected, texts);
    for (std::string* text : texts) {
        const std::string words = *text;
        for (MatchIterator i(words, remark), end; i != end; ++i) {
            const std::string inner = i->str(1);
            const auto at = i->position(1);
            for (MatchIterator k(inner, told); k != end; ++k) {
                const std::size_t group = (*k)[1].matched ? 1 : 0;
                const std::string said = k->str(group);
                const std::string instead =
                    group == 1 ? std::to_string(std::stoul(said) + 1) : opposites.at(said);
                *text = words;
                text->replace(at + k->position(group), said.size(), instead);
                if (passes(changed)) {
                    throw Refused(fmt::format("not read: \"{}\" in: {}", k->str(), words));
                }
            }
        }
        *text = words;
    }
}

/// "leader: unchanged (1)", "completes (5 s)", "not changed (0/0)": a remark that is only a number
/// must be read, so the case may not pass with both a greater and a smaller one. A time that
/// something takes at most holds as a longer one, too.
void refuse_idle_figures(const Case& one) {
    static const Regex areas("FLE|QRM|ZAB|REC");
    if (!regex_match(one.area, areas)) return;
    static const Regex figure(" \\(([0-9]{1,6})(?:/([0-9]{1,6}))?(?: ?m?s)?\\)");
    each_expected(
        one, figure,
        [](const Case& changed, std::string& text, const std::string& told, const Match& found) {
            for (std::size_t group = 1; group <= 2 && found[group].matched; ++group) {
                const auto passes_as = [&](std::uint64_t other) {
                    text = told;
                    text.replace(found.position(group), found.length(group), std::to_string(other));
                    return passes(changed);
                };
                const std::uint64_t said = std::stoull(found[group]);
                if (passes_as(said + 37) && (said == 0 || passes_as(0))) {
                    throw Refused(fmt::format("not read: \"{}\" in: {}", found.str(), told));
                }
            }
        });
}

/// "no /zkL (except on the old leader)": a remark that limits what stands before it, or tells of
/// somebody else, is none that only explains. Whoever has read it minds when it is another one.
void refuse_idle_limits(const Case& one) {
    static const Regex areas("ZAB|REC");
    if (!regex_match(one.area, areas)) return;
    static const Regex remark("\\(([^()]*[a-zA-Z]{3}[^()]*)\\)");
    static const Regex limits(
        "\\b(?:except(?:ing)?|but|unless|excluding|without|apart from|other than|"
        "only (?:on|at|in|by|one|for|until|some)|not (?:on|at|everywhere|every|all|always|yet)|"
        "not in (?:the )?(?:new|old|leader|quorum|tree|log)|(?:one|two|some|few|half|most) "
        "(?:of|at|on|in)|maybe|sometimes|partly|(?:keeps?|retains?|has|have|holds?) "
        "(?:it|them))\\b");
    each_expected(
        one, remark,
        [](const Case& changed, std::string& text, const std::string& told, const Match& found) {
            if (!regex_search(found[1].text, limits)) return;
            text = told;
            text.replace(found.position(1), found.length(1), "qzx qzx");
            if (passes(changed)) {
                throw Refused(fmt::format("not read: \"{}\" in: {}", found.str(), told));
            }
        });
}

}  // namespace

Verdict run(const Case& one, Doubts doubts) {
    if (!one.expected.is(Value::Kind::object) || one.expected.members.empty()) {
        throw Refused("nothing is expected");
    }
    const Verdict verdict = judge_plain(one);
    if (verdict.is_clean() && doubts == Doubts::all) {
        refuse_unread(one, passes);
        refuse_idle_denials(one);
        refuse_false_remarks(one);
        refuse_idle_remarks(one);
        refuse_idle_figures(one);
        refuse_idle_limits(one);
    }
    return verdict;
}

}  // namespace conformance
