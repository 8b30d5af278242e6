#include "tests/conformance/commit.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

namespace conformance {

// The first of the commits, which a case may tell apart from those behind it: "101 writes, the
// first is local", "1 local write (head of queue)".

namespace {

constexpr const char* queue_place =
    "(?:(?:at )?(?:the )?(?:head|front) of (?:the |its )?queue|(?:first )?queued(?: first)?)";

/// "W1 (local, head of queue)": without what the remark says of its place; whether it does.
std::string without_place(const std::string& words, bool& is_head) {
    static const Regex remark(std::string(" \\((?:(local|own)(?:, ?|; ?| and )(?:at )?)?") +
                              queue_place + "\\)");
    is_head = is_head || regex_search(words, remark);
    static const Regex own(std::string(" \\((local|own)(?:, ?|; ?| and )(?:at )?") + queue_place +
                           "\\)");
    return regex_replace(regex_replace(words, own, " ($1)"), remark, "");
}

/// "101 writes, first one local", "100 non-local writes behind one local": the first by itself.
std::string with_first_alone(const std::string& words, bool is_first_queued, bool& is_head) {
    static const Regex of_all(
        std::string("([0-9]+) (?:writes|commits|updates), (?:the )?first"
                    "(?: (?:one|write|of (?:them|which|these)))?(?: is| being)?(?: an?)? "
                    "(?:local|own)(?: one)?(?: and (") +
        queue_place + "))?");
    static const Regex behind(
        "([0-9]+) non-?local (?:writes|commits|updates) (?:behind|after|following) "
        "(?:one|an?|the|1) (?:local|own)(?: write| one)?");
    static const Regex all("([0-9]+) (non-?local )?(?:writes|commits|updates)");
    Match found;
    bool is_among = false;  // The first is one of as many as are told.
    if (regex_match(words, found, of_all)) {
        is_head = is_head || found[2].matched;
        is_among = true;
    } else if (is_first_queued && regex_match(words, found, all)) {
        is_among = !found[2].matched;
    } else if (!regex_match(words, found, behind)) {
        return words;
    }
    const std::size_t told = std::stoul(found[1]);
    if (is_among && told == 0) throw Refused("the first of none: " + words);
    return fmt::format("1 local write, {} non-local writes", told - (is_among ? 1 : 0));
}

}  // namespace

/// What is committed, in the words that `commit` knows. Where only that tells of a local write, it
/// is queued here: before all else, and in a session of its own.
std::vector<std::string> CommitPlay::commits_told(const Value& committed,
                                                  const std::vector<std::string>& queued) {
    static const Regex mark(" ?\\((?:the )?(?:first committed|committed first)\\)");
    static const Regex local("(?:(?:an?|one|1|the|own|local) )*(?:local|own) write(?:s)?");
    static const Regex named("(?:(s[0-9]+):)?W([0-9]+)( \\((?:local|own)\\))?", Regex::icase);
    bool is_first_queued = false, has_write = false;
    for (const std::string& words : queued) {
        is_first_queued = is_first_queued || regex_search(words, mark);
        has_write = has_write || says(words, "\\b(writes?|updates?|sets?|W|W[0-9]\\w*)\\b");
    }
    std::vector<std::string> all;
    for (const std::string& words : texts(committed, "committed")) {
        const bool is_first = is_first_queued && all.empty();
        all.push_back(
            with_first_alone(without_place(words, is_head_told_), is_first, is_head_told_));
    }
    if (all.empty() || has_write) return all;
    const auto parts = split_at(plain_names(all.front()), ",? (?:and )?then |, *| and | \\+ ");
    const std::string first = parts.empty() ? "" : parts.front();
    Match found;
    if (regex_match(first, local)) {
        add({++stranger_, next_cxid_, false, true}, true);
    } else if (regex_match(first, found, named) && (found[3].matched || is_head_told_)) {
        const std::uint64_t session =
            found[1].matched ? std::stoull(found[1].str().substr(1)) : ++stranger_;
        add({session, static_cast<std::uint32_t>(std::stoul(found[2])), false, true}, true);
    }
    return all;
}

/// What is said to be at the head of the queue must be there.
void CommitPlay::check_head() const {
    if (!is_head_told_) return;
    const bool is_so = !committed_.empty() && committed_.front() == 0 && items_.front().is_local;
    if (!is_so) throw Refused("initial.committed: what is at the head of the queue?");
}

}  // namespace conformance
