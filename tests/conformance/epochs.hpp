#pragma once

#include "tests/conformance/collector.hpp"

#include <string>
#include <vector>

namespace conformance {

/// What has come of followers and a leader that wait for an epoch.
struct EpochsSeen {
    bool has_called = false;      ///< Anybody.
    bool waits_for_acks = false;  ///< What the last callers wait for: acknowledgements, or bids.
    bool followers_waited = true;
    bool have_timed_out = false;  ///< Followers, before anybody else called.
    bool leader_blocks = false;
    bool is_formed = false;  ///< A quorum of what the last callers wait for, in the end.
    bool has_leader_called = false;
    std::uint16_t leader = 0;
    std::vector<std::uint16_t> followers = {1, 2};
};

/// The ids in "1 and 2".
std::vector<std::uint16_t> sids_in(const std::string& words);
/// One member of what such a case expects; throws Refused. epochs_expect.cpp
void check_epochs(const Collector& collector, const EpochsSeen& seen, const std::string& key,
                  const Value& value, Verdict& verdict);

}  // namespace conformance
