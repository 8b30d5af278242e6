#include "tests/conformance/talk.hpp"

#include <algorithm>
#include <cctype>
#include <functional>

namespace conformance {

// One form for what is written in several: the readers of talks expect the one that is made here.

namespace {

void change_texts(Value& value, const std::function<std::string(const std::string&)>& change) {
    if (is_text(value)) value.text = change(value.text);
    for (Value& one : value.elements) change_texts(one, change);
    for (sim::json::Member& one : value.members) change_texts(one.value, change);
}

/// "(2*syncLimit)+2 pings", "initLimit*tick + 5 s": a sum as one word, without brackets.
std::string with_plain_sums(const std::string& words) {
    static const std::string limit = "(?:init|sync)Limit(?: ?\\* ?tick(?:Time)?| ticks?)?";
    static const Regex bracketed("\\((([0-9]+ ?\\* ?)?" + limit + ")\\)");
    static const Regex whole("\\((([0-9]+ ?\\* ?)?" + limit + " ?\\+ ?[0-9]+)\\)(?= pings)");
    static const Regex sum("(" + limit + ") ?\\+ ?(?=[0-9])");
    const std::string told = regex_replace(words, whole, "$1");
    return regex_replace(regex_replace(told, bracketed, "$1"), sum, "$1+");
}

/// "closed, as the proposal is not acked": a reason is no clause of its own.
std::string with_reasons(const std::string& words) {
    static const Regex reason(", (?=(?:as|because|since|when|once|even if|even while) )");
    // "once the txn times out (syncLimit)": when that is.
    static const Regex limited(
        "\\b((?:as|when|once) (?:the |its )?(?:txn|transaction|proposal) (?:times|has timed) out) "
        "\\(((?:init|sync)Limit)(?: ?\\* ?tick(?:Time)?| ticks?)?\\)");
    static const Regex unacked(
        "\\b(as|when|once|because|since) ((?:the |its )?(?:proposal|txn|transaction) (?:is |was "
        "|stays "
        ")?(?:not acked|un-?acked)) (?:within|for|in) ((?:init|sync)Limit)(?: ?\\* ?tick(?:Time)?| "
        "ticks?)?");
    static const Regex timeout(
        "(?::|;|,| by| on) (?:an? |the )?(?:txn|transaction|proposal) timeout$");
    // "after the sync timeout": when syncLimit is over.
    static const Regex sync_timeout(
        "\\b(within|before|after|at|on|upon|once|when) (?:the |an? )?(sync|init)(?:Limit)? "
        "?time-?out"
        "(?: (?:expires|expired|is over|has passed|passes|elapses|fires|strikes))?(?= ?$|[,;(])");
    static const Regex over(
        "\\b(?:at|on|upon|once|when) (?=(?:sync|init)Limit\\*tick(?: ?$|[,;(]))");
    std::string told =
        regex_replace(regex_replace(words, sync_timeout, "$1 $2Limit*tick"), over, "after ");
    told = regex_replace(told, limited, "after $2*tick $1");
    told = regex_replace(told, unacked, "after $3*tick $1 $2");
    told = regex_replace(told, timeout, " as the txn times out");
    return regex_replace(with_plain_sums(told), reason, " ");
}

/// "the sync limit" is syncLimit.
std::string with_named_limits(const std::string& words) {
    static const Regex limit("\\b(?:the )?(init|sync) limit\\b");
    return regex_replace(words, limit, "$1Limit");
}

/// "LEADERINFO read, then silence": two things, one after the other.
std::string with_silence_apart(const std::string& words) {
    static const Regex silence(
        "\\b(read|received|seen|heard|sent),? (?:and |but )?(?:then |followed by |after that )"
        "(?=silen|nothing|quiet)");
    static const Regex falls(
        "\\b((?:reads|receives|gets|sees) [A-Z]+(?: <[0-9]+, ?[0-9]+>)?),? (?:and|but) (?:then )?"
        "(?=(?:falls|goes|stays|keeps|remains) (?:silent|quiet|mute))");
    return regex_replace(regex_replace(words, silence, "$1; "), falls, "$1; ");
}

/// "TRUNC <0,0>, log cannot be truncated": what is so already when the packet arrives comes first.
void tell_faults_first(std::vector<Value>& steps) {
    static const Regex fault(
        "(.*[0-9>]),? ?(?:;|,| but| and| while) ?((?:the |its |there is |with )?(?:no )?(?:txn "
        "|transaction )?(?:log|truncat)[^,;]*)");
    for (Value& step : steps) {
        Match found;
        const std::string told = step.text;
        if (!regex_match(told, found, fault) || !contains(found[1], "TRUNC")) continue;
        step.text = found[2].str() + "; " + found[1].str();
    }
}

/// "lead": "given up": what becomes of the call becomes of who leads.
void take_calls_expected(Value& expected) {
    static const Rewrite fates[] = {
        {Regex("^(?:is |was |has been )?(?:given up|abandoned|stopped|over|ended|left|quit)"
               "\\b"),
         "gives up"},
        {Regex("^(?:ends|returns|throws|fails|terminates)\\b"), "gives up"},
        {Regex("^(?:goes on|continues|is kept(?: up)?|still runs)$"), "keeps leading"},
    };
    for (sim::json::Member& one : expected.members) {
        if (!contains(one.key, "^(?:lead|lead\\(\\)|leadership|leading)$") || !is_text(one.value)) {
            continue;
        }
        const std::string words = rewritten(one.value.text, fates);
        if (words == one.value.text) throw Refused("expected." + one.key + ": " + words);
        one.key = "leader";
        one.value.text = words;
    }
}

/// "as testNormalRun up to UPTODATE", "one PROPOSAL sent".
std::string with_plain_steps(const std::string& words) {
    static const Rewrite forms[] = {
        {Regex("^as (?:in |for )?(?:an? |the )?(?:test)?[nN]ormal ?[rR]un\\b"), "normal run"},
        {Regex("\\b(?:one |an? )?committed createSession(?: txn)?(?: [a-z]?=?| )?"
               "(<[0-9]+, ?[0-9]+>)"),
         "PROPOSAL $1 (createSession), COMMIT $1"},
        {Regex("^(?:one|an?|the|1) PROPOSAL (?:is )?sent\\b"), "PROPOSAL sent"},
        {Regex("\\b(PROPOSAL)(?: is)? sent to (?:the )?(?:follower|learner)(?: 1)?(?=$|[;,])"),
         "$1 sent"},
        {Regex("^(?:one|an?) (?:proposal|PROPOSAL),? (?:un-?acked|not acked|never acked|"
               "without (?:an? )?ACK)$"),
         "PROPOSAL sent, never acked"},
        {Regex("^(?:the |its |leader's )?proposal (?:is )?(?:read|received)\\b"), "PROPOSAL read"},
        {Regex("^(?:the |all )?(?:pings|PINGs) (?:are )?(?:echoed|returned|replied to)$"),
         "PINGs answered"},
        {Regex("\\b(?:an? )?quorum (?:of (?:the )?(?:followers|voters) )?sends "
               "FOLLOWERINFOs?\\b"),
         "FOLLOWERINFO"},
        {Regex("\\b(?:nobody|no one|none(?: of them)?|no follower) acks (?:the |its )?"
               "(?:new )?epoch\\b"),
         "no ACKEPOCH"},
    };
    static const Regex other("^as \\w+ (?:up to|until) .*");
    const std::string told = rewritten(words, forms);
    if (regex_match(told, other)) throw Refused("step: " + words);
    return told;
}

/// "DIFF, PROPOSAL <1,2>, COMMIT <1,2> in one go": each of them, one after the other, as any leader
/// sends them.
std::string with_packets_in_turn(const std::string& words) {
    static const std::string how =
        "(?:all )?(?:(?:sent |said |read )?(?:in (?:one|a single) (?:go|burst|batch|stream)|at "
        "once|"
        "back[- ]to[- ]back|in a row|in (?:immediate |quick |direct "
        ")?(?:succession|sequence|turn)|in "
        "(?:this|that) order|in order|one after (?:the other|another)|without (?:any )?"
        "(?:waiting|pauses?|delays?)(?: in between| between(?: them)?)?))";
    static const Regex tail(",? (?:and )?\\(?" + how + "\\)?$"), head("^" + how + ": ?");
    static const Regex packet(packet_names);
    const auto count = std::distance(MatchIterator(words, packet), MatchIterator());
    if (count < 2) return words;
    return regex_replace(regex_replace(words, tail, ""), head, "");
}

/// "(no ACKEPOCH) initLimit*tick pass": what nobody says is no remark.
std::string with_open_silence(const std::string& words) {
    static const Regex silence("^\\(((?:no|without|nothing|silen)[^)]*)\\):? +(?=.)");
    return regex_replace(words, silence, "$1, ");
}

/// "PROPOSAL <1,2> + COMMIT <1,2> (createSession)", and the same in two steps: what is said of the
/// transaction behind its COMMIT goes where it is proposed.
void tie_to_proposals(std::vector<Value>& steps) {
    static const Regex commit(
        "\\b(COMMIT(?: of)?)( <[0-9]+, ?[0-9]+>| [a-z][0-9]?\\b)?"
        "(?: ?\\(([^)]*[sS]ession[^)]*)\\)|,? ((?:of )?(?:the |an? )?"
        "(?:new |create ?)?[sS]ession(?: txn)?))");
    for (std::size_t i = 0; i < steps.size(); ++i) {
        Match found;
        const std::string step = steps[i].text;
        if (!regex_search(step, found, commit)) continue;
        const std::string name = found[2];
        const Regex& proposal = compiled("\\bPROPOSAL(?: of)?" + name + "(?![^+,;&]*[sS]ession)");
        for (std::size_t k = i + 1; k-- > 0;) {
            std::string& text = steps[k].text;
            Match place;
            if (!regex_search(text, place, proposal)) continue;
            const auto behind = static_cast<std::size_t>(place.position() + place.length());
            steps[i].text = found.prefix().str() + found[1].str() + name + found.suffix().str();
            text.insert(behind, " (" + found[3].str() + found[4].str() + ")");
            break;
        }
    }
}

/// "createSession on disk": the only proposal, where it is told without its kind, is that one.
void open_session_expected(Case& one) {
    static const Regex bare(
        "\\bPROPOSAL(?: (?:zxid )?<[0-9]+, ?[0-9]+>)?(?= ?$| ?[+;,&/] ?(?:COMMIT|and)| and "
        "COMMIT)");
    static const Regex any("\\b(?:PROPOSAL|INFORM|[Pp]roposal)");
    static const Regex other("\\b(?:set|create|delete|txn)\\w*\\b|/[a-z]");
    bool is_expected = false;
    change_texts(one.expected, [&](const std::string& words) {
        is_expected = is_expected || contains(words, "\\bcreateSession\\b");
        return words;
    });
    for (const sim::json::Member& member : one.expected.members) {
        is_expected = is_expected || member.key == "createSession";
    }
    std::size_t proposals = 0;
    for (const Value& step : one.stimulus.elements) {
        proposals +=
            static_cast<std::size_t>(std::distance(MatchIterator(step.text, any), MatchIterator()));
    }
    const bool is_told =
        std::any_of(one.stimulus.elements.begin(), one.stimulus.elements.end(),
                    [](const Value& step) { return regex_search(step.text, other); });
    if (!is_expected || is_told || proposals != 1) return;
    for (Value& step : one.stimulus.elements) {
        step.text = regex_replace(step.text, bare, "$& (createSession)");
    }
    static const Regex kind("\\bcreateSession(?: txn)?\\b");
    change_texts(one.expected,
                 [](const std::string& words) { return regex_replace(words, kind, "session"); });
}

/// "createSession <1,2> on disk": where that proposal is told without its kind, that is its kind.
void take_kinds_expected(Case& one) {
    static const Regex opener("\\bcreateSession(?: of| txn)? (<[0-9]+, ?[0-9]+>)");
    static const Regex bare("\\bcreateSession(?: txn)?(?= [a-z])");
    static const Regex told("[Ss]ession");
    const auto& steps = one.stimulus.elements;
    const bool is_told = std::any_of(steps.begin(), steps.end(), [](const Value& step) {
        return regex_search(step.text, told);
    });
    std::vector<std::string> opened;
    change_texts(one.expected, [&](std::string words) {
        if (is_told) words = regex_replace(words, bare, "session");
        for (MatchIterator i(words, opener), end; i != end; ++i) {
            opened.push_back((*i)[1]);
        }
        return regex_replace(words, opener, "session of $1");
    });
    for (Value& step : one.stimulus.elements) {
        for (const std::string& zxid : opened) {
            if (step.text == "PROPOSAL " + zxid) step.text += " (createSession)";
        }
    }
    if (!is_told && opened.empty()) open_session_expected(one);
}

}  // namespace

std::string words_of_key(const std::string& key) {
    std::string words;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const auto at = [&key](std::size_t k) {
            return k < key.size() ? static_cast<unsigned char>(key[k]) : ' ';
        };
        const bool begins = i > 0 && std::isupper(at(i)) != 0 && std::islower(at(i - 1)) != 0;
        if (begins) words += ' ';
        const bool is_name = std::isupper(at(i)) != 0 && std::isupper(at(i + 1)) != 0;
        words += begins && !is_name ? static_cast<char>(std::tolower(at(i))) : key[i];
    }
    return words;
}

Case in_one_form(const Case& one) {
    Case formed = one;
    change_texts(formed.expected, with_named_limits);
    change_texts(formed.stimulus, with_named_limits);
    change_texts(formed.stimulus, with_silence_apart);
    take_calls_expected(formed.expected);
    change_texts(formed.expected, with_reasons);
    take_kinds_expected(formed);
    static const Regex comes(" ?-> ?PROPOSAL\\b");
    static const Regex so_far("^\\.\\.\\. ?(?:up to |until |to )?(?=[A-Z]+$)");
    change_texts(formed.stimulus, [](const std::string& words) {
        const std::string told = regex_replace(words, comes, "; PROPOSAL read");
        return with_open_silence(with_plain_sums(regex_replace(told, so_far, "normal run up to ")));
    });
    change_texts(formed.stimulus, with_plain_steps);
    change_texts(formed.stimulus, with_packets_in_turn);
    for (sim::json::Member& one_key : formed.expected.members) {
        static const Regex place("(first|last)(?:Packet|Message|Sent|Said)");
        one_key.key = regex_replace(one_key.key, place, "$1");
        if (contains(one_key.key, "^(?:learnerH|h)andler$")) one_key.key = "leader";
        static const Regex ack_of_new("(?:(?:ack|ACK) ?(?:of|Of) ?NEWLEADER|newLeaderAck)"),
            ack_of_end("(?:(?:ack|ACK) ?(?:of|Of) ?UPTODATE|up[tT]oDateAck)");
        if (regex_match(one_key.key, ack_of_new)) one_key.key = "ackNEWLEADER";
        if (regex_match(one_key.key, ack_of_end)) one_key.key = "ackUPTODATE";
        const bool is_flag = one_key.value.is(Value::Kind::boolean);
        if (is_flag && contains(one_key.key, "^(?:eof|EOF)$")) one_key.key = "connectionClosed";
        if (one_key.key != "takeSnapshot") continue;
        one_key.key = "snapshot";  // What is said of the call is said of what it takes.
        static const Regex call("^(?:is )?(never|not)(?: (?:been )?called)?$");
        change_texts(one_key.value, [](const std::string& words) {
            return regex_replace(words, call, "$1 taken");
        });
    }
    const auto& steps = formed.stimulus.elements;
    if (std::all_of(steps.begin(), steps.end(), is_text)) {
        tie_to_proposals(formed.stimulus.elements);
        tell_faults_first(formed.stimulus.elements);
    }
    return formed;
}

}  // namespace conformance
