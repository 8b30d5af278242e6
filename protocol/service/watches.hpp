#pragma once

#include "protocol/types/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace zab {

/// One watcher is to be told of one change.
struct Notice {
    LinkId link{};
    Zxid zxid{};
    PathId path = 0;
};

/// WatchManager, for data watches: whom a server tells when a znode changes next. A watch belongs
/// to one connection and ends with it, and is told of once.
///
/// Invariant: `places_` and `by_path_` are each other's inverse.
class Watches {
  public:
    /// A connection's second watch on a path is the first one.
    void add(PathId path, LinkId link);
    /// Ends the watches on a path, calling `f(link)` for each in the order in which they were set.
    template <class F>
    void take(PathId path, F f) {
        auto at = by_path_.lower_bound({path, 0});
        while (at != by_path_.end() && at->first.first == path) {
            const LinkId link = at->second;
            places_.erase({link, path});
            at = by_path_.erase(at);
            f(link);
        }
    }
    /// The connection is gone.
    void remove(LinkId link);
    void clear();
    bool empty() const { return places_.empty(); }
    std::size_t size() const { return places_.size(); }
    std::uint64_t fingerprint() const;

  private:
    std::map<std::pair<LinkId, PathId>, std::uint64_t> places_;   // Which number was given to it.
    std::map<std::pair<PathId, std::uint64_t>, LinkId> by_path_;  // By path and that number.
    std::uint64_t given_ = 0;
};

}  // namespace zab
