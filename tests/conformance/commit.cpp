#include "tests/conformance/commit.hpp"

#include <algorithm>
#include <regex>

namespace conformance {

namespace {

constexpr std::uint64_t other_session = 1'000'000;
const std::regex token(
    "(?:(s[0-9]+(?:\\+s[0-9]+)*):)?([RW])([0-9]+)(?:\\.\\.[RW]?([0-9]+))?"
    "(?:\\((s[0-9]+)\\))?",
    std::regex::icase);

/// The parts of "s1,s2:R2..R5, then W6(s1),W6(s2) and 10 reads": the first is "s1+s2:R2..R5".
std::vector<std::string> items_of(const std::string& words) {
    static const std::regex list("\\b(s[0-9]+),(?=s[0-9])");
    return split_at(std::regex_replace(words, list, "$1+"), ",? then |, and |, *| then | and |; *");
}

std::uint32_t cxid_of(const std::string& hex) {
    return static_cast<std::uint32_t>(std::stoul(hex, nullptr, 16));
}

std::vector<std::uint64_t> sessions_of(const std::string& names) {
    std::vector<std::uint64_t> all;
    for (const std::string& name : split_at(names, "\\+"))
        all.push_back(std::stoul(name.substr(1)));
    return all;
}

std::uint32_t last_of(const std::smatch& found) {
    return static_cast<std::uint32_t>(std::stoul(found[4].matched ? found[4] : found[3]));
}

}  // namespace

std::optional<std::size_t> count_of(const std::string& words) {
    static const std::vector<std::string> names = {"one", "two", "three", "four", "five", "six"};
    static const std::regex digits("(?:^|[^0-9x.A-Za-z])([0-9]+) [A-Za-z]");
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::regex_search(words, std::regex("\\b" + names[i] + "\\b"))) return i + 1;
    }
    std::smatch found;
    if (std::regex_search(words, found, digits)) return std::stoul(found[1]);
    return std::nullopt;
}

CommitPlay::CommitPlay(const Value& initial) {
    zab::CommitLimits limits;
    if (const Value* session = initial.find("session")) {
        session_ = cxid_of(session->text);
    }
    if (const Value* queued = initial.find("queued")) {
        for (const std::string& words : texts(*queued, "queued")) queue_all(words);
    }
    for (const auto& [key, place, value] : initial.members) {
        if (key == "committed") {
            for (const std::string& words : texts(value, key)) {
                for (const std::string& part : items_of(words)) commit(part);
            }
        } else if (key.starts_with("maxCommitBatch")) {
            limits.commits = static_cast<std::uint32_t>(number(value, key));
        } else if (key.starts_with("maxReadBatch")) {
            limits.reads.reset();
            if (value.text != "-1") limits.reads = static_cast<std::uint32_t>(number(value, key));
        } else if (key != "queued" && key != "session") {
            throw Refused("initial." + key);
        }
    }
    processor_.start(true, limits);
}

void CommitPlay::add(Item item, bool is_queued) {
    items_.push_back(item);
    next_cxid_ = std::max(next_cxid_, item.cxid + 1);
    if (!is_queued) return;
    const auto operation = item.is_read ? zab::Operation::get : zab::Operation::set;
    processor_.submit({{item.session}, item.cxid, 0, 0, 0, operation});
}

/// For s = 1..n: s reads, a write, a read.
void CommitPlay::queue_sessions(std::size_t first, std::size_t last) {
    for (std::size_t session = first; session <= last; ++session) {
        const auto write = static_cast<std::uint32_t>(session + 1);
        for (std::uint32_t cxid = 1; cxid <= write + 1; ++cxid) {
            add({session, cxid, cxid != write, true}, true);
        }
    }
}

/// Several, in order; or "sessions s=1..5: s reads, one write, one read, interleaved by session".
void CommitPlay::queue_all(const std::string& words) {
    static const std::regex growing(
        "sessions s=([0-9]+)\\.\\.([0-9]+): s reads, one write, one "
        "read.*");
    std::smatch found;
    if (std::regex_match(words, found, growing)) {
        queue_sessions(std::stoul(found[1]), std::stoul(found[2]));
        return;
    }
    for (const std::string& part : items_of(words)) queue(part);
}

/// "s1,s2:R2..R5", "W(cxid 0x100)", "10 reads", "a local write", "4 reads of s5", "never-ending
/// reads".
void CommitPlay::queue(const std::string& words) {
    static const std::regex by_cxid("(?:s[0-9]+:)?([RW])\\(cxid (0x[0-9A-Fa-f]+)\\)");
    static const std::regex same(" of (?:the|that) same session");
    static const std::regex endless("(?:never-ending|endless|infinite) (?:stream of )?reads?");
    static const std::regex some(
        "(?:(?:an?|the|one|two|three|four|five|six|[0-9]+|local|further|more) "
        ")*(reads?|writes?|R|W)"
        "(?: of (?:(s[0-9]+)|(?:the|that) same session|that session))?(?: local)?");
    std::smatch found;
    if (std::regex_match(words, endless)) {
        refilled_ = 42;
    } else if (std::regex_match(words, found, by_cxid)) {
        add({session_, cxid_of(found[2]), found[1] == "R", true}, true);
    } else if (std::regex_match(words, found, some)) {
        const std::uint64_t session = found[2].matched ? sessions_of(found[2]).front() : session_;
        const bool is_read = std::tolower(found[1].str()[0]) == 'r';
        for (std::size_t i = count_of(words).value_or(1); i > 0; --i) {
            add({session, next_cxid_, is_read, true}, true);
        }
    } else if (const std::string bare = std::regex_replace(words, same, "");
               std::regex_match(bare, found, token)) {
        const auto sessions =
            found[1].matched ? sessions_of(found[1]) : std::vector<std::uint64_t>{session_};
        for (auto cxid = static_cast<std::uint32_t>(std::stoul(found[3])); cxid <= last_of(found);
             ++cxid) {
            for (const std::uint64_t session : sessions) {
                add({session, cxid, std::toupper(found[2].str()[0]) == 'R', true}, true);
            }
        }
    } else {
        throw Refused("queued: " + words);
    }
}

std::size_t CommitPlay::find(std::uint64_t session, std::uint32_t cxid, bool is_read) const {
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.session == session && item.cxid == cxid && item.is_read == is_read) return i;
    }
    return items_.size();
}

void CommitPlay::commit_others(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const Item other{other_session, next_cxid_, false, false};
        add(other, false);
        committed_.push_back(items_.size() - 1);
        processor_.commit(zab::Txn{{}, {other.session}, other.cxid});
    }
}

/// The earliest write of a client of this server that is not yet committed.
std::size_t CommitPlay::next_own() const {
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const bool is_committed =
            std::find(committed_.begin(), committed_.end(), i) != committed_.end();
        if (!items_[i].is_read && items_[i].is_local && !is_committed) return i;
    }
    throw Refused("a commit, but no write waits for one");
}

/// "W1(s1)", "S0:W1", "s8:W3..W101", "of same session cxid 0xFE", "0x100", "the local write",
/// "10 non-local writes".
void CommitPlay::commit(const std::string& words) {
    static const std::regex hex("0x[0-9A-Fa-f]+");
    static const std::regex own(
        "(?:(?:of|an?|its|the|that|same|one|local|first|second|next|queued) "
        ")*(?:W|write|commit)(?: local)?");
    std::smatch found;
    std::uint64_t session = session_;
    std::uint32_t cxid = 0;
    std::uint32_t last = 0;
    if (words.find("non-local") != std::string::npos || words.find("other") != std::string::npos) {
        commit_others(count_of(words).value_or(1));
        return;
    }
    if (std::regex_match(words, own)) {
        const Item& item = items_[next_own()];
        session = item.session;
        cxid = last = item.cxid;
    } else if (std::regex_search(words, found, hex)) {
        cxid = last = cxid_of(found[0]);
    } else if (std::regex_search(words, found, token)) {
        cxid = static_cast<std::uint32_t>(std::stoul(found[3]));
        last = last_of(found);
        if (found[1].matched || found[5].matched) {
            session = sessions_of(found[found[1].matched ? 1 : 5]).front();
        } else {
            for (const Item& item : items_) {
                if (!item.is_read && item.cxid == cxid) session = item.session;
            }
        }
    } else {
        throw Refused("a commit: " + words);
    }
    for (; cxid <= last; ++cxid) {
        if (find(session, cxid, false) == items_.size()) add({session, cxid, false, false}, false);
        committed_.push_back(find(session, cxid, false));
        processor_.commit(zab::Txn{{}, {session}, cxid});
    }
}

void CommitPlay::loop() {
    while (processor_.queued() < refilled_) {
        add({next_cxid_ % 50 + 1, next_cxid_, true, true}, true);
    }
    std::vector<std::size_t>& done = processed_.emplace_back();
    do {
        const auto step = processor_.take_next();
        if (step.turn == zab::CommitProcessor::Turn::commit) {
            const auto& txn = std::get<zab::Txn>(*step.committed);
            done.push_back(find(txn.session.value, txn.cxid, false));
        } else if (step.turn == zab::CommitProcessor::Turn::pass) {
            done.push_back(find(step.request->session.value, step.request->cxid, true));
        }
        while (const zab::Request* read = processor_.take_released()) {
            done.push_back(find(read->session.value, read->cxid, true));
        }
    } while (!processor_.is_between_loops());
    left_.push_back(
        {processor_.queued(), processor_.sessions_waiting(), processor_.commits_waiting()});
}

void CommitPlay::play(const std::string& step) {
    static const std::regex loops(
        "(?:run )?(?:(?:a|the|first|next|another|more|further|main|again,?) )*"
        "(?:([a-z]+|[0-9]+) )?(?:more |further )?(?:loops?|iterations?|run)"
        "(?: once| again| (twice))?(?:,? (?:without|with no|no) (?:any )?commits?)?");
    std::smatch found;
    bool adds = false;
    for (std::string clause : split_at(step, "; *")) {
        if (std::regex_match(clause, found, loops)) {
            std::size_t count = found[2].matched ? 2 : count_of(clause).value_or(1);
            if (clause.find("no commit") != std::string::npos && !found[1].matched) count = 1;
            for (; count > 0; --count) loop();
            continue;
        }
        adds = clause.starts_with("add ") || clause.starts_with("queue ");
        for (const std::string& part : items_of(clause)) {
            static const std::regex its_commit(" *(\\+|with|and) its commit");
            std::smatch its;
            const bool has_its = std::regex_search(part, its, its_commit);
            const bool commits =
                part.starts_with("commit") || (!adds && part.find(':') == std::string::npos);
            const std::string what =
                std::regex_replace(has_its ? its.prefix().str() : part,
                                   std::regex("^(add|queue|commits?( of)?(?= )|then) +"), "");
            commits ? commit(what) : queue_all(what);
            if (has_its) commit(what);
        }
    }
}

}  // namespace conformance
