#include "sim/trace/recorder.hpp"

namespace trace {

RunHash Recorder::hash() const {
    constexpr std::uint64_t finish = 0x9e3779b97f4a7c15;
    return {folded_product(hash_ ^ next_id_, finish) ^ hash_};
}

void Outlets::add(Sink& sink, KindSet kinds) {
    outlets_.push_back({&sink, kinds});
    wanted_ |= kinds;
}

void Outlets::deliver(const Record& record, RecordId id) const {
    const KindSet kind = kind_bit(record.kind());
    for (const Outlet& outlet : outlets_) {
        if ((outlet.kinds & kind) != 0) outlet.sink->observe(record, id);
    }
}

}  // namespace trace
