#include "tests/conformance/commit_load.hpp"

#include "tests/conformance/commit.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace conformance {

// A commit processor under a load of many clients (CommitProcessorTest): "10 clients, 25% writes".
// However many worker threads it has, what may be seen is the same: writes one by one, in the order
// of their zxids, no read beside one, each session in its own order.

namespace {

/// Runs the load, and remembers in which order things were done.
class LoadRun {
  public:
    explicit LoadRun(const Load& load) : sessions_(load.readers + load.sessions) {
        processor_.start(true, {});
        for (std::uint64_t session = 1; session <= load.readers + load.sessions; ++session) {
            for (std::uint64_t n = 0; n < load.creates; ++n) submit(session, true);
        }
        for (int round = 0; round < 400; ++round) {
            const std::uint64_t session = draw(load.readers + load.sessions) + 1;
            submit(session, session > load.readers && draw(100) < load.write_percent);
            if (draw(4) == 0) commit_next();  // Late: more and more wait.
            if (draw(3) == 0) take_up();
        }
        while (!to_commit_.empty()) commit_next();
        for (int n = 0; n < 10'000 && !processor_.empty(); ++n) take_up();
    }

    std::uint64_t sessions() const { return sessions_; }
    std::uint64_t reads() const { return reads_; }
    std::uint64_t writes() const { return writes_; }
    bool all_done() const { return reads_ + writes_ == submitted_; }
    bool are_zxids_in_order() const { return zxids_in_order_; }
    bool are_sessions_in_order() const { return sessions_in_order_; }
    /// An item that is taken up ends within its step, so that nothing runs beside a write, but for
    /// the reads that the end of its loop releases: those must wait for a write, and be behind it.
    bool are_writes_alone() const { return writes_alone_; }

  private:
    std::uint64_t draw(std::uint64_t below) {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return random_ % below;
    }
    void submit(std::uint64_t session, bool writes) {
        const std::uint32_t cxid = ++asked_[session];
        ++submitted_;
        const auto operation = writes ? zab::Operation::set : zab::Operation::get;
        processor_.submit({{session}, cxid, 0, 0, 0, operation});
        if (writes) to_commit_.emplace_back(session, cxid);
    }
    void commit_next() {
        if (to_commit_.empty()) return;
        const auto [session, cxid] = to_commit_.front();
        to_commit_.erase(to_commit_.begin());
        ++zxid_;
        processor_.commit(zab::Txn{zab::Zxid{zxid_}, {session}, cxid, 0, 0, zab::TxnType::set});
    }
    void done(std::uint64_t session, std::uint32_t cxid) {
        sessions_in_order_ = sessions_in_order_ && cxid == answered_[session] + 1;
        answered_[session] = cxid;
    }
    void take_up() {
        do {
            const auto step = processor_.take_next();
            if (step.turn == zab::CommitProcessor::Turn::commit) {
                const auto& txn = std::get<zab::Txn>(*step.committed);
                zxids_in_order_ = zxids_in_order_ && txn.zxid.value == last_ + 1;
                last_ = txn.zxid.value;
                ++writes_;
                written_[txn.session.value] = txn.cxid;
                done(txn.session.value, txn.cxid);
            } else if (step.turn == zab::CommitProcessor::Turn::pass) {
                ++reads_;
                done(step.request->session.value, step.request->cxid);
            }
            while (const zab::Request* read = processor_.take_released()) {
                ++reads_;
                done(read->session.value, read->cxid);
                writes_alone_ = writes_alone_ && written_[read->session.value] > 0 &&
                                written_[read->session.value] < read->cxid;
            }
        } while (!processor_.is_between_loops());
    }

    std::uint64_t sessions_ = 0;
    zab::CommitProcessor processor_;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> to_commit_;
    std::map<std::uint64_t, std::uint32_t> asked_, answered_, written_;
    std::uint64_t random_ = 88'172'645'463'325'252, zxid_ = 0, last_ = 0;
    std::uint64_t submitted_ = 0, reads_ = 0, writes_ = 0;
    bool zxids_in_order_ = true, sessions_in_order_ = true, writes_alone_ = true;
};

const char* const said_of_load =
    "in|zxid|zxids|cxid|cxids|order|ordered|consecutive|without|no|none|never|gaps?|one|at|a|"
    "an|"
    "the|time|FIFO|per|each|every|within|same|client|clients|session|sessions|increasing|"
    "increases?|ascending|strictly|invariants?|hold|holds|kept|both|kinds?|progress|some|reads?"
    "|"
    "writes?|creates?|are|is|was|were|while|during|or|and|two|processed|process|made|done|all|many|"
    "as|"
    "sees?|sent|submitted|more|than|least|by|of|happen|happens|happened|together|parallel|once|"
    "concurrently|concurrent|simultaneous(?:ly)?|overlap(?:s|ping)?|with|between|committed|"
    "commits?|answered|requests?|alone|exclusive(?:ly)?|run|runs|running|other|another|beside|any|"
    "fail(?:s|ed|ures?)?|violations?|violated|exceptions?|assertions?|errors?|lost|stuck|"
    "pending|flight|at|most|fewer|less|exactly|"
    "nothing|empty|everything|number|false|true|their|its|own|for|when|always|only|not|does|"
    "along|alongside|increasing|pipeline|over|across|among|applied|handled|executed|global(?:ly)?";

/// "zxid + 1", "zxids of writes increase by 1": no other step is told.
bool steps_by_one(const std::string& words) {
    static const Regex number("[0-9]+");
    MatchIterator i(words, number);
    return std::all_of(i, MatchIterator(), [](const Match& found) { return found.str() == "1"; });
}

/// "> 0 processed", "10", "at least 1 of both": how many there are; what is behind it is left in
/// `clause`. False: no number is told.
bool check_count(const LoadRun& run, const std::string& key, std::string& clause,
                 Verdict& verdict) {
    static const Regex count(
        "^(?:(?:both )?(?:reads?|writes?)(?: and (?:reads?|writes?))? )?(?:both "
        ")?(?:([<>]?=|[<>]|at least|at "
        "most|more than|fewer than|less than|exactly) ?)?([0-9]+)"
        "(?: (?:reads?|writes?|updates?|commits?|requests?))?(?: (?:and|of) (?:both|reads|writes))?"
        "(?: (?:are |were |is )?(?:processed|done|made|committed|answered))?(?:,? (?:and )?|$)");
    const std::string words = key + ": " + clause;
    Match found;
    if (!regex_search(clause, found, count)) return false;
    const bool is_about_reads = says(words, "\\breads?"),
               is_about_writes = says(words, "\\b(writes?|updates?)");
    const std::uint64_t wanted = std::stoull(found[2]);
    const std::string sign = found[1];
    const auto holds = [&](std::uint64_t got) {
        if (sign == ">" || sign == "more than") return got > wanted;
        if (sign == "<" || sign == "fewer than" || sign == "less than") return got < wanted;
        if (sign == ">=" || sign == "at least") return got >= wanted;
        if (sign == "<=" || sign == "at most") return got <= wanted;
        return got == wanted;
    };
    const bool is_about_all = is_about_reads == is_about_writes;
    if (is_about_all || is_about_reads) verdict.require(words, holds(run.reads()));
    if (is_about_all || is_about_writes) verdict.require(words, holds(run.writes()));
    clause = found.suffix().str();
    return true;
}

/// "one per client", "exactly two writes by each client (20)": so many times the clients. False: it
/// is no such number.
bool check_per_client(const LoadRun& run, const std::string& key, const std::string& clause,
                      Verdict& verdict) {
    static const Regex as_many(
        "(?:as many as |(?:= )?(?:the )?number of )(?:the )?(?:clients|sessions)");
    static const Regex form(
        "(?:exactly |only |just )?([a-z]+|[0-9]+)(?: reads?| writes?| creates?)? "
        "(?:per|of each|of every|by each|for each) (?:client|session)");
    Match found;
    const bool is_as_many = regex_match(clause, as_many);
    if (!is_as_many && !regex_match(clause, found, form)) return false;
    const auto count = is_as_many ? std::optional<std::size_t>(1) : count_in(found[1]);
    if (!count) return false;
    const std::string words = key + ": " + clause;
    const bool is_about_reads = says(words, "\\breads?\\b");
    if (is_about_reads == says(words, "\\b(writes?|updates?|creates?)\\b")) {
        throw Refused("expected." + words);
    }
    verdict.check(words, std::to_string(*count * run.sessions()),
                  std::to_string(is_about_reads ? run.reads() : run.writes()));
    return true;
}

/// "reads and writes", "both kinds", "reads only": of these kinds some are done, and of no other.
/// False: the words tell more than kinds.
bool check_kinds(const LoadRun& run, const std::string& key, const std::string& words,
                 Verdict& verdict) {
    static const char* const kinds =
        "reads?|writes?|both|kinds?|of|and|some|only|just|requests?|are|is|processed";
    if (!says(words, "\\b(reads?|writes?|both)\\b") || !made_of(words, kinds)) return false;
    if (contains(words, "[0-9]")) return false;
    const bool reads = says(words, "\\breads?\\b"), writes = says(words, "\\bwrites?\\b");
    const bool says_both = says(words, "\\bboth\\b") || (reads && writes);
    if (says_both && (reads != writes || says(words, "\\b(only|just)\\b"))) {
        throw Refused("expected." + key + ": " + words);
    }
    verdict.check(key + ": reads", reads || says_both, run.reads() > 0);
    verdict.check(key + ": writes", writes || says_both, run.writes() > 0);
    return true;
}

/// "violations": 0: of all that holds under a load.
bool holds_all(const LoadRun& run) {
    return run.all_done() && run.are_zxids_in_order() && run.are_sessions_in_order() &&
           run.are_writes_alone();
}

/// What a clause says as a whole. False: it tells of less, or of more.
bool check_whole(const LoadRun& run, const std::string& key, const std::string& clause,
                 Verdict& verdict) {
    static const Regex failures(
        "(?:(?:order|ordering|invariant|assertion) ?)?(?:violations?|failures?|errors?|exceptions?|"
        "violated|(?:zxid )?gaps?|overlaps?|reads? (?:during|beside) (?:an? )?writes?|lost"
        "(?: requests)?|reordered)(?: ?count)?",
        Regex::icase);
    static const Regex at_once(
        "(?:max |concurrent )?writes? (?:in flight|at once|at a time)|concurrent writes?",
        Regex::icase);
    static const Regex one("(?:at most |<= ?|max |never more than |only )?1|one");
    static const Regex parallel("(?:in )?parallel|concurrent(?:ly)?|overlapping", Regex::icase);
    static const Regex reads_only("(?:only reads|reads only|reads alone)");
    static const Regex of_session("(?:per |each )?(?:session|client)s?(?: order)?", Regex::icase);
    static const Regex as_sent(
        "(?:in )?(?:the |its |their )?(?:same |own )?(?:FIFO|(?:(?:FIFO|cxid|submission|request|"
        "queue) )?order)(?: (?:as )?(?:sent|submitted|queued|asked|of submission))?");
    static const Regex counted("(?:processed )?(?:(reads?)|writes?|updates?)(?: processed)?",
                               Regex::icase);
    static const Regex some("(?:some|many|several|plenty)(?: of them)?");
    static const Regex kept(
        "(?:(?:is|are|was) )?(not )?(?:kept|preserved|respected|right|in order)");
    static const Regex order("order|ordering|orders|zxid order|cxid order", Regex::icase);
    // "write": "only request in the pipeline".
    static const Regex alone(
        "(?:(?:is|as|always) )?(not )?(?:the )?(?:only|single|sole) (?:request|one|item|thing) "
        "(?:in|at|through)(?: the)? (?:pipeline|work|progress|flight)");
    // "reads behind them": of each session.
    static const Regex behind(
        "(?:all |the )?reads? (?:are |come |only )?(?:behind|after|following) (?:them|it|its write|"
        "(?:the|their|its|their own|its own) (?:writes?|creates?))");
    Match found;
    const std::string words = key + ": " + clause;
    if (regex_match(key, failures) && contains(clause, "^[0-9]+$")) {
        verdict.check(words, clause == "0", holds_all(run));
    } else if (regex_match(key, at_once) && regex_match(clause, one)) {
        verdict.require(words, run.are_writes_alone());
    } else if (regex_match(key, parallel) && regex_match(clause, reads_only)) {
        verdict.require(words, run.are_writes_alone());
    } else if (regex_match(key, of_session) && regex_match(clause, as_sent)) {
        verdict.require(words, run.are_sessions_in_order());
    } else if (regex_match(key, found, counted) && regex_match(clause, some)) {
        verdict.require(words, (found[1].matched ? run.reads() : run.writes()) > 0);
    } else if (regex_match(key, order) && regex_match(clause, found, kept)) {
        const bool is_so = run.are_zxids_in_order() && run.are_sessions_in_order();
        verdict.check(words, !found[1].matched, is_so);
    } else if (says(key, "^writes?$") && regex_match(clause, found, alone)) {
        verdict.check(words, !found[1].matched, run.are_writes_alone());
    } else if (regex_match(clause, behind)) {
        verdict.require(words, run.are_sessions_in_order() && run.reads() > 0 && run.writes() > 0);
    } else {
        return false;
    }
    return true;
}

/// "cxid order over all sessions": there is such an order only within a session.
bool is_over_sessions(const std::string& words) {
    if (!says(words, "cxid")) return false;
    if (says(words, "\\bwrites?: .*cxid|\\bwrites? (?:are )?(?:in|by) cxid")) return true;
    return says(words, "\\b(over|across|among|between|global\\w*)\\b|\\ball (clients|sessions)");
}

/// One clause of what is expected; `key` says what it is about.
void check_clause_of(const LoadRun& run, const std::string& key, const std::string& told,
                     Verdict& verdict) {
    if (check_whole(run, key, told, verdict)) return;
    if (!made_of(regex_replace(told, compiled("[>=<+]"), ""), said_of_load)) {
        throw Refused("expected." + key + ": " + told);
    }
    if (check_per_client(run, key, told, verdict)) return;
    std::string clause = told;
    bool is_known = check_count(run, key, clause, verdict);
    if (is_known && clause.empty()) return;
    const std::string words = key + ": " + clause;
    const auto require = [&](bool holds) {
        is_known = true;
        verdict.require(words, holds);
    };
    if (is_over_sessions(words) ||
        says(words, "\\b(any|no|reverse|descend\\w*|out of) order|reversed|descending|may\\b")) {
        throw Refused("expected." + words);
    }
    const bool is_about_reads = says(words, "\\breads?");
    const bool is_about_writes = says(words, "\\b(writes?|updates?)");
    const bool is_by_one = steps_by_one(words);
    const bool has_gaps = says(words, "\\bgaps?\\b") && !is_negated(words);
    static const Regex step("zxids?.*[0-9]");
    if (contains(clause, "[0-9]") && !regex_search(words, step)) {
        throw Refused("expected." + words);
    }
    if (says(words, "\\b(not|never|no)( \\w+)?( in)?( the| their)? (zxid|cxid)")) {
        throw Refused("expected." + words);
    }
    if (says(words, "zxid")) require(run.are_zxids_in_order() && is_by_one && !has_gaps);
    static const std::string of_one = "(per|of|each|every|within|same|a|an) (client|session)\\b";
    if (says(words, "cxid|fifo|session order") ||
        (says(words, of_one) &&
         says(words, "\\b(in|increas\\w*|ascend\\w*|order\\w*|as sent)\\b"))) {
        require(run.are_sessions_in_order());
    }
    if (says(words,
             "\\b(while|during|overlap|at once|runs? with|together "
             "with|beside|along with|alongside|parallel|concurrent|simultaneous|"
             "at the same time|in progress|in flight)")) {
        // Said to happen, it does not; the key may say that it never does.
        const bool is_denied = is_negated(words) || says(words, "^never|\\b(only )?one at once");
        require(run.are_writes_alone() && is_denied && !says(words, "\\balways\\b"));
    } else if (says(words, "\\b(at a time|alone|exclusive)")) {
        require(run.are_writes_alone());
    }
    if (is_known) return;
    if (says(words, "fail|violat|exception|assert|error|lost|stuck|pending")) {
        require(says(clause, "^(false|none|no|0|nothing|empty)\\b") == run.all_done());
    } else if (says(clause, "^(all|every|everything)\\b|as many as")) {
        require(run.all_done());
    } else if (says(words, "both|progress|some|processed")) {
        refuse_denied(clause);
        require((run.reads() > 0 || (is_about_writes && !is_about_reads)) &&
                (run.writes() > 0 || (is_about_reads && !is_about_writes)));
    } else {
        throw Refused("expected." + words);
    }
}

/// "order": "kept", {"writes": "zxid", "session": "cxid"}, …
void check_member(const LoadRun& run, const std::string& name, const Value& value,
                  Verdict& verdict) {
    // "processedReads" speaks of reads.
    const std::string key = regex_replace(name, compiled("([a-z])([A-Z])"), "$1 $2");
    for (const auto& [inner, place, wanted] : value.members) {
        check_member(run, key + " " + inner, wanted, verdict);
    }
    if (value.is(Value::Kind::object)) return;
    const bool is_one = value.is(Value::Kind::string) || value.elements.empty();
    const std::vector<std::string> all =
        is_one ? std::vector{value.text} : texts(value, "expected." + key);
    for (const std::string& told : all) {
        const std::string words = without_asides(told);
        const bool is_of_kinds = says(key, "^(processed|progress|kinds|done)$");
        if (is_of_kinds && check_kinds(run, key, words, verdict)) continue;
        for (const std::string& clause : split_at(
                 words, "; *|, (?:or|and|but) |, (?=(?:no|never|not|two|reads?|writes?)\\b)")) {
            check_clause_of(run, key, clause, verdict);
        }
    }
}

}  // namespace

std::optional<Verdict> judge_commit_load(const Case& one) {
    const auto& members = one.initial.members;
    const bool has_load = std::any_of(members.begin(), members.end(), [](const auto& member) {
        return says(member.key, "worker|thread|client|load") ||
               (is_text(member.value) &&
                says(member.value.text,
                     "^(random|mixed)\\b|^[0-9]+ "
                     "(clients|sessions)[,:].*(%|\\b(each|mixed|half|read.?only|create)\\b)"));
    });
    if (one.area != "COMMIT" || !has_load) return std::nullopt;
    const LoadRun run(load_of(one));
    Verdict verdict;
    for (const auto& [name, place, value] : one.expected.members) {
        check_member(run, name, value, verdict);
    }
    return verdict;
}

}  // namespace conformance
