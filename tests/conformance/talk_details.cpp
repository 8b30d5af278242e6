#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

namespace conformance {

// What the script says of a packet behind its name.

namespace {

/// Takes the first match out of the words.
bool take(std::string& words, Match& found, const Regex& pattern) {
    static std::string matched;
    matched = words;
    if (!regex_search(matched, found, pattern)) return false;
    words = found.prefix().str() + " " + found.suffix().str();
    return true;
}

std::uint32_t to_number(const std::string& digits) {
    return static_cast<std::uint32_t>(std::stoul(digits));
}

}  // namespace

/// "epoch 0 zxid <1,2> from sid 1", "s = <1,2> (createSession)", "of p"; nothing when a word is
/// left that has no meaning here.
std::optional<Talk::Details> Talk::details_of(std::string words) {
    static const Regex session("[Ss]ession");
    static const Regex sender(
        "(?:from |of |by |to )?(?:sid|follower|server|learner) ?=? ?([0-9]+)");
    static const Regex epoch("(?:(?:accepted|current)(?: ?[Ee]poch)?|[Ee]poch) ?[=:]? ?([0-9]+)");
    static const Regex named("\\b([a-z][a-z0-9]*) ?= ?(?=[<\\[(])");
    static const Regex pair("[<\\[(] ?([0-9]+) ?, ?([0-9]+) ?[>\\])]");
    static const Regex hex("0x([0-9a-fA-F]+)");
    static const Regex plain_number("\\b([0-9]+)\\b");
    static const Regex filler(
        "\\b(?:zxid|of|for|with|and|at|an?|the|new|txn|transaction|proposal|follower|leader|create|"
        "set|setData|createSession|session|data[0-9]*|packets?|to|it|tree|last)\\b|/[a-z]\\w*|"
        "[,=:.+]|\\([^)]*\\)");
    static const Regex name("^\\s*([a-z][0-9]?)?\\s*$");
    Match found;
    Details details;
    details.opens_session = regex_search(words, session);
    if (take(words, found, sender)) details.sid = server_id(to_number(found[1]));
    if (take(words, found, named)) details.name = found[1];
    if (take(words, found, pair)) {
        details.zxid = zab::Zxid::of({to_number(found[1])}, to_number(found[2]));
    }
    // "(accepted epoch 0)" says the same as the zxid.
    static const Regex explained("\\((?:accepted |current )?[eE]poch ([0-9]+)\\)");
    if (regex_search(words, found, explained)) details.epoch = zab::Epoch{to_number(found[1])};
    words = without_remarks(words);
    if (take(words, found, epoch)) details.epoch = zab::Epoch{to_number(found[1])};
    if (!details.zxid && take(words, found, hex)) {
        details.zxid = zab::Zxid{std::stoull(found[1], nullptr, 16)};
    }
    if (!details.zxid && take(words, found, plain_number)) {
        details.zxid = zab::Zxid{std::stoull(found[1])};
    }
    words = regex_replace(words, filler, " ");
    if (!regex_match(words, found, name)) return std::nullopt;
    if (found[1].matched) details.name = found[1];
    return details;
}

/// A zxid written out, or one of a name that stands for the next proposal of the epoch.
zab::Zxid Talk::zxid_of(const Details& details, const std::string& packet) {
    if (details.zxid && !details.name.empty()) names_[details.name] = *details.zxid;
    if (details.zxid) return *details.zxid;
    if (details.name.empty() && packet != "PROPOSAL" && !spoken_of_.empty()) {
        return spoken_of_.back();  // "COMMIT": of the proposal before it.
    }
    if (!details.name.empty() && packet == "COMMIT" && !names_.contains(details.name)) {
        throw Refused("COMMIT of what? " + details.name);
    }
    const std::size_t before =
        names_.size() + (sync_point_.epoch() == epoch_ ? sync_point_.counter() : 0);
    const auto counter = static_cast<std::uint32_t>(before + 1);
    const std::string name = details.name.empty() ? fmt::format("#{}", counter) : details.name;
    return names_.try_emplace(name, zab::Zxid::of(epoch_, counter)).first->second;
}

}  // namespace conformance
