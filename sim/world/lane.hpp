#pragma once

#include "protocol/types/ids.hpp"
#include "sim/trace/record.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sim {

using HostIndex = std::uint32_t;
constexpr trace::RecordId no_record = ~trace::RecordId{0};

/// A link from one host to another that has a rate: what is sent goes out behind what was sent
/// before it, over whichever connection.
struct Lane {
    HostIndex to = 0;
    std::int64_t free_at = 0;
    trace::RecordId last_record = no_record;
    std::int64_t busy_ns = 0;
    std::uint64_t uses = 0;
    zab::NodeId from_server{};  ///< Both 0 unless two servers talk over it.
    zab::NodeId to_server{};
};

struct Flight;

/// A message that has yet to go out, and when it has its turn.
struct UnderWay {
    Flight* flight = nullptr;
    std::int64_t order = 0;
    bool operator<(const UnderWay& other) const { return order < other.order; }
};

/// The links of a host that have a rate and were ever dialled over. Links without a rate have none:
/// a message of theirs waits for nobody.
class Lanes {
  public:
    /// Its place among them; made if it is the first time.
    std::uint32_t lane_to(HostIndex host, zab::NodeId from_server, zab::NodeId to_server) {
        const auto found = std::find_if(all_.begin(), all_.end(),
                                        [host](const Lane& lane) { return lane.to == host; });
        const auto place = static_cast<std::uint32_t>(found - all_.begin());
        if (found == all_.end()) {
            all_.push_back({.to = host});
        }
        Lane& lane = all_[place];
        if (lane.from_server == zab::NodeId{}) {  // A client of the host may have come first.
            lane.from_server = from_server;
            lane.to_server = to_server;
        }
        return place;
    }
    Lane& operator[](std::uint32_t place) { return all_[place]; }
    const std::vector<Lane>& all() const { return all_; }

  private:
    std::vector<Lane> all_;
};

}  // namespace sim
