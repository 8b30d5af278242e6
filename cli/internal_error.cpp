#include "cli/internal_error.hpp"

#include "analysis/stats/quantity.hpp"
#include "cli/record_line.hpp"

#include <fmt/format.h>

#include <deque>

namespace cli {

namespace {

// Like the handler that `ensure` keeps per thread: no simulated state.
thread_local const ActivityScope* current = nullptr;

constexpr std::size_t shown_records = 20;

/// Keeps the last records below `end`.
class Tail final : public trace::Sink {
  public:
    explicit Tail(trace::RecordId end) : end_(end) {}
    void observe(const trace::Record& record, trace::RecordId id) override {
        if (id >= end_ || id + shown_records < end_) return;
        records.push_back({record, id});
    }
    struct Entry {
        trace::Record record;
        trace::RecordId id;
    };
    std::deque<Entry> records;

  private:
    trace::RecordId end_;
};

/// The records before the failure, from a second run. It fails in the same way, or stops there.
std::deque<Tail::Entry> last_records(const InternalError& error) {
    Tail tail(error.records);
    try {
        trace::Outlets outlets;
        outlets.add(tail, trace::all_kinds);
        sim::World world(error.activity.scenario, error.activity.seed);
        world.set_outlets(&outlets);
        if (world.run_until(error.activity.end, error.records)) world.finish();
    } catch (const InternalError&) {
        return std::move(tail.records);  // As expected: it is the same run.
    }
    return std::move(tail.records);
}

/// What failed may be that a record cannot be written.
std::string line_or_reason(const Tail::Entry& entry) {
    try {
        return record_line(entry.record, entry.id);
    } catch (const InternalError& error) {
        const trace::Record::Fields f = entry.record.fields();
        return fmt::format(
            "(record {} at {} ns: {}; its fields: kind {}, node {}, peer {}, detail {}, wait {}, "
            "service {}, cost {} of {}, a 0x{:x}, b 0x{:x}, c {})",
            entry.id, f.time.ns, error.why, static_cast<unsigned>(f.kind), f.node.value, f.peer,
            f.detail, f.wait_ns, f.service_ns, static_cast<unsigned>(f.cost), f.other_ns, f.a, f.b,
            f.c);
    }
}

}  // namespace

InternalError internal_error(const char* why, zab::SourcePlace where) {
    InternalError error;
    error.why = why;
    error.where = where;
    if (current == nullptr) return error;
    error.activity = current->activity_;
    if (current->world_ != nullptr) {
        error.records = current->world_->recorder().next_id();
        error.time = current->world_->now();
    }
    return error;
}

InternalErrorGuard::InternalErrorGuard()
    : previous_(zab::set_ensure_handler(
          [](const char* why, zab::SourcePlace where) { throw internal_error(why, where); })) {}

InternalErrorGuard::~InternalErrorGuard() { zab::set_ensure_handler(previous_); }

ActivityScope::ActivityScope(Activity activity) : activity_(std::move(activity)), outer_(current) {
    current = this;
}

ActivityScope::~ActivityScope() { current = outer_; }

std::string crash_report(const InternalError& error, const std::string& engine) {
    std::string out = fmt::format("zabsim: internal error: {} ({}:{})\n", error.why,
                                  error.where.file, error.where.line);
    if (error.activity.scenario) {
        const Activity& run = error.activity;
        out += fmt::format("  scenario {}, seed {}, simulated time {}, after {} records\n",
                           run.scenario->name, run.seed, analysis::seconds_text(error.time),
                           error.records);
        const auto records = last_records(error);
        if (!records.empty() && records.back().record.node().value != 0) {
            out += fmt::format("  server of the last record: {}\n",
                               records.back().record.node().value);
        }
        if (!records.empty()) out += "  last records:\n";
        for (const Tail::Entry& entry : records) {
            out += "    " + line_or_reason(entry) + "\n";
        }
        out += "reproduce   " + run.reproduce + "\n";
    }
    return out +
           "This is a bug in zabsim, not in your scenario. Please report it with everything "
           "above,\nthe scenario file and this version: " +
           engine + "\n";
}

}  // namespace cli
