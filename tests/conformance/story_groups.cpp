#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// Servers that are named by how many there are, or by who is not meant.

using zab::NodeId;

/// "two followers" of four: whichever; "the other four" of five.
std::optional<std::vector<NodeId>> Story::counted_followers(const std::string& told) {
    static const Regex counted("(two|three) (?:of (?:the )?)?(?:followers|servers|nodes)");
    static const Regex others("(?:the )?(?:(?:other|remaining) )?(two|three|four)");
    Match found;
    auto all = cluster_->members();
    if (regex_match(told, found, others) && all.size() == *count_named(found[1]) + 1) {
        std::erase(all, server(names_.contains("old leader") ? "old leader" : "leader"));
        return all;
    }
    if (!regex_match(told, found, counted)) return std::nullopt;
    const std::size_t count = *count_named(found[1]);
    if (all.size() <= count + 1) return std::nullopt;
    std::erase(all, server("leader"));
    all.resize(count);
    return all;
}

/// "all but L", "everybody except A and B".
std::optional<std::vector<NodeId>> Story::all_but(const std::string& told) {
    static const Regex but(
        "(?:all|everybody|everyone|every (?:server|node))(?: servers| nodes)? "
        "(?:but|except|without) (.*)");
    Match found;
    if (!regex_match(told, found, but)) return std::nullopt;
    std::vector<NodeId> all = cluster_->members();
    for (const NodeId node : named(found[1])) std::erase(all, node);
    return all;
}

std::vector<NodeId> Story::without_left_out() const {
    std::vector<NodeId> all = cluster_->members();
    const auto old = names_.find("old leader");
    const auto& [step, who] = started_at_;
    const bool are_others_up = std::all_of(all.begin(), all.end(), [&](NodeId node) {
        return (old != names_.end() && node == old->second) || cluster_->is_up(node);
    });
    const bool is_left_out = old != names_.end() && !cluster_->is_up(old->second) &&
                             step + 1 == steps_.size() &&
                             (are_others_up || who.size() + 1 == all.size());
    if (is_left_out) std::erase(all, old->second);
    return all;
}

/// "started": 2, of three: the last ones are not.
std::vector<NodeId> Story::started_but(std::size_t count) const {
    std::vector<NodeId> later = cluster_->members();
    if (count == 0 || count >= later.size()) throw Refused("initial.started");
    later.erase(later.begin(), later.begin() + static_cast<std::ptrdiff_t>(count));
    return later;
}

/// "third", "the third server", "both": of those who run, or the one that never did.
std::optional<std::vector<NodeId>> Story::by_start(const std::string& told) const {
    static const Regex form(
        "(?:the )?(?:(third|fourth|fifth|last|missing|late|absent)(?: server| node| one| follower| "
        "voter)?|(both|two|running|started|these|quorum)(?: running| started| servers| nodes| of "
        "them)*)");
    Match found;
    if (!regex_match(told, found, form)) return std::nullopt;
    std::vector<NodeId> running, others;
    for (const NodeId node : cluster_->members()) {
        (has_started(node) ? running : others).push_back(node);
    }
    const auto place = count_in(found[1]);
    if (found[1].matched) {
        if (others.size() != 1 || (place && *place != cluster_->members().size())) {
            return std::nullopt;
        }
        return others;
    }
    if (told == "quorum" && running.size() <= others.size()) return std::nullopt;
    if (others.empty() || (told != "quorum" && running.size() != 2)) return std::nullopt;
    return running;
}

}  // namespace conformance
