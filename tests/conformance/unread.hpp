#pragma once

#include "tests/conformance/case.hpp"

namespace conformance {

/// Of a case that passes: throws Refused if it would pass as well with a word, a number or a member
/// that means nothing in the place of one of its own. Whoever read it has passed over that one.
/// Words that only fill, and remarks in parentheses, may be passed over.
void refuse_unread(const Case& one, bool (*passes)(const Case&));

}  // namespace conformance
