#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// The prefix hashes of one epoch's transactions, by counter: all of the recent ones, each 1024th
/// of the older, and fewer the more they are, so that a long epoch takes no more memory than two
/// million transactions. A prefix hash covers the whole history below it, so a difference that
/// falls between two landmarks shows at the next one: forgetting delays an alarm, and loses
/// only that of a history which ends before.
///
/// Invariant: recent_[i] belongs to counter first_ + i, and every landmark is below first_.
class PrefixLog {
  public:
    /// The least distance of the landmarks, and what a settled log keeps of the recent ones.
    static constexpr std::uint32_t spacing = 1024;
    /// At least this many recent prefixes are kept, at most twice as many.
    static constexpr std::size_t window = 32'768;
    /// More landmarks are thinned out: their distance doubles.
    static constexpr std::size_t most_landmarks = 2'048;

    /// Adds the prefix of the next counter. A counter further on leaves a gap that answers as
    /// forgotten; one that was already added is ignored.
    void push(std::uint32_t counter, std::uint64_t prefix);

    /// Adds a prefix at any counter that is not known yet.
    void note(std::uint32_t counter, std::uint64_t prefix);

    /// The prefix of `counter`; nothing when it is forgotten or above last().
    std::optional<std::uint64_t> at(std::uint32_t counter) const {
        if (counter < first_) return landmark(counter);
        const std::size_t index = counter - first_;
        if (index >= recent_.size()) return std::nullopt;
        return recent_[index];
    }

    /// Is `prefix` the one of `counter`, as far as the recent ones tell?
    bool is_recent(std::uint32_t counter, std::uint64_t prefix) const {
        const std::size_t index = counter - first_;  // Below first_ it wraps far above size().
        return index < recent_.size() && recent_[index] == prefix;
    }

    /// The highest counter, 0 when there is none.
    std::uint32_t last() const { return first_ + static_cast<std::uint32_t>(recent_.size()) - 1; }

    std::uint64_t last_prefix() const { return recent_.empty() ? 0 : recent_.back(); }

    /// Shrinks the log of an epoch that is over.
    void settle() {
        if (recent_.size() > spacing) forget_all_but(spacing);
        if (recent_.capacity() > std::size_t{2} * spacing) recent_.shrink_to_fit();
    }

  private:
    struct Landmark {
        std::uint32_t counter;
        std::uint64_t prefix;
    };

    std::optional<std::uint64_t> landmark(std::uint32_t counter) const;
    void forget_all_but(std::size_t kept);
    void thin_out();

    std::uint32_t first_ = 1;
    std::vector<std::uint64_t> recent_;
    std::vector<Landmark> landmarks_;
    std::uint32_t distance_ = spacing;  // Of the landmarks: a multiple of it is one.
};

}  // namespace analysis
