#include "tests/conformance/truncation_words.hpp"

#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

namespace conformance {

namespace {

const std::string zero = "(?:0|<0, ?0>|\\[0, ?0\\])";
const std::string empty_tree =
    "(?:of )?(?:an? |the )?(?:empty|initial|fresh|new) (?:data ?)?(?:tree|database|db|state)";
/// A snapshot from before the first transaction.
const std::string first_snapshot =
    "(?:an? |the |its |initial |first |empty )*snapshot(?: file)?(?: (?:(?:is |was )?(?:taken |"
    "saved |written )?(?:at |of |with |for |from |= ?)?(?:zxid )?" +
    zero + "|" + empty_tree + "|(?:is |was )?(?:taken|saved|written)(?: (?:first|before|" +
    "beforehand|initially|earlier|at start|" + empty_tree + "))?))?";
const std::string kinds =
    "(?:setData|sets?|creates?|txns?|transactions?|records?|entries|zxids?|writes?)";
const std::string file =
    "(?:(?:all|every|each|the|its|their|of|txn|transaction|version-2) )*"
    "(?:logs?(?: ?files?| dir(?:ectory)?)?|files?)";
const std::string lost =
    "(?:deleted|removed|wiped|erased|cleared|emptied|lost|gone|absent|missing|unlinked)";

std::string without_hex(const std::string& words) {
    static const Regex hex("\\b0x([0-9a-fA-F]{1,15})\\b");
    std::string rest = words, all;
    for (Match found; regex_search(rest, found, hex); rest = found.suffix()) {
        all += found.prefix().str() + std::to_string(std::stoull(found[1], nullptr, 16));
    }
    return all + rest;
}

}  // namespace

bool tells_first_snapshot(const std::string& words) {
    static const Regex form(first_snapshot);
    return regex_match(words, form);
}

std::string log_in_known_words(const std::string& words) {
    static const Rewrite all[] = {
        // A snapshot before or behind the log.
        {Regex("(?:[,;]| \\+)? ?(?:and |with |plus |behind |after |on top of )*" + first_snapshot +
               "$"),
         ""},
        {Regex("^" + first_snapshot +
               "(?:[,;:]| \\+| and| then| plus)? ?(?:then |and |followed by |with (?=[0-9]+ "
               "(?:setData|txns|transactions)))*(?=[a-z0-9\\[<])"),
         ""},
        // Ranges, and how many of which kind.
        {Regex("([0-9>\\]]) ?(?:through|thru|up to|until|till) ?(?=[0-9<\\[])"), "$1.."},
        {Regex("([>\\]]) ?- ?(?=[<\\[])"), "$1.."},
        {Regex("\\bset ?[dD]ata ?(?:x|\u00d7) ?([0-9]+)\\b|\\bset data ([0-9]+) times\\b|"
               "\\b([0-9]+) ?(?:x|\u00d7|times) set ?[dD]ata\\b"),
         "$1$2$3 setData"},
        {Regex("\\b([0-9]+) (setData|creates?|create) (?:txns|transactions|records|entries|"
               "requests|operations|ops)\\b"),
         "$1 $2"},
        {Regex("\\b([0-9]+) (?:logged|written|appended) (" + kinds + ")\\b"), "$1 $2"},
        {Regex("\\b([0-9]+ " + kinds + "(?: " + kinds +
               ")?)(?: logged| written| appended)? \\((?:with |at )?(?:zxids? "
               ")?([0-9<\\[][^()]*)\\)"),
         "$1, zxids $2"},
        {Regex("^(?:log|disk|file|it) (?:has|holds|contains|with|=) "), ""},
        {Regex("\\b(?:was |were |are |is |and )*then (?=" + lost + "$)"), ""},
        {Regex("\\b(?:exactly|precisely) (?=[0-9<\\[])"), ""},
    };
    return rewritten(without_hex(words), all);
}

std::string log_at_start(const std::string& words) {
    static const Regex whose(
        "^(?:an? |one |the |single )*(?:node|server|database|db|standalone server|log)"
        "(?: that)?(?:[,;:]| with| of| has| holds)+ ");
    static const Regex no_snapshot(",? (?:and |but )?(?:no|without(?: an?| any)?) snapshot$");
    return regex_replace(regex_replace(words, whose, ""), no_snapshot, "");
}

std::vector<std::string> cut_steps(const Value& table) {
    static const Regex cuts("(?:trunc(?:ate)?(?:Log)?|TRUNC|cut)(?:To|At)?");
    static const Regex appends("(?:then)?(?:append|log|write|Append|Log)(?:ed|Txn|Zxid)?");
    std::vector<std::string> steps;
    for (const auto& [key, place, value] : table.members) {
        const bool is_cut = regex_match(key, cuts);
        if (!is_cut && !regex_match(key, appends)) return {};
        const std::string point =
            value.is(Value::Kind::array) ? text(zxid(value, key)) : value.text;
        steps.push_back((is_cut ? "truncate to " : "append ") + point);
    }
    return steps;
}

std::string cut_in_known_words(const std::string& step) {
    static const std::string point = "((?:zxid )?[0-9<\\[][^;]*?)";
    static const Rewrite all[] = {
        // Behind "append" that a transaction is meant goes without saying.
        {Regex("\\b(append|log|write|add)s? (?:(?:an?|one|another|more|further|new|single) )*"
               "(?:txn|transaction|record|entry),? (?:with |at |of )?(?:the |its )?"
               "(?=zxid|[0-9<\\[])"),
         "$1 "},
        {Regex("(^|; )(?:(?:an?|one|another|more|further|new) )*(?:(?:txn|transaction|record|"
               "entry) )?(?:with |at |of )?" +
               point + " (?:is |are |gets )?(?:appended|logged|written|added)(?=$|;)"),
         "$1append $2"},
        {Regex("(^|; )(?:(?:then|an?|one|another|more|further|new|single) )+(?:txn|transaction|"
               "record|entry),? (?:with |at |of |= ?)?(?:the |its )?((?:zxid )?[0-9<\\[][^;]*)$"),
         "$1append $2"},
        {Regex("(^|; )(?:the )?log (?:is |gets |was )*(?:truncated|cut)(?: back| down)? "
               "(?:to|at|after|behind) "),
         "$1truncate to "},
        {Regex("(^|; )(?:truncation|TRUNC) (?:of (?:the )?log )?(?:to|at|after) "),
         "$1truncate to "},
        {Regex("\\b(?:truncate|cut)(?: the)? (?:log|database|db|it)(?: back| down)? "
               "(?=to|at|after)"),
         "truncate "},
        // Files that are lost.
        {Regex("(^|[;,] )(?:then )?(?:delete|remove|wipe|erase|clear|drop|lose|empty|unlink)s?"
               " " +
               file + "(?=$|[;,])"),
         "$1delete all log files"},
        {Regex("(^|[;,] )(?:then )?" + file + " (?:(?:is|are|were|was|gets?|have been|all) )*" +
               lost + "(?=$|[;,])"),
         "$1delete all log files"},
        {Regex("\\bfrom (?:zxid )?[<\\[]0, ?([0-9]+)[>\\]]"), "from $1"},
    };
    return rewritten(without_hex(step), all);
}

std::string cut_key(const std::string& key, const Value& value) {
    const bool is_list = value.is(Value::Kind::array) || is_text(value);
    if (is_list &&
        says(key,
             "^(iterated|diskLog|logOnDisk|sequence|contents?|recordsRead|entries|node|content|"
             "(read|final|new|on ?disk)(Log|Zxids|Txns|Records)|"
             "log(ged)?(Zxids|Txns|Records|Entries))$")) {
        return "log";
    }
    static const char* const outcome =
        "^(ok|success|succeeds|succeeded|truncation|return|(truncat(e|ion)|truncateLog|cut)"
        "(Result|Returns|Ok|Success|Succeeds)|return(ed)?Value|resultOfTruncat(e|ion))$";
    return says(key, outcome) ? "result" : key;
}

std::optional<std::size_t> record_place(const std::string& key) {
    static const Regex form("(first|second|third|next)(?: ?(?:zxid|record|txn|entry|read))?",
                            Regex::icase);
    static const Regex counted("(?:next|read|record|txn|zxid)_?([1-3])");
    Match found;
    if (regex_match(key, found, counted)) return std::stoul(found[1]) - 1;
    if (!regex_match(key, found, form)) return std::nullopt;
    return says(found[1], "next") ? 1 : *count_in(plain(found[1])) - 1;
}

std::optional<std::string> lost_log_in(const std::string& words) {
    static const Regex form(
        "(?:(?:only )?(?:an? |the )?snapshot(?: only| alone)?[,;]? (?:and |but |with )*)?"
        "(?:(?:" +
        file + " )?(?:(?:is|are|were|was|all) )*(?:" + lost +
        "|empty|none)|(?:no|without|empty|without any) (?:txn |transaction )?(?:log|logs|files|log "
        "?files?|log dir(?:ectory)?)(?: left| remains?| remaining| there| exists?)?)(?: "
        "\\((.*)\\))?");
    static const Regex held(
        "(?:(?:it |they )?(?:was|were|had|held|with|of) )?(.*?)(?: (?:(?:are|were|was|is|all) )*" +
        lost + ")?");
    static const Regex after("^(" + lost + ") (?:after|behind|following) (.*)$");
    Match found, inner;
    if (regex_match(words, found, after)) return found[2].str();
    if (!regex_match(words, found, form)) return std::nullopt;
    const std::string remark = found[1];
    if (remark.empty() || made_of(remark, "all|every|log|txn|files?|the|were|are|was|is|" + lost)) {
        return "";
    }
    regex_match(remark, inner, held);
    return inner[1].str();
}

bool is_success(const Value& value) {
    if (!is_text(value)) return truth(value, "truncate");
    static const Regex no_exception(
        " (?:instead of|rather than|without) (?:throwing|an? exception|an? "
        "crash|crashing)$|(?:^|[,;]? *)(?:and |but )?\\b(?:no|not|without|nothing)(?: an?)? "
        "(?:(?:[A-Z]\\w*)?[eE]xceptions?|NPE|crash(?:es)?|errors?|thrown|throw(?:s|ing)?)(?: "
        "(?:is "
        ")?thrown)?[,;]?");
    const std::string words = regex_replace(value.text, no_exception, "");
    static const char* const known =
        "true|false|ok|yes|no|success|succeeds|done|fails?|failed|failure|not|cannot|is|"
        "truncated|"
        "found|returns?|it|exceptions?|throws|does";
    if (!made_of(without_remarks(words), known)) throw Refused("truncate: " + value.text);
    if (says(words, "exception|throws")) throw Refused("truncate: " + value.text);
    if (says(words, "^no$|\\b(false|fail(s|ed|ure)?|not|cannot)\\b")) return false;
    if (says(value.text, "^(?:it )?(?:returns )?(true|ok|yes|succe(ss|eds)|done)\\b")) return true;
    throw Refused("truncate: " + value.text);
}

}  // namespace conformance
