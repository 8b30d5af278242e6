#pragma once

#include "analysis/check/fingerprint.hpp"
#include "analysis/check/prefix_log.hpp"
#include "protocol/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

using BranchId = std::uint32_t;

/// A history, named by its last transaction. `branch` is `nowhere` for the empty history and for
/// one that nobody proposed (a plain value and no optional: eight bytes less in every server).
struct Position {
    static constexpr BranchId nowhere = 0xffff'ffff;

    zab::Zxid zxid;
    std::uint64_t prefix = 0;
    BranchId branch = nowhere;

    bool is_empty() const { return zxid.value == 0; }
    bool is_known() const { return is_empty() || branch != nowhere; }
    friend bool operator==(const Position&, const Position&) = default;
};

/// What can be said about a history that began before the trace did.
enum class Answer : std::uint8_t { no, unknown, yes };

/// Every history that ever existed, as a tree: one branch for what the leader of one epoch
/// proposed, growing out of the leader's initial history. Two histories are compared by walking
/// from epoch to epoch, not from transaction to transaction.
///
/// Histories that a scenario gives to its servers were proposed by nobody. They become branches
/// without a leader. Where such a branch begins is known only if the trace said so; else whatever
/// depends on it is answered with `unknown`, which no checker may take for a violation.
class HistoryTree {
  public:
    struct Branch {
        zab::Epoch epoch;
        zab::NodeId leader;            ///< 0: given by the scenario.
        std::optional<Position> base;  ///< Nothing: not known.
        PrefixLog prefixes;
    };

    /// The branch of `leader` in `epoch`, opened at `base` if it is new.
    BranchId open(zab::Epoch epoch, zab::NodeId leader, std::optional<Position> base);
    std::optional<BranchId> find(zab::Epoch epoch, zab::NodeId leader) const;
    void rebase(BranchId id, std::optional<Position> base) { branches_[id].base = base; }
    void extend(BranchId id, std::uint32_t counter, std::uint64_t prefix) {
        branches_[id].prefixes.push(counter, prefix);
    }

    /// Takes a history for one that the scenario gave to a server. `below` is the same history up
    /// to the epoch before, nothing if that is not known.
    Position give(zab::Zxid zxid, std::uint64_t prefix, std::optional<Position> below);

    /// Where the history that ends with (zxid, prefix) stands. Zxid <e,0> names the initial history
    /// of epoch e.
    Position locate(zab::Zxid zxid, std::uint64_t prefix) const {
        if (!branches_.empty()) {
            const Branch& newest = branches_.back();
            if (newest.epoch == zxid.epoch() && newest.prefixes.is_recent(zxid.counter(), prefix)) {
                return {zxid, prefix, static_cast<BranchId>(branches_.size() - 1)};
            }
        }
        return locate_anywhere(zxid, prefix);
    }

    /// The same by zxid alone, in the newest branch that has it.
    std::optional<Position> locate_by_zxid(zab::Zxid zxid) const;

    /// Is the history `part` a prefix of `whole`?
    Answer contains(const Position& whole, const Position& part) const {
        if (part.is_empty()) return Answer::yes;
        if (part.zxid > whole.zxid) return Answer::no;  // Zxids rise along a history.
        if (part.branch == whole.branch && part.branch != Position::nowhere) return Answer::yes;
        return contains_older(whole, part);
    }

    /// Is a transaction with this zxid in the history `whole`? Requires: its counter is not 0.
    Answer includes(const Position& whole, zab::Zxid zxid) const;

    /// Is `next` one transaction longer than `history`?
    Answer is_successor(const Position& history, const Position& next) const {
        if (next.zxid.counter() == 1) return begins_after(history, next);
        const bool follows = next.branch != Position::nowhere && history.branch == next.branch &&
                             history.zxid.next() == next.zxid;
        return follows ? Answer::yes : Answer::no;
    }

    /// The last zxid that two histories surely share; 0 when they may share none.
    zab::Zxid common(Position one, Position other) const;

    /// What `whole` holds of the epochs before `epoch`; nothing if that is not known.
    std::optional<Position> before(Position whole, zab::Epoch epoch) const;

    const Branch& branch(BranchId id) const { return branches_[id]; }
    std::size_t size() const { return branches_.size(); }
    void add_to(Fingerprint& fingerprint) const;

  private:
    Position locate_anywhere(zab::Zxid zxid, std::uint64_t prefix) const;
    Answer begins_after(const Position& history, const Position& next) const;
    Answer contains_older(const Position& whole, const Position& part) const;
    std::optional<Position> find_in(BranchId id, zab::Zxid zxid, std::uint64_t prefix) const;
    /// The history below the branch in which `at` ends.
    std::optional<Position> base_of(const Position& at) const;

    std::vector<Branch> branches_;
};

}  // namespace analysis
