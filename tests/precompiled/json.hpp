// library.hpp, and JSON.
#pragma once

#include "tests/precompiled/library.hpp"

#include <nlohmann/json.hpp>
