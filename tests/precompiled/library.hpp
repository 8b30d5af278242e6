// What most files include of the standard library and fmt: the sanitizers' build reads it once
// (b_pch in .ci/run). A file still includes what it uses; every other build has no such header.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
