#pragma once

#include <cstdint>

namespace tests {

/// Allocations through operator new since the program began. The program that links
/// allocation_counter.cpp has its operators replaced.
std::uint64_t allocations();

/// False under a sanitizer, whose own operators are left in place: then nothing is counted.
bool counts_allocations();

}  // namespace tests
