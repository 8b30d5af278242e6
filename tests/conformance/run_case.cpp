#include "tests/conformance/interpreters.hpp"

namespace conformance {

Verdict run(const Case& one) {
    if (!one.expected.is(Value::Kind::object) || one.expected.members.empty()) {
        throw Refused("nothing is expected");
    }
    for (const auto& judge :
         {judge_votes, judge_tracker, judge_quorum, judge_plan, judge_epoch_calls, judge_epochs,
          judge_commit_load, judge_commit, judge_trackers, judge_roles, judge_lives, judge_sessions,
          judge_moves, judge_disk, judge_truncation, judge_epoch_failures, judge_talk,
          judge_election, judge_story}) {
        if (auto verdict = judge(one)) return *verdict;
    }
    throw Refused("nothing here plays cases of area " + one.area + " of this shape");
}

}  // namespace conformance
