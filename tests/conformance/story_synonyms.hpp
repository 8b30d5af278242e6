#pragma once

#include <optional>
#include <string>

namespace conformance {

/// A step, and what is expected of a server, in the words that the readers of a story know.
std::string step_in_known_words(const std::string& words);
std::string claim_in_known_words(const std::string& words);

/// A write that the leader logs and nobody acknowledges, in whatever order that is told: "create
/// /x at L fails, on leader disk". story_lost.cpp
std::string with_lost_writes(const std::string& step);
/// "each fails at UPTODATE", for those who are started there. story_uptodate.cpp
std::string with_failing_starts(const std::string& told);
/// Whether words of an initial state tell that followers fail so. story_uptodate.cpp
bool tells_failing_starts(const std::string& words);
/// Who goes and comes back, in which quorum, and what of it is read. story_wordings.cpp
std::string with_quorums(const std::string& step);
std::string with_reads(const std::string& step);
std::string with_lost_disks(const std::string& step);
std::string with_times(const std::string& claim);

}  // namespace conformance
