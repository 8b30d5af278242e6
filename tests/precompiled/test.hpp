// library.hpp, and the test framework.
#pragma once

#include "tests/precompiled/library.hpp"

#include <doctest/doctest.h>
