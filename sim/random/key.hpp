#pragma once

#include "protocol/types/ensure.hpp"
#include "sim/random/wide.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Keyed draws. There is no generator with a state: a draw is a function of what it is for,
///
///     draw = f(seed, branch, concern, entity, meaning, occurrence)
///
/// so that nothing added elsewhere can shift it. The part up to the entity is a Key, derived once
/// when the entity is made and kept with it; a draw is then one mix:
///
///     const Key link = derive(derive(derive(root_key(seed, branch), "delay"), "n1"), "n2");
///     const std::uint64_t random = draw(link, zxid.value, nth_time);
///
/// Entities are derived by their declared names, never by an index, which would shift.
namespace sim {

/// The part of a draw's identity that does not change from draw to draw.
struct Key {
    std::uint64_t value = 0;
    constexpr bool operator==(const Key&) const = default;
};

/// A bijection in which every bit of the result depends on every bit of the argument (the
/// finaliser of SplitMix64: Stafford's variant 13 of MurmurHash3's).
constexpr std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
    return x ^ (x >> 31);
}

namespace detail {

// Odd multipliers without structure. Numbers and names step by different ones, so that the number
// 49 and the name "1" do not meet.
inline constexpr std::uint64_t number_step = 0x9e37'79b9'7f4a'7c15;
inline constexpr std::uint64_t name_step = 0xd1b5'4a32'd192'ed03;
inline constexpr std::uint64_t occurrence_step = 0xaef1'7502'108e'f2d9;

}  // namespace detail

/// The key for a number, such as a generation. Numbers that are positions in a list do not belong
/// here: see above.
constexpr Key derive(Key key, std::uint64_t number) {
    return {mix(mix(key.value + detail::number_step) + number * detail::number_step)};
}

/// The key for a concern ("delay") or an entity's declared name. The name's length counts, so that
/// "a" then "bc" is another key than "ab" then "c". Eight bytes a step, lowest first on any
/// machine.
constexpr Key derive(Key key, std::string_view name) {
    std::uint64_t state = mix(key.value ^ detail::name_step) + name.size();
    for (std::size_t begin = 0; begin < name.size(); begin += 8) {
        std::uint64_t word = 0;
        const std::string_view part = name.substr(begin, 8);
        for (std::size_t i = 0; i < part.size(); ++i) {
            word |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
        }
        state = mix(state + word * detail::name_step);
    }
    return {mix(state ^ detail::occurrence_step)};
}

/// The key of a whole run. A forked world has another branch, hence other draws from there on.
constexpr Key root_key(std::uint64_t seed, std::uint64_t branch) {
    return derive(derive(Key{}, seed), branch);
}

/// A uniform 64-bit word for the `occurrence`-th time that `entity` meets `meaning` (a zxid, a
/// round, a session and cxid mixed together). Called for every message: three multiplications
/// in a chain. Two draws of one entity are equal only if both numbers are, or by chance (2^-64).
constexpr std::uint64_t draw(Key entity, std::uint64_t meaning, std::uint64_t occurrence) {
    std::uint64_t x = entity.value + meaning * detail::number_step;
    // Without this step, meaning and occurrence would add up, and far pairs of them collide.
    x = (x ^ (x >> 32)) * detail::name_step;
    return mix(x + occurrence * detail::occurrence_step);
}

/// Another uniform word made of a drawn one, where one draw needs several.
constexpr std::uint64_t next_word(std::uint64_t word) { return mix(word + detail::number_step); }

/// A uniform integer in [0, limit), exactly without bias. `drawn` holds one drawn word, as in
/// uniform_below(Key{draw(...)}, limit); a rejected word (at most limit in 2^64) is mixed again,
/// so that one draw is enough. Requires: limit > 0. (Lemire 2019.)
inline std::uint64_t uniform_below(Key drawn, std::uint64_t limit) {
    zab::ensure(limit > 0, "there is no integer below zero to choose");
    std::uint64_t random = drawn.value;
    auto product = UnsignedWide{random} * limit;
    if (static_cast<std::uint64_t>(product) < limit) [[unlikely]] {
        const std::uint64_t surplus = (0 - limit) % limit;  // 2^64 modulo limit.
        while (static_cast<std::uint64_t>(product) < surplus) {
            random = next_word(random);
            product = UnsignedWide{random} * limit;
        }
    }
    return static_cast<std::uint64_t>(product >> 64);
}

}  // namespace sim
