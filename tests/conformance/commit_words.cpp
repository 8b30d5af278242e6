#include "tests/conformance/commit.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>

namespace conformance {

// What is queued and what is committed, in words.

namespace {

constexpr std::uint64_t other_session = 1'000'000;
const Regex token(
    "(?:(s[0-9]+(?:\\+s[0-9]+)*):)?([RW])([0-9]+)(?:\\.\\.[RW]?([0-9]+))?"
    "(?:\\((s[0-9]+)\\)| of (s[0-9]+)|@(s[0-9]+))?",
    Regex::icase);

std::uint32_t number_in(const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text, nullptr, 0));
}

std::vector<std::uint64_t> sessions_of(const std::string& names) {
    std::vector<std::uint64_t> all;
    for (const std::string& name : split_at(names, "\\+"))
        all.push_back(std::stoull(name.substr(1)));
    return all;
}

/// The sessions that a token names, if any.
std::vector<std::uint64_t> owners(const Match& found) {
    for (const std::size_t group : {1u, 5u, 6u, 7u}) {
        if (found[group].matched) return sessions_of(found[group]);
    }
    return {};
}

std::uint32_t last_of(const Match& found) {
    return static_cast<std::uint32_t>(std::stoul(found[4].matched ? found[4] : found[3]));
}

bool is_of_others(const std::string& words) {
    return says(words, "\\bnon-?local\\b|\\bforeign\\b|\\bremote\\b|\\bof (other|another) server");
}

/// "a local write + 51 reads": a list.
std::string listed(const std::string& words) {
    static const Regex local("\\b((?:an?|one|[0-9]+) (?:own |non-)?local)(?= \\+ |, | and )");
    // "1 + 50 reads": of two sessions.
    static const Regex sum("\\b([0-9]+) \\+ ([0-9]+) reads\\b(?! (?:of|from|in)\\b)");
    const std::string told =
        regex_replace(words, sum, "$1 reads of another session, $2 reads of another session");
    return regex_replace(regex_replace(told, local, "$1 write"), compiled(" \\+ "), ", ");
}

constexpr const char* endless_words =
    "\\b(never-ending|endless|infinite|unending|inexhaustible)\\b";

}  // namespace

std::string plain_names(const std::string& words) {
    static const std::vector<std::pair<Regex, const char*>> rules = {
        {Regex("\\bsessions? ([0-9]+)\\b(?! *\\.\\.)", Regex::icase), "s$1"},
        {Regex("\\bS([0-9]+)\\b"), "s$1"},
        {Regex("\\b(s[0-9]+): +"), "$1:"},
        {Regex("\\b(s[0-9]+)'s "), "$1:"},
        {Regex("\\b(s[0-9]+) (?=[RW][0-9])"), "$1:"},
        {Regex("([RW][0-9]+) ?(?:-|\\.\\.\\.?| to ) ?([RW]?[0-9]+)"), "$1..$2"},
        {Regex(" *\\(((?:no|without)(?: any)? commits?(?: yet)?)\\)"), ", $1"},
        {Regex("\\b(loops?|runs?): ?(?=no |without )"), "$1, "},
        {Regex("(reads?|writes?) ([0-9]+) ?(?:-|\\.\\.\\.?| to ) ?([0-9]+)"), "$1 $2..$3"},
    };
    std::string plain = words;
    for (const auto& [form, instead] : rules) plain = regex_replace(plain, form, instead);
    return plain;
}

std::vector<std::string> items_of(const std::string& words) {
    static const Regex list("\\b(s[0-9]+)(?:,| and )(?=s[0-9])");
    return split_at(regex_replace(words, list, "$1+"),
                    ",? (?:and )?then |,? followed by |, and |, *| and | & |; *");
}

std::optional<std::size_t> count_of(const std::string& words) {
    static const Regex names("\\b(one|two|three|four|five|six|seven|eight|nine|ten)\\b");
    static const Regex digits("(?:^|[^0-9x.A-Za-z])([0-9]+)(?: [A-Za-z]|$)");
    Match found;
    if (regex_search(words, found, names)) return count_in(found[1]);
    if (regex_search(words, found, digits)) return std::stoul(found[1]);
    return std::nullopt;
}

/// For s = first..last what each has, in order: "s reads, one write, one read".
void CommitPlay::queue_sessions(std::size_t first, std::size_t last, const std::string& each) {
    static const Regex some(
        "(?:(s|an?|its|one|two|three|four|five|[0-9]+) )?(?:further )?(read|write)s?");
    for (std::size_t session = first; session <= last; ++session) {
        std::uint32_t cxid = 0;
        for (const std::string& part : items_of(each)) {
            Match found;
            if (!regex_match(part, found, some)) throw Refused("queued: " + part);
            std::size_t count = found[1] == "s" ? session : count_in(found[1]).value_or(1);
            for (; count > 0; --count) add({session, ++cxid, found[2] == "read", true}, true);
        }
    }
}

/// Several, in order; or "sessions s=1..5: s reads, one write, one read, interleaved by session".
void CommitPlay::queue_all(const std::string& raw) {
    static const Regex growing(
        "(?:for )?(?:each of )?(?:the )?sessions? s ?(?:=|in) ?([0-9]+)\\.\\.([0-9]+) ?:? "
        "(.*?)(?:,? interleaved(?: by session)?)?");
    Match found;
    if (regex_match(raw, found, growing)) {
        queue_sessions(std::stoul(found[1]), std::stoul(found[2]), found[3]);
        return;
    }
    static const Regex of_one(
        "^(?:(?:one|an?|the|same) )?session(?: [a-z])?: |,? (?:all )?(?:of )?(?:one|the same|same) "
        "session$"),
        one("\\bwrite ([0-9]+)\\b"), some("\\breads? ([0-9]+)(?:\\.\\.([0-9]+))?\\b");
    std::string told = regex_replace(plain_names(raw), of_one, "");
    told = regex_replace(regex_replace(told, one, "W$1"), some, "R$1..$2");
    told = regex_replace(told, compiled("(R[0-9]+)\\.\\.(?![0-9R])"), "$1");
    const std::string words = listed(without_asides(told));
    if (plays_) {
        queue(words);
        return;
    }
    current_ = session_;
    for (const std::string& part : items_of(words)) queue(part);
}

/// "10 reads", "a local write", "4 reads of s5", "51 reads of other sessions".
bool CommitPlay::queue_some(const std::string& words) {
    static const Regex some(
        "(?:(?:an?|the|one|two|three|four|five|six|[0-9]+|local|further|more|blocking|uncommitted"
        "|its|own|new|that|this|same) )*(reads?|writes?|updates?|R|W)"
        "(?: (?:requests?))?(?: (?:of|from|in) (?:(?:an?|the|that|its) )?(?:(s[0-9]+)"
        "|(same|that|own|one|single) session|session|(other sessions)|(?:an)?(other session)))?(?: "
        "local)?");
    Match found;
    if (!regex_match(words, found, some)) return false;
    const bool is_read = std::tolower(found[1].str()[0]) == 'r';
    if (found[2].matched) current_ = sessions_of(found[2]).front();
    if (found[4].matched || found[5].matched) ++stranger_;
    for (std::size_t i = count_of(words).value_or(1); i > 0; --i) {
        std::uint64_t session = current_;
        if (found[5].matched) session = stranger_;
        if (found[4].matched) session = stranger_ + i % 2;
        add({session, next_cxid_, is_read, true}, true);
    }
    if (found[4].matched) ++stranger_;
    return true;
}

/// "s1+s2:R2..R5", "W(cxid 0x100)", "W6 of s2".
bool CommitPlay::queue_named(const std::string& words) {
    static const Regex by_cxid(
        "(?:(s[0-9]+):)?(?:an? |the |one )?([RW]|read|write)(?:\\(cxid |,? with cxid | cxid | "
        "(?=0x))"
        "(0x[0-9A-Fa-f]+|[0-9]+)\\)?");
    Match found;
    if (regex_match(words, found, by_cxid)) {
        if (found[1].matched) current_ = sessions_of(found[1]).front();
        add({current_, number_in(found[3]), std::tolower(found[2].str()[0]) == 'r', true}, true);
        return true;
    }
    if (!regex_match(words, found, token)) return false;
    auto sessions = owners(found);
    if (sessions.empty()) sessions = {current_};
    current_ = sessions.front();
    for (std::uint32_t cxid = number_in(found[3]); cxid <= last_of(found); ++cxid) {
        for (const std::uint64_t session : sessions) {
            add({session, cxid, std::toupper(found[2].str()[0]) == 'R', true}, true);
        }
    }
    return true;
}

void CommitPlay::queue(const std::string& words) {
    static const Regex same(
        " of (?:(?:the|that) same|its|one|an? single) session$|"
        "^(?:(?:an?|the|one|local) )*(?:writes? (?=W)|reads? (?=R))");
    static const Regex prefix("(s[0-9]+):(.*)");
    const std::string bare = regex_replace(words, same, "");
    Match found;
    if (says(words, endless_words)) {
        if (!says(words, "\\breads?\\b")) throw Refused("queued: " + words);
        refilled_ = 42;
        return;
    }
    if (queue_named(bare) || queue_some(words)) return;
    if (regex_match(bare, found, prefix)) {
        current_ = sessions_of(found[1]).front();
        if (queue_some(found[2])) return;
    }
    throw Refused("queued: " + words);
}

void CommitPlay::commit_one(std::uint64_t session, std::uint32_t cxid) {
    if (plays_ && loops_before_commit_ == 0) loops_before_commit_ = processed_.size();
    if (find(session, cxid, false) == items_.size()) add({session, cxid, false, false}, false);
    committed_.push_back(find(session, cxid, false));
    processor_.commit(zab::Txn{{}, {session}, cxid});
}

void CommitPlay::commit_others(std::size_t count) {
    for (; count > 0; --count) commit_one(other_session, next_cxid_);
}

/// The writes of clients of this server that are not yet committed, in order.
std::vector<std::size_t> CommitPlay::own_waiting() const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const bool is_committed =
            std::find(committed_.begin(), committed_.end(), i) != committed_.end();
        if (!items_[i].is_read && items_[i].is_local && !is_committed) all.push_back(i);
    }
    return all;
}

/// "the local write", "two writes", "all of them", "its write".
void CommitPlay::commit_own(const std::string& words, std::optional<std::uint64_t> session) {
    auto waiting = own_waiting();
    std::erase_if(waiting, [&](std::size_t i) {
        return items_[i].session != session.value_or(items_[i].session);
    });
    std::size_t count =
        count_of(words).value_or(says(words, "\\b(all|every|both)\\b") ? waiting.size() : 1);
    const bool is_strange = session && std::none_of(items_.begin(), items_.end(), [&](auto& item) {
                                return item.session == *session && item.is_local;
                            });
    if (is_strange && count > 0) {  // "99 writes of s8": of a client of another server.
        for (; count > 0; --count) commit_one(*session, next_cxid_);
        return;
    }
    if (waiting.size() < std::max<std::size_t>(count, 1)) {
        throw Refused("a commit, but no write waits for one");
    }
    for (const std::size_t item : waiting) {
        if (count-- == 0) return;
        commit_one(items_[item].session, items_[item].cxid);
    }
}

/// "W1(s1)", "s0:W1", "s8:W3..W101", "of same session cxid 0xFE", "0x100".
bool CommitPlay::commit_named(const std::string& words) {
    static const Regex by_cxid("\\b(?:cxid )?(0x[0-9A-Fa-f]+)|\\bcxid ([0-9]+)");
    Match found;
    if (regex_search(words, found, by_cxid)) {
        commit_one(session_, number_in(found[found[1].matched ? 1 : 2]));
        return true;
    }
    if (!regex_search(words, found, token)) return false;
    if (std::toupper(found[2].str()[0]) != 'W') throw Refused("a commit: " + words);
    const auto named_sessions = owners(found);
    for (std::uint32_t cxid = number_in(found[3]); cxid <= last_of(found); ++cxid) {
        std::uint64_t session = is_of_others(words) ? other_session : session_;
        for (const Item& item : items_) {
            if (!item.is_read && item.cxid == cxid) session = item.session;
        }
        if (!named_sessions.empty()) session = named_sessions.front();
        commit_one(session, cxid);
    }
    return true;
}

void CommitPlay::commit_all(const std::string& words) {
    // "99 more of s8" are writes, as all that is committed.
    static const Regex more("\\b([0-9]+) (?:more|others|further)(?: ones)? of (?=s[0-9])");
    const std::string told = regex_replace(listed(plain_names(words)), more, "$1 writes of ");
    static const Regex unnamed("^(?:and )?([0-9]+) (?:more|others|further)(?: ones)?$");
    for (const std::string& part : items_of(told)) {
        commit(regex_replace(part, unnamed, "$1 non-local writes"));
    }
}

void CommitPlay::commit(const std::string& words) {
    static const Regex own(
        "(?:(?:of|for|an?|its|the|that|same|one|two|three|four|five|[0-9]+|local|first|second|next"
        "|queued|pending|blocked|blocking|waiting|this|all|both|every|commits?|session'?s?|own) )*"
        "(?:W|writes?|updates?|commits?|them|it)(?:'s commit)?"
        "(?: (?:of |for )?(?:the |that |its )?(?:local|queued|same session|waiting))*"
        "(?: commit)?(?: (?:is |are )?(?:committed|arrives?|comes?))?",
        Regex::icase);
    static const Regex owner("\\b(s[0-9]+):| of (s[0-9]+)\\b");
    Match found;
    std::optional<std::uint64_t> session;
    if (regex_search(words, found, owner)) {
        session = sessions_of(found[found[1].matched ? 1 : 2]).front();
    }
    if (says(words, endless_words)) {
        // Those of clients of this server would end with the requests of its clients.
        const bool is_own = says(words, "\\blocal\\b") && !is_of_others(words);
        if (is_own || !says(words, "\\b(writes?|commits?|updates?)\\b")) {
            throw Refused("a commit: " + words);
        }
        refilled_commits_ = 42;
    } else if (commit_named(words)) {
        return;
    } else if (is_of_others(words) || says(words, "\\bother (sessions?|servers?|writes?)\\b")) {
        if (!says(words, "\\b(writes?|commits?|updates?|requests?)\\b|[0-9]+ non-?local$")) {
            throw Refused("a commit: " + words);
        }
        commit_others(count_of(words).value_or(1));
    } else if (regex_match(regex_replace(words, owner, ""), own)) {
        commit_own(words, session);
    } else {
        throw Refused("a commit: " + words);
    }
}

}  // namespace conformance
