#pragma once

#include "tests/conformance/story.hpp"

namespace conformance {

/// "does not come up (ahead of leader)": not since it started last, nor in the next 10 s.
void check_never_up(Story& story, zab::NodeId node, const std::string& words, Verdict& verdict);
/// "up within 10 s": of its last start. False: other words.
bool check_up_within(const Story& story, zab::NodeId node, const std::string& words,
                     Verdict& verdict);

}  // namespace conformance
