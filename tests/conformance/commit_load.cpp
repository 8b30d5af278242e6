#include "tests/conformance/commit.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

namespace conformance {

// A commit processor under a load of many clients (CommitProcessorTest): "10 clients, 25% writes".
// However many worker threads it has, what may be seen is the same: writes one by one, in the order
// of their zxids, no read beside one, each session in its own order.

namespace {

/// What the load consists of, as far as a case says.
struct Load {
    std::uint64_t readers = 0;  ///< Sessions that only read.
    std::uint64_t sessions = 8;
    std::uint64_t write_percent = 25;
    /// Writes of each session before all else. CommitProcessorTest's clients each create their
    /// node first, whatever their share of writes.
    std::uint64_t creates = 1;
};

std::uint64_t percent_in(const std::string& words, std::uint64_t otherwise) {
    static const std::regex percent("([0-9]+) ?%( reads?)?");
    static const std::regex part("(?:write|update)[A-Za-z]*:? ([0-9.]+)");
    std::smatch found;
    if (std::regex_search(words, found, percent)) {
        const std::uint64_t said = std::stoull(found[1]);
        return found[2].matched ? 100 - said : said;
    }
    if (std::regex_search(words, found, part)) {
        const double said = std::stod(found[1]);
        return static_cast<std::uint64_t>(said < 1 ? said * 100 : said);
    }
    if (says(words, "reads?[- ]?only|only reads|\\bthen reads$")) return 0;
    if (says(words, "writes?[- ]?only|only writes")) return 100;
    return otherwise;
}

/// "25w/75r" is "25% writes", "8 x 0w/100r" is "8 read-only": as that test logs its loads.
std::string without_shorthand(const std::string& words) {
    static const std::regex share("(?:([0-9]+) ?[xX] ?)?([0-9]+) ?w ?/ ?([0-9]+) ?r\\b");
    std::smatch found;
    if (!std::regex_search(words, found, share)) return words;
    const std::uint64_t writes = std::stoull(found[2]);
    if (writes + std::stoull(found[3]) != 100) throw Refused("load: " + words);
    const bool is_read_only = writes == 0;
    std::string plain = found[1].matched ? found[1].str() + (is_read_only ? " " : " with ") : "";
    plain += is_read_only ? "read-only" : fmt::format("{}% writes", writes);
    return found.prefix().str() + plain + without_shorthand(found.suffix());
}

/// "8 read-only, 8 with 25% writes", "mixed", "10 clients, 25% writes, 75% reads".
void describe(Load& load, const std::string& told) {
    const std::string words = without_shorthand(told);
    static const std::string known =
        "^(run|until)\\b|\\b(clients?|sessions?|mixed|reads?|writes?|commits?|only|[0-9]+ ?s)\\b";
    static const char* const all =
        "runs?|until|for|many|several|clients?|sessions?|mixed|read|reads|readers?|write|writes|"
        "writers?|"
        "commits?|"
        "only|s|seconds?|ms|all|are|is|done|end|random|randomly|late|getData|create|creates|"
        "setData|"
        "set|get|per|each|by|at|start|begin|beginning|with|of|in|the|a|an|one|two|and|or|as|fast|"
        "possible|can|requests?|operations?|workload|load|while|interleaved|concurrent(?:ly)?|then|"
        "every|"
        "percent|each|their|first|delayed|delays?|after|order|non-local|local|issue|send|sends?|it";
    if (!says(words, known) || !made_of(std::regex_replace(words, compiled("[%+/]"), ""), all)) {
        throw Refused("load: " + words);
    }
    static const std::regex only_read("([0-9]+) (?:clients? |sessions? )?read[- ]?only");
    static const std::regex others("([0-9]+) (?:clients?|sessions?|with|mixed|writers?)");
    std::smatch found;
    std::string rest = words;
    if (std::regex_search(words, found, only_read)) {
        load.readers = std::stoull(found[1]);
        rest = found.suffix();
    }
    if (std::regex_search(rest, found, others)) load.sessions = std::stoull(found[1]);
    load.write_percent = percent_in(rest, load.write_percent);
    static const std::regex first(
        "\\b(?:(one|two|three|[0-9]+) )?(?:creates?|writes?) (?:per|each|by each)\\b");
    if (std::regex_search(words, found, first)) load.creates = count_in(found[1]).value_or(1);
}

Load load_of(const Case& one) {
    Load load;
    for (const auto& [key, place, value] : one.initial.members) {
        const std::string words = value.text;
        if (says(key, "worker|threads?$") && !says(key, "client|session")) continue;
        if (says(key, "client|session|thread") && value.is(Value::Kind::number)) {
            load.sessions = number(value, key);
        } else if (says(key, "percent|ratio|fraction|^writes$|^reads$")) {
            const std::uint64_t said = percent_in("write " + words, load.write_percent);
            load.write_percent = says(key, "read") ? 100 - said : said;
        } else if (says(key, "client|session|load|mix|request|operation|queued")) {
            describe(load, words);
        } else {
            throw Refused("initial." + key);
        }
    }
    for (const std::string& step : texts(one.stimulus, "stimulus")) describe(load, step);
    const std::uint64_t sessions = load.readers + load.sessions;
    if (sessions == 0 || sessions > 1'000 || load.write_percent > 100) {
        throw Refused("so many clients, or such a share of writes");
    }
    return load;
}

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
    "increasing|pipeline";

/// "zxid + 1", "zxids of writes increase by 1": no other step is told.
bool steps_by_one(const std::string& words) {
    static const std::regex step(
        "zxids?(?: of (?:the )?(?:writes?|commits?))?(?: (?:increase|grow|rise)s?)?(?: *\\+ ?| by )"
        "([0-9]+)");
    std::smatch found;
    return !std::regex_search(words, found, step) || found[1] == "1";
}

/// "> 0 processed", "10", "at least 1 of both": how many there are; what is behind it is left in
/// `clause`. False: no number is told.
bool check_count(const LoadRun& run, const std::string& key, std::string& clause,
                 Verdict& verdict) {
    static const std::regex count(
        "^(?:(?:both )?(?:reads?|writes?)(?: and (?:reads?|writes?))? )?(?:both "
        ")?(?:([<>]?=|[<>]|at least|at "
        "most|more than|fewer than|less than|exactly) ?)?([0-9]+)"
        "(?: (?:reads?|writes?|updates?|commits?|requests?))?(?: (?:and|of) (?:both|reads|writes))?"
        "(?: (?:are |were |is )?(?:processed|done|made|committed|answered))?(?:,? (?:and )?|$)");
    const std::string words = key + ": " + clause;
    std::smatch found;
    if (!std::regex_search(clause, found, count)) return false;
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
    static const std::regex as_many(
        "(?:as many as |(?:= )?(?:the )?number of )(?:the )?(?:clients|sessions)");
    static const std::regex form(
        "(?:exactly |only |just )?([a-z]+|[0-9]+)(?: reads?| writes?| creates?)? "
        "(?:per|of each|of every|by each|for each) (?:client|session)");
    std::smatch found;
    const bool is_as_many = std::regex_match(clause, as_many);
    if (!is_as_many && !std::regex_match(clause, found, form)) return false;
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

/// One clause of what is expected; `key` says what it is about.
void check_clause_of(const LoadRun& run, const std::string& key, const std::string& told,
                     Verdict& verdict) {
    if (!made_of(std::regex_replace(told, compiled("[>=<+]"), ""), said_of_load)) {
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
    if (says(words, "\\b(any|no|reverse|descend\\w*|out of) order|reversed|descending|may\\b")) {
        throw Refused("expected." + words);
    }
    const bool is_about_reads = says(words, "\\breads?");
    const bool is_about_writes = says(words, "\\b(writes?|updates?)");
    const bool is_by_one = steps_by_one(words);
    const bool has_gaps = says(words, "\\bgaps?\\b") && !is_negated(words);
    static const std::regex step("zxids?.*[0-9]");
    if (contains(clause, "[0-9]") && !std::regex_search(words, step)) {
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
             "with|beside|parallel|concurrent|simultaneous|"
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

}  // namespace

std::optional<Verdict> judge_commit_load(const Case& one) {
    const auto& members = one.initial.members;
    const bool has_load = std::any_of(members.begin(), members.end(), [](const auto& member) {
        return says(member.key, "worker|thread|client|load") ||
               (is_text(member.value) &&
                says(member.value.text,
                     "^(random|mixed)\\b|^[0-9]+ (clients|sessions),.*(%|\\beach\\b|\\bmixed\\b)"));
    });
    if (one.area != "COMMIT" || !has_load) return std::nullopt;
    const LoadRun run(load_of(one));
    Verdict verdict;
    for (const auto& [name, place, value] : one.expected.members) {
        // "processedReads" speaks of reads.
        const std::string key = std::regex_replace(name, compiled("([a-z])([A-Z])"), "$1 $2");
        const bool is_one = value.is(Value::Kind::string) || value.elements.empty();
        const std::vector<std::string> all =
            is_one ? std::vector{value.text} : texts(value, "expected." + key);
        for (const std::string& told : all) {
            const std::string words = without_asides(told);
            const bool is_of_kinds = says(key, "^(processed|progress|kinds|done)$");
            if (is_of_kinds && check_kinds(run, key, words, verdict)) continue;
            for (const std::string& clause :
                 split_at(words, "; *|, (?:or|and) |, (?=(?:no|two|reads?|writes?)\\b)")) {
                check_clause_of(run, key, clause, verdict);
            }
        }
    }
    return verdict;
}

}  // namespace conformance
