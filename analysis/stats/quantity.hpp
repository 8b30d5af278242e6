#pragma once

#include "protocol/types/time.hpp"

#include <cstdint>
#include <string>

/// Numbers as people read them. Exact integers in, rounded half up to three decimals.
namespace analysis {

std::string count_text(std::uint64_t count);             ///< "1,234,567".
std::string thousandths_text(std::int64_t thousandths);  ///< 1234500 is "1,234.5".
std::string duration_text(zab::Duration duration);       ///< "12.346 ms", in the unit that fits.
std::string seconds_text(zab::Instant instant);          ///< "20.734 s".
std::string percent_text(std::int64_t per_mille);        ///< 123 is "12.3 %".

}  // namespace analysis
