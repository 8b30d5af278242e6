#include "tests/conformance/epoch_failures.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

namespace conformance {

// The words of cases with epoch files that cannot be written.

namespace {

/// "throws", "is refused": it fails.
std::string failing(const std::string& told) {
    constexpr auto icase = Regex::icase;
    static const Rewrite all[] = {
        {Regex("\\bwriteLongToFile\\b", icase), "writing epoch files"},
        {Regex("\\b((?:accepted|current)? ?epoch(?: file)?s?)((?: writes?)?)(?: files?)?,? "
               "(?:other than|except(?: for| of| "
               "that of)?|but|besides|above|greater than|higher than|not|>|!=) ?(?:of )?(?:the )?"
               "(?:(?:initial|(?:very )?first)(?: one| write| 0| zero| value)?(?=$| fails?$| "
               "throws?$)|"
               "(?:(?:initial|first) )?(?:0|zero)\\b)",
               icase),
         "$1$2"},
        {Regex("\\b(fails?|throws?|is refused|errors?) (?:for|at|on|with|when) (?:(?:all|any|every|"
               "each|an?) )?(?:values?|epochs?|numbers?) (?:is |are )?(?:other than|except|but|"
               "above|beyond|besides|(?:greater|higher|larger|bigger) than|>|!=) ?(?:0|zero)$",
               icase),
         "$1"},
        {Regex("\\bnon-?zero (accepted|current)? ?epochs?\\b", icase), "$1Epoch"},
        {Regex("\\b(?:with |has |whose )?(?:an? )?disk (?:that |which )?"
               "(?:refuses|rejects|fails)(?: (?:to write|writes? of|writing))? (.*)",
               icase),
         "writing $1 fails"},
        {Regex("\\b(?:refuses|rejects) (?:to write|writes? of|writing)\\b", icase), "cannot write"},
        {Regex("(\\bwrites|files) (?:throw|error out|are (?:refused|rejected|broken))(?: an?)?"
               "(?: (?:IOException|I/O error|exception|error))?",
               icase),
         "$1 fail"},
        {Regex("\\b(writes (?:of|to) [^,;]*?) (?:throw|error out|are (?:refused|rejected|broken))"
               "(?: an?)?(?: (?:IOException|I/O error|exception|error))?$",
               icase),
         "$1 fail"},
        {Regex("\\b(?:throws|errors(?: out)?|is (?:refused|rejected|broken))(?: an?)?"
               "(?: (?:IOException|I/O error|exception|error))?",
               icase),
         "fails"},
        {Regex("\\b(writ\\w+ (?:of |to )?(?:an? |its |the )*\\w*epochs?(?: files?)?) "
               "(?:is|are|keeps?|always) (fail)(?:s|ed|ing)?\\b",
               icase),
         "$1 fails"},
        {Regex("^(?:an? )?(?:I/?O error|IOException|exception)s? (?:on|at|in|when|for|during) "
               "(?:it )?"
               "(?:(?:every|each|any|its|the|writes|writing) )*((?:accepted|current)? ?epoch)"
               "(?: file)?(?: writes?)?$",
               icase),
         "writing $1 fails"},
        {Regex("^with (?:an? |its )?(?:unwritable|read-only|broken) ((?:accepted|current)? ?"
               "epoch)(?: file)?s?$",
               icase),
         "writing $1 fails"},
        {Regex("\\bwrites (?:of|to) (.*?epoch)s?(?: files?)? fail\\b", icase), "write of $1 fails"},
        {Regex("\\bwriting (.*?epoch)s?(?: files?)? fail\\b", icase), "writing $1 fails"},
    };
    return rewritten(told, all);
}

}  // namespace

Unwritable unwritable_in(const std::string& words_told) {
    const std::string told = failing(words_told);
    // All servers are fresh here.
    static const Regex fresh("^(?:is |starts )?(?:fresh|new|empty)[,;:] (?:and |but )?");
    static const Regex error(",? (?:\\(|with )?(?:an? )?(?:I/?O error|IOException)\\)?$");
    const std::string words = regex_replace(regex_replace(told, fresh, ""), error, "");
    static const Regex form(
        "(?:with )?(?:(?:every|each|all|any|its) )*(?:"
        "writes? (?:of|to) (?:an? |its )?(?:non-?zero )?(.*?)(?: file)?s? fails?|"
        "(?:disk|i/o|io) errors? (?:on |at |when |writing |its )+(.*?)(?: file)?s?|"
        "writing (?:its |an? |of )?(?:non-?zero )?(.*?)(?: file)?s? fails?|"
        "((?:accepted|current)? ?epoch)(?: file)?s? (?:is |are )?(?:not writable|unwritable)|"
        "(?:cannot|can not|can't|fails to|is unable to) write (?:its |an? )?(?:non-?zero )?(.*?)"
        "(?: file)?s?|"
        "((?:accepted|current)? ?epoch)(?: file)?s? (?:cannot|can not|can't) be written|"
        "(?:an? )?(?:non-?zero )?((?:accepted|current)? ?epoch)(?: files?)?(?:'s)? writes? fails?"
        "(?: with (?:an? )?(?:IOException|I/O error))?|"
        "failing (?:((?:accepted|current)? ?epoch)(?: file)? writes|"
        "writes (?:of|to) (?:its )?(.*?)(?: file)?s?))",
        Regex::icase);
    static const Regex file("(accepted|current)? ?epoch", Regex::icase);
    Match found, which;
    if (!regex_match(words, found, form)) return {};
    std::string name;
    for (std::size_t group = 1; group < found.size(); ++group) name += found[group];
    if (!regex_match(name, which, file)) throw Refused("which file? " + words);
    return {!which[1].matched || says(which[1], "accepted"),
            !which[1].matched || says(which[1], "current")};
}

std::optional<Whose> whose_in(const Value& disk) {
    static const Regex owner(
        "^(?:on )?(?:node |server |S ?)?([0-9]+)(?:'s|:)? |"
        ",? (?:at|on|of|by|for) (?:the )?(?:(?:node|server) |S ?)?([0-9]+)(?:'s disk)?(?= |,|$)");
    if (!is_text(disk)) return std::nullopt;
    const std::string words = disk.text;
    Match found;
    if (!regex_search(words, found, owner)) return std::nullopt;
    const Unwritable files =
        unwritable_in(plain(found.prefix().str() + " " + found.suffix().str()));
    if (!files.is_any()) return std::nullopt;
    return Whose{files, std::stoull(found[1].str() + found[2].str())};
}

namespace {

/// Which server is meant: there are three of them, the last of which comes late.
std::string with_numbers(const std::string& told) {
    static const Rewrite all[] = {
        {Regex("\\b(?:(?:the )?(?:third|3rd|last|remaining|late) (?:server|node|peer|one)|"
               "the third)(?!\\w)"),
         "2"},
        {Regex("^(?:start |boot )(?:the )?third$"), "start 2"},
        {Regex("^third\\b"), "2"},
        {Regex("\\b(?:the )?(?:first )?two (?:of (?:the )?three )?(?:servers|nodes|peers)\\b"),
         "0 and 1"},
        {Regex("^(?:an? )?quorum of two\\b"), "0 and 1"},
        {Regex("\\b(?:servers|nodes) 0(?:-|\\.\\.)1\\b|\\b0(?:-|\\.\\.)1\\b"), "0 and 1"},
    };
    return rewritten(told, all);
}

}  // namespace

std::vector<std::string> failure_steps(const Value& stimulus) {
    static const std::string between =
        "[;,:] *(?:and |then )*(?=(?:client |an? node (?:is )?|an? |one |some )*(?:creat|writes? "
        "(?:some|data)|data |start |boot ))|"
        "(?:;|, (?:and |then ))+ *(?=(?:server |node |S)?[0-9]+ (?:(?:is )?start|joins|tries|"
        "comes))| and (?=create)";
    // Of whoever has just been started.
    static const Regex of_last(
        "(?:but |and )?(?:it |there )?(?:its |the |every |each |all |any )*(.*)");
    static const Regex starts(std::string(".*?\\b(?:start|boot|joins?|comes up).*"));
    std::vector<std::string> all;
    for (const std::string& step : texts(stimulus, "stimulus")) {
        for (const std::string& part : split_at(with_numbers(step), between)) {
            Match found;
            const bool is_more = !all.empty() && regex_match(all.back(), starts) &&
                                 regex_match(part, found, of_last) &&
                                 unwritable_in(plain(found[1])).is_any();
            if (is_more) {
                all.back() += "; " + found[1].str();
            } else {
                all.push_back(part);
            }
        }
    }
    return all;
}

std::string failure_clause(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("^(?:it |server |and |but )*(?:keeps?|goes|is) (?:on )?"
               "(?:trying|retrying|attempting)(?: to (?:re)?join)?(?: (?:the )?"
               "(?:quorum|ensemble|cluster))?$|"
               "^(?:it |and |but )*(?:retries|tries again|still tries)(?: to (?:re)?join"
               "(?: (?:the )?(?:quorum|ensemble|cluster))?)?$"),
         "keeps trying"},
        // Half of the test's timeout: as long as this player waits.
        {Regex("^((?:it )?(?:(?:is |was )?(?:not|never)|does not|cannot|fails to) .*?),? "
               "(?:within|in|for|after) "
               "(?:(?:the )?half (?:of )?(?:the )?(?:connection )?timeout|(?:the )?"
               "(?:connection )?timeout ?/ ?2|CONNECTION_TIMEOUT ?/ ?2|time|"
               "(?:1?[0-9]|30) s)$"),
         "$1"},
        {Regex("^(?:is |was |it )*(?:not|never) (?:started|booted|joined|ready|a follower|"
               "FOLLOWING|in (?:the )?(?:quorum|ensemble))$"),
         "never up"},
        {Regex("^(?:never|does not|do not|not|cannot) (?:finish(?:es)?|complet(?:es?|ed)|ends?|"
               "succeeds? in|manages? to) (?:joining|join|(?:its |the )?(?:join|start|boot)"
               "(?:ing)?|to join)$"),
         "never up"},
        {Regex("^(?:its )?(?:leader )?election (?:never|does not|is not|not) (?:completes?|"
               "completed|finishe?[sd]?)$"),
         "never up"},
        {Regex("^(?:(?:its|in) )?(?:the )?(?:memory|run-?time)(?: cop(?:y|ies)| values?)?(?: of)?"
               "(?: (?:the )?(?:both )?epochs?)? "
               "(?=(?:is |are |stays? |remains? )*(?:not |un|kept))"),
         "both epochs "},
        {Regex("^(?:neither|none) (?:of the epochs )?(?:is |has )?"
               "(?:changed|advanced|updated|raised)$"),
         "both epochs 0"},
        {Regex("^(?:its )?(?:both )?epochs (?=(?:are |stay |remain )?(?:not |un|kept))"),
         "both epochs "},
        // As they are in the beginning.
        {Regex(" ?\\b(?:(?:is|are|has|have|stays?|remains?|was|were|still|must) )*(?:unchanged|"
               "kept|not (?:have )?(?:been )?(?:changed|updated|advanced|raised|written|set|"
               "bumped|touched))(?: \\(0\\))?$"),
         " 0"},
        {Regex("^(?:in(?:-| )?|its )?(?:memory|run-?time)(?: value)?:? (?:(?:is|still|stays?|"
               "remains?) )*(?=0$)"),
         ""},
        {Regex("^(both(?: epochs)?|epochs?) (?:(?:stay|are|still) )?0$"), "both epochs 0"},
        {Regex("^(?:epochs? |both epochs )?0 ?/ ?0$"), "both epochs 0"},
        {Regex("^(?:its |the )?(?:in-?memory |memory )?(?:accepted(?: ?epochs?)? and current|"
               "current(?: ?epochs?)? and accepted) ?epochs?(?: in memory)? (?=[0-9])"),
         "both epochs "},
        {Regex("^(acceptedEpoch|currentEpoch) and (?:acceptedEpoch|currentEpoch) (?=[0-9])"),
         "both epochs "},
        {Regex("^(?:no service|unavailable|not available|no quorum member)$"), "never up"},
        {Regex("^(?:its |the )?(?:both )?epochs? (?:(?:stays?|are|is|remains?|still|at) )+0$"),
         "both epochs 0"},
        {Regex("^ +"), ""},
    };
    return rewritten(words, all);
}

std::string failure_key(const std::string& key) {
    static const Regex numbered("(?:server|node|peer|S) ?([0-9])", Regex::icase);
    static const Regex third(
        "(?:(?:the )?(?:third|last|late|faulty|failing|broken|problematic|bad|new|joining)"
        "(?: "
        "?(?:server|node|peer|one))?|joiner|latecomer|process|peer|join|memory|inMemory|runtime|"
        "quorumPeer)",
        Regex::icase);
    Match found;
    if (regex_match(key, found, numbered)) return found[1];
    return regex_match(key, third) ? "server" : key;
}

Value failure_initial(const Value& initial) {
    static const Regex lists("(?:servers? |nodes? |S)?[0-9](?:(?:, ?| and |\\.\\.)[0-9])*");
    static const Regex up(
        "(?:(?:is|are|the|an?|in|form|already|old) )*(?:quorum|up|running|serving|started|healthy|"
        "leader|follower|leading|following|elected)(?:,? (?:of |in |at |with )?epoch ([0-9]+))?"
        "(?: (with (?:some )?data))?");
    static const Regex paths("(?:/[a-zA-Z0-9]+(?:, ?)?)+");
    Value plain = sim::json::object();
    std::vector<std::uint64_t> started;
    bool has_data = false;
    std::string epoch;
    const auto take = [&](const std::string& key, const Value& value) {
        Match found;
        if (!regex_match(key, lists) || !is_text(value) || !regex_match(value.text, found, up)) {
            return false;
        }
        for (const std::uint64_t id : numbers_in(key)) started.push_back(id);
        if (found[1].matched) epoch = ", epoch " + found[1].str();
        has_data = has_data || found[2].matched;
        return true;
    };
    for (const sim::json::Member& one : initial.members) {
        const bool is_data = says(one.key, "^(committed|data|created|znodes?|existing|written)$");
        const bool is_told = is_text(one.value) || one.value.is(Value::Kind::array);
        if (is_data && is_told) {
            for (const std::string& words : texts(one.value, one.key)) {
                if (!regex_match(words, paths)) throw Refused("initial." + one.key);
            }
            has_data = true;
        } else if (one.key == "nodes" && one.value.is(Value::Kind::object)) {
            Value rest = one.value;
            std::erase_if(rest.members,
                          [&](const auto& node) { return take(node.key, node.value); });
            plain.members.push_back(sim::json::member(one.key, rest));
        } else if (one.key == "started" && one.value.is(Value::Kind::array)) {
            for (const zab::NodeId id : ids(one.value, one.key)) started.push_back(id.value);
        } else if (!take(one.key, one.value)) {
            plain.members.push_back(one);
        }
    }
    if (started.empty()) {
        if (has_data) throw Refused("initial: who has those data?");
        return plain;
    }
    if (started.size() != 2) throw Refused("initial: who has started?");
    const std::string words = std::to_string(started[0]) + " and " + std::to_string(started[1]);
    plain.members.push_back(sim::json::member(
        "started", sim::json::string(words + " up" + (has_data ? " with data" : "") + epoch)));
    return plain;
}

void require_three(const std::string& key, const Value& value) {
    if (value.is(Value::Kind::object)) {
        only(key, value, {"voters", "quorum"});
        const Value* quorum = value.find("quorum");
        if (quorum != nullptr && quorum->text != "majority") throw Refused("initial.quorum");
        return require_three(key, member(value, "voters"));
    }
    const bool is_list = value.is(Value::Kind::array);
    if (is_list) {
        for (const zab::NodeId id : ids(value, key)) {
            if (id.value > 2) throw Refused("there is no server " + std::to_string(id.value));
        }
    }
    if ((is_list ? value.elements.size() : number(value, key)) != 3) {
        throw Refused("initial: not three servers");
    }
}

std::optional<Informed> informed_in(const std::string& step) {
    static const Regex informed(
        "LEADERINFO(?: <([0-9]+), ?0>| [0-9]+)? (?:reaches|arrives at|comes to|goes to|is sent "
        "to|gets to|for) (?:server |node |S)?([0-9])");
    Match found;
    if (!regex_match(step, found, informed)) return std::nullopt;
    return Informed{std::stoull(found[2]), found[1].matched ? std::stoul(found[1]) : 1};
}

bool tells_join(const std::string& step) {
    static const Regex joins(
        "(?:(?:server|node|it) )?(?:(?:starts?|boots?) (?:and|to) )?joins? (?:an? )?"
        "(?:(?:running|existing|serving) )?(?:quorum|ensemble|cluster)");
    return regex_match(step, joins);
}

bool tells_create(const std::string& step) {
    static const Regex creates(
        "(?:client )?creates?|(?:client creates|client create|creates?) (?:(?:an?|some) "
        ")?(?:node|znode|data|"
        "/[a-z0-9A-Z]+)|(?:an? )?(?:node|znode|/[a-z0-9A-Z]+) (?:is )?created|"
        "(?:client )?(?:an? |one |some )(?:creates?|writes?)|(?:some )?data (?:is )?(?:written|"
        "created)|(?:client )?writes? (?:some )?data");
    return regex_match(step, creates);
}

std::optional<std::uint64_t> where_created(const std::string& step) {
    static const Regex creates_at(
        "(?:client )?creates?(?: /[a-z0-9A-Z]+| (?:an? )?z?node| data)? (?:at|on|via|through) "
        "(?:server |node |S)?([0-9])");
    Match found;
    if (!regex_match(step, found, creates_at)) return std::nullopt;
    return std::stoull(found[1]);
}

bool tells_failing_epochs(const Case& one) {
    const std::string words =
        sim::json::compact(one.initial) + " " + sim::json::compact(one.stimulus);
    return says(words,
                "((writ|disk|i/?o)[^\"]*epoch|epochs?( files?)?'?s? (writes?|writing))[^\"]*"
                "\\b(fail|cannot|error|throw|refus)|\\b(fail|cannot|error|throw|refus)[^\"]*"
                "(writ[^\"]*|files? of )epoch|(disk|i/?o) errors? (on|at|for|when)[^\"]*epoch|"
                "epoch[^\"]*(unwritable|not writable|cannot be written)");
}

}  // namespace conformance
