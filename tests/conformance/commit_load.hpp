#pragma once

#include "tests/conformance/case.hpp"

#include <cstdint>

namespace conformance {

/// What the load consists of, as far as a case says.
struct Load {
    std::uint64_t readers = 0;  ///< Sessions that only read.
    std::uint64_t sessions = 8;
    std::uint64_t write_percent = 25;
    /// Writes of each session before all else. CommitProcessorTest's clients each create their
    /// node first, whatever their share of writes.
    std::uint64_t creates = 1;
};

/// What the initial state and the steps tell of it; throws Refused. commit_load_words.cpp
Load load_of(const Case& one);

}  // namespace conformance
