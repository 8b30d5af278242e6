#include "analysis/metric/watch_view.hpp"

namespace analysis {

void WatchView::observe(const trace::Record& record, bool is_warm) {
    const zab::Zxid zxid = record.zxid();
    if (record.kind() == trace::Kind::commit) {
        if (commits_.empty()) commits_.resize(recent_commits);
        commits_[zxid.counter() % recent_commits] = {zxid, record.time()};
        return;
    }
    if (!is_warm) return;
    const bool is_timed =
        !commits_.empty() && commits_[zxid.counter() % recent_commits].zxid == zxid;
    if (is_timed) {
        summary_.notifications.add(record.time() - commits_[zxid.counter() % recent_commits].time);
    } else {
        ++summary_.untimed;
    }
}

}  // namespace analysis
