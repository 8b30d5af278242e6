#include "tests/conformance/commit.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Which requests an expectation means.

bool CommitPlay::denies(const std::string& words) {
    return says(words,
                "\\b(stay(s|ed)?|remain(s|ed)?|not|no|none|neither|nor|without|pending|wait(s|ing)?"
                "|unprocessed|uncommitted|left|held|blocked|unanswered|outstanding)\\b");
}

std::size_t CommitPlay::commit_at(std::size_t number) const {
    if (number >= committed_.size()) throw Refused("there are not so many commits");
    return committed_[number];
}

/// Nothing of its session that needs a commit is before it.
bool CommitPlay::is_leading(std::size_t item) const {
    return std::none_of(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(item),
                        [&](const Item& before) {
                            return before.session == items_[item].session && !before.is_read;
                        });
}

/// "first write", "second commit", "last read": the one in this place, of the order in which
/// writes were committed or reads were queued.
std::optional<std::size_t> CommitPlay::by_place(const std::string& words, char kind) const {
    static const Regex place(
        "\\b(first|second|third|fourth|last)\\b(?! (?:[0-9]+|two|three|four|five|few)\\b)");
    Match found;
    // "W1 first" tells an order.
    if (kind == ' ' || !regex_search(words, found, place) || says(words, "\\b(first|last)$")) {
        return std::nullopt;
    }
    std::vector<std::size_t> all;
    if (kind == 'r') {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].is_read) all.push_back(i);
        }
    } else {
        for (const std::size_t i : committed_) {
            if (fits(i, words, kind)) all.push_back(i);
        }
    }
    const std::size_t number = found[1] == "last" ? all.size() : *count_in(found[1]);
    if (number == 0 || number > all.size()) throw Refused("there is no \"" + words + "\"");
    return all[number - 1];
}

/// The one that was committed first of those that no loop before this one has done.
std::size_t CommitPlay::next_commit(std::size_t loop) const {
    for (const std::size_t item : committed_) {
        if (loop_of(item, loop - 1) == 0) return item;
    }
    throw Refused("nothing more is committed");
}

/// Whether an item is of the kind, the session and the side that the words say.
bool CommitPlay::fits(std::size_t i, const std::string& words, char kind) const {
    const Item& item = items_[i];
    static const Regex session("\\bs([0-9]+)\\b");
    Match found;
    if (kind == 'r' && !item.is_read) return false;
    if ((kind == 'w' || kind == 'c' || kind == 'u') && item.is_read) return false;
    if (says(words, "\\bleading\\b") && !is_leading(i)) return false;
    if (says(words, "\\b(behind|following|after|followers?|its|their)\\b") && is_leading(i)) {
        return false;
    }
    if (says(words, "\\bother sessions?\\b") && item.session == items_.front().session)
        return false;
    if (says(words, "\\bsame session\\b") && item.session != items_.front().session) return false;
    const bool is_said = regex_search(words, found, session);
    if (is_said && item.session != std::stoull(found[1])) return false;
    if (says(words, "\\bnon-?local\\b")) return !item.is_local;
    return item.is_local || !says(words, "\\b(local|own)\\b");
}

/// "all leading reads", "every write", "the read behind it", "all local requests", "10 writes".
std::vector<std::size_t> CommitPlay::several(const std::string& words, std::size_t loop) const {
    static const Regex kinds("\\b(reads?|writes?|commits?|updates?)\\b");
    static const Regex any(
        "\\b(requests?|local|pending|all|everything|every|rest|others?|remaining|both|queued)\\b");
    Match found;
    const bool has_kind = regex_search(words, found, kinds);
    const bool is_counted = count_of(words).has_value() && says(words, "\\bs[0-9]+\\b");
    if (!has_kind && !is_counted && !regex_search(words, any)) {
        throw Refused("which are \"" + words + "\"?");
    }
    static const Regex two_kinds(
        "\\breads?\\b(?! "
        "(?:behind|after|following|before|blocked))[^,;]*\\b(?:writes?|commits?)\\b|"
        "\\bwrites?\\b[^,;]*\\breads?\\b(?! (?:before|after|behind))");
    if (regex_search(words, two_kinds)) throw Refused("of two kinds: " + words);
    const char kind = has_kind ? found[1].str()[0] : ' ';
    if (const auto one = by_place(words, kind)) return {*one};
    if (kind == 'w' && says(words, "^(the )?next (write|commit)$")) return {next_commit(loop)};
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (fits(i, words, kind)) all.push_back(i);
    }
    const auto count = count_of(words);
    const bool is_rest =
        says(words, "\\b(remaining|others?|rest)\\b") && !says(words, "\\bother sessions?\\b");
    if (is_rest && !count && !denies(words)) throw Refused("the others, but which? " + words);
    if (is_rest || (count.has_value() && !says(words, "\\ball\\b"))) {
        const bool is_done = !denies(words);
        std::erase_if(all, [&](std::size_t i) {
            const std::size_t when = loop_of(i, loop);
            return is_done && counts_all_ ? when == 0 : when != (is_done ? loop : 0);
        });
    }
    if (count.has_value() && all.size() != *count) {
        throw Refused(fmt::format("{}, but there are {}", words, all.size()));
    }
    return all;
}

/// Those of a kind whose cxids are in a range, of the session in the words or of any.
std::vector<std::size_t> CommitPlay::by_number(const std::string& words, std::uint32_t first,
                                               std::uint32_t last, char kind) const {
    static const Regex owner("\\b(s[0-9]+)\\b");
    Match found;
    std::optional<std::uint64_t> session;
    if (regex_search(words, found, owner)) session = std::stoull(found.str(1).substr(1));
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.is_read == (kind == 'r') && item.cxid >= first && item.cxid <= last &&
            item.session == session.value_or(item.session)) {
            all.push_back(i);
        }
    }
    if (all.empty()) throw Refused("nothing is called " + words);
    for (std::uint32_t cxid = first; cxid <= last; ++cxid) {
        const bool is_known = std::any_of(all.begin(), all.end(),
                                          [&](std::size_t i) { return items_[i].cxid == cxid; });
        if (!is_known) throw Refused(fmt::format("there is no {} of {}", cxid, words));
    }
    return all;
}

/// Where the words name a range: what is of its kind and its sessions, and next to it.
std::vector<std::size_t> CommitPlay::next_to(const std::string& raw, std::size_t loop) const {
    const std::string words = plain_names(raw);
    if (!says(words, "[0-9]\\.\\.[RW]?[0-9]")) return {};
    const std::vector<std::size_t> range = named(raw, loop);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const bool is_next = std::any_of(range.begin(), range.end(), [&](std::size_t one) {
            const Item &in = items_[one], &other = items_[i];
            return in.session == other.session && in.is_read == other.is_read &&
                   (in.cxid + 1 == other.cxid || other.cxid + 1 == in.cxid);
        });
        if (is_next && std::find(range.begin(), range.end(), i) == range.end()) all.push_back(i);
    }
    return all;
}

std::vector<std::size_t> CommitPlay::named(const std::string& raw, std::size_t loop) const {
    static const Regex one("(?:^|[^A-Za-z])([RW])([0-9]+)(?:\\.\\.[RW]?([0-9]+))?", Regex::icase);
    static const Regex range("(read|write)s? ([0-9]+)\\.\\.([0-9]+)");
    static const Regex hex("0x[0-9A-Fa-f]+");
    static const Regex bare_write("\\b(?:the )?W\\b(?!\\()");
    const std::string words = regex_replace(plain_names(raw), bare_write, "write");
    Match found;
    const auto to_number = [](const std::string& text) {
        return static_cast<std::uint32_t>(std::stoul(text, nullptr, 0));
    };
    if (regex_search(words, found, hex)) {
        const std::uint32_t cxid = to_number(found[0]);
        return by_number(words, cxid, cxid, says(words, "\\bread\\b|\\bR\\b") ? 'r' : 'w');
    }
    if (regex_search(words, found, range)) {
        return by_number(words, to_number(found[2]), to_number(found[3]), found[1].str()[0]);
    }
    if (regex_search(words, found, one)) {
        const std::string behind = found.suffix();
        if (regex_search(behind, one)) throw Refused("two names: " + words);
        const std::uint32_t first = to_number(found[2]);
        const auto kind = static_cast<char>(std::tolower(found[1].str()[0]));
        return by_number(words, first, found[3].matched ? to_number(found[3]) : first, kind);
    }
    return several(words, loop);
}

}  // namespace conformance
