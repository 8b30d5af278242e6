#include "analysis/check/history_tree.hpp"

#include <algorithm>

namespace analysis {

namespace {

/// So many of the newest branches keep their recent prefixes; servers rarely stand below them.
constexpr std::size_t unsettled_branches = 4;

}  // namespace

BranchId HistoryTree::open(zab::Epoch epoch, zab::NodeId leader, std::optional<Position> base) {
    if (const auto known = find(epoch, leader)) {
        // The same server may claim an epoch twice when it crashed before anybody followed it.
        if (branches_[*known].prefixes.last() == 0) branches_[*known].base = base;
        return *known;
    }
    branches_.push_back({epoch, leader, base, {}});
    if (branches_.size() > unsettled_branches) {
        branches_[branches_.size() - 1 - unsettled_branches].prefixes.settle();
    }
    return static_cast<BranchId>(branches_.size() - 1);
}

std::optional<BranchId> HistoryTree::find(zab::Epoch epoch, zab::NodeId leader) const {
    for (std::size_t i = branches_.size(); i-- > 0;) {
        const Branch& branch = branches_[i];
        if (branch.epoch == epoch && branch.leader == leader) return static_cast<BranchId>(i);
    }
    return std::nullopt;
}

Position HistoryTree::give(zab::Zxid zxid, std::uint64_t prefix, std::optional<Position> below) {
    if (zxid.value == 0) return {};
    for (std::size_t i = 0; i < branches_.size(); ++i) {
        Branch& branch = branches_[i];
        if (branch.leader.value != 0 || branch.epoch != zxid.epoch()) continue;
        if (branch.prefixes.at(zxid.counter()).value_or(prefix) != prefix) continue;
        if (below && branch.base && *below != *branch.base) continue;
        if (below) branch.base = below;
        branch.prefixes.note(zxid.counter(), prefix);
        return {zxid, prefix, static_cast<BranchId>(i)};
    }
    branches_.push_back({zxid.epoch(), {}, below, {}});
    branches_.back().prefixes.note(zxid.counter(), prefix);
    return {zxid, prefix, static_cast<BranchId>(branches_.size() - 1)};
}

Position HistoryTree::locate_anywhere(zab::Zxid zxid, std::uint64_t prefix) const {
    if (zxid.value == 0) return {};
    for (std::size_t i = branches_.size(); i-- > 0;) {
        if (branches_[i].epoch != zxid.epoch()) continue;
        if (const auto found = find_in(static_cast<BranchId>(i), zxid, prefix)) return *found;
    }
    return {zxid, prefix, Position::nowhere};
}

std::optional<Position> HistoryTree::find_in(BranchId id, zab::Zxid zxid,
                                             std::uint64_t prefix) const {
    const Branch& branch = branches_[id];
    const std::uint32_t counter = zxid.counter();
    if (counter == 0) {
        const bool is_base = branch.base && (prefix == 0 || prefix == branch.base->prefix);
        return is_base ? branch.base : std::nullopt;
    }
    if (counter > branch.prefixes.last()) return std::nullopt;
    if (branch.prefixes.at(counter).value_or(prefix) != prefix) return std::nullopt;
    return Position{zxid, prefix, id};
}

std::optional<Position> HistoryTree::locate_by_zxid(zab::Zxid zxid) const {
    if (zxid.value == 0) return Position{};
    for (std::size_t i = branches_.size(); i-- > 0;) {
        const Branch& branch = branches_[i];
        if (branch.epoch != zxid.epoch()) continue;
        if (zxid.counter() == 0 && branch.base) return branch.base;
        if (zxid.counter() == 0 || zxid.counter() > branch.prefixes.last()) continue;
        const std::uint64_t prefix = branch.prefixes.at(zxid.counter()).value_or(0);
        return Position{zxid, prefix, static_cast<BranchId>(i)};
    }
    return std::nullopt;
}

std::optional<Position> HistoryTree::base_of(const Position& at) const {
    if (at.branch == Position::nowhere) return std::nullopt;
    return branches_[at.branch].base;
}

Answer HistoryTree::contains_older(const Position& whole, const Position& part) const {
    if (whole.zxid == part.zxid && whole.prefix == part.prefix) return Answer::yes;
    if (!part.is_known()) return Answer::no;
    Position at = whole;
    while (at.branch != part.branch) {
        if (at.zxid.epoch() <= part.zxid.epoch()) return Answer::no;
        const auto base = base_of(at);
        if (!base) return Answer::unknown;
        at = *base;
    }
    return part.zxid <= at.zxid ? Answer::yes : Answer::no;
}

Answer HistoryTree::includes(const Position& whole, zab::Zxid zxid) const {
    Position at = whole;
    while (at.zxid.epoch() > zxid.epoch()) {
        const auto base = base_of(at);
        if (!base) return Answer::unknown;
        at = *base;
    }
    const bool is_in = at.zxid.epoch() == zxid.epoch() && zxid <= at.zxid;
    return is_in ? Answer::yes : Answer::no;
}

Answer HistoryTree::begins_after(const Position& history, const Position& next) const {
    if (next.branch == Position::nowhere) return Answer::no;
    const auto& base = branches_[next.branch].base;
    if (!base) return Answer::unknown;
    const bool follows = base->zxid == history.zxid && base->branch == history.branch;
    return follows ? Answer::yes : Answer::no;
}

zab::Zxid HistoryTree::common(Position one, Position other) const {
    if (!one.is_known() || !other.is_known()) return {};
    while (one.branch != other.branch) {
        Position& later = one.zxid > other.zxid ? one : other;
        const auto base = base_of(later);
        if (!base) return {};
        later = *base;
    }
    return std::min(one.zxid, other.zxid);
}

std::optional<Position> HistoryTree::before(Position whole, zab::Epoch epoch) const {
    while (!whole.is_empty() && whole.zxid.epoch() >= epoch) {
        const auto base = base_of(whole);
        if (!base) return std::nullopt;
        whole = *base;
    }
    return whole;
}

void HistoryTree::add_to(Fingerprint& fingerprint) const {
    for (const Branch& branch : branches_) {
        fingerprint.add(branch.epoch);
        fingerprint.add(std::uint64_t{branch.leader.value});
        fingerprint.add(branch.base ? branch.base->prefix : 1);
        fingerprint.add(std::uint64_t{branch.prefixes.last()});
        fingerprint.add(branch.prefixes.last_prefix());
    }
}

}  // namespace analysis
