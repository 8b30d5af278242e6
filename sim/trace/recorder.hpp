#pragma once

#include "sim/trace/record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace trace {

/// The identity of a run: two runs are the same if and only if all their records are.
struct RunHash {
    std::uint64_t value = 0;
    friend bool operator==(const RunHash&, const RunHash&) = default;
};

using KindCounts = std::array<std::uint64_t, kind_count>;

/// The high and the low half of a 128-bit product, folded: every bit of both factors reaches it.
inline std::uint64_t folded_product(std::uint64_t x, std::uint64_t y) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{x} * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Numbers the records of one world, hashes and counts them. A plain value: a copy of the world
/// goes on from here with the same ids and hash. It knows no observers (see Outlets), because they
/// must not be copied with the world.
class Recorder {
  public:
    RecordId add(const Record& record) {
        hash_ = mixed(record.words());
        ++counts_[static_cast<std::size_t>(record.kind())];
        return next_id_++;
    }

    RecordId next_id() const { return next_id_; }
    /// Over all records so far, in their order.
    RunHash hash() const;
    const KindCounts& counts() const { return counts_; }
    friend bool operator==(const Recorder&, const Recorder&) = default;

  private:
    // Digits of pi. Multiplied with zero a word would be lost, hence each key that meets a word of
    // restricted range lies outside that range: no kind is 0xff, no cost or time is negative.
    static constexpr std::array<std::uint64_t, 8> keys = {
        0x243f6a8885a308d3, 0x13198a2e037073ff, 0xa4093822299f31d0, 0x882efa98ec4e6c89,
        0x452821e638d01377, 0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd, 0x3f84d5b5b5470917};

    /// Only the first product waits for the previous record's hash; the others run beside it.
    std::uint64_t mixed(const std::array<std::uint64_t, 8>& words) const {
        return folded_product(words[0] ^ hash_, words[1] ^ keys[1]) ^
               folded_product(words[2] ^ keys[2], words[3] ^ keys[3]) ^
               folded_product(words[4] ^ keys[4], words[5] ^ keys[5]) ^
               folded_product(words[6] ^ keys[6], words[7] ^ keys[7]);
    }

    std::uint64_t hash_ = keys[0];
    RecordId next_id_ = 0;
    KindCounts counts_{};
};

/// Hands records to those who subscribed to their kinds, in the order of subscription. It stands
/// beside the world, never in it. A subscriber must outlive it.
class Outlets {
  public:
    void add(Sink& sink, KindSet kinds);
    KindSet wanted() const { return wanted_; }

    /// A kind that nobody wants costs one test.
    void publish(const Record& record, RecordId id) const {
        if ((wanted_ & kind_bit(record.kind())) != 0) deliver(record, id);
    }

  private:
    struct Outlet {
        Sink* sink;
        KindSet kinds;
    };

    void deliver(const Record& record, RecordId id) const;

    std::vector<Outlet> outlets_;
    KindSet wanted_ = 0;
};

}  // namespace trace
