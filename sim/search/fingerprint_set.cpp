#include "sim/search/fingerprint_set.hpp"

#include <utility>

namespace sim {

namespace {

/// Puts a fingerprint at its place; false if it lies there already.
bool put(std::vector<std::uint64_t>& places, std::uint64_t fingerprint) {
    const std::size_t mask = places.size() - 1;
    std::size_t place = fingerprint & mask;
    while (places[place] != 0) {
        if (places[place] == fingerprint) {
            return false;
        }
        place = (place + 1) & mask;
    }
    places[place] = fingerprint;
    return true;
}

}  // namespace

bool FingerprintSet::insert(std::uint64_t fingerprint) {
    if (2 * (size_ + 1) > places_.size()) {
        grow();
    }
    const bool is_new = put(places_, fingerprint == 0 ? 1 : fingerprint);
    size_ += is_new ? 1 : 0;
    return is_new;
}

void FingerprintSet::grow() {
    std::vector<std::uint64_t> larger(places_.size() * 2);
    for (const std::uint64_t fingerprint : places_) {
        if (fingerprint != 0) {
            put(larger, fingerprint);
        }
    }
    places_ = std::move(larger);
}

}  // namespace sim
