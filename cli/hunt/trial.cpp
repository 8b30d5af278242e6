#include "cli/hunt/trial.hpp"

#include "analysis/check/checker_set.hpp"
#include "cli/hunt/coverage.hpp"
#include "cli/internal_error.hpp"
#include "cli/judgement.hpp"
#include "sim/world/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

namespace cli {

namespace {

/// Beyond the fault budget: a disk has forgotten what it said was durable, and nobody can tell.
bool makes_forget(const sim::Fault& fault) {
    return fault.kind == sim::FaultKind::disk_lie ||
           fault.kind == sim::FaultKind::disk_lose_writes ||
           (fault.kind == sim::FaultKind::disk_corrupt && fault.rot == sim::Rot::tail);
}

/// What no server may do even then: these speak of what it makes of what it has. All others rest on
/// disks that keep what was synced (a server that forgot its acknowledgement completes a quorum
/// that does not hold what was committed: Alagappan and others, FAST 2018).
bool holds_without_memory(std::string_view property) {
    static constexpr std::string_view those[] = {
        "ack_validity",       "newleader_ack",     "commit_quorum",
        "established_quorum", "log_continuity",    "boot_equals_disk",
        "total_order",        "fifo_client_order", "local_primary_order"};
    return std::find(std::begin(those), std::end(those), property) != std::end(those);
}

/// Checks the guarantees and keeps the first that falls, with the role that the server had then:
/// the failure of a follower is another one than that of a leader.
class Judge final : public trace::Sink {
  public:
    static constexpr trace::KindSet role_kinds =
        trace::kind_bit(trace::Kind::looking) | trace::kind_bit(trace::Kind::following) |
        trace::kind_bit(trace::Kind::leading) | trace::kind_bit(trace::Kind::server_started) |
        trace::kind_bit(trace::Kind::server_stopped);

    explicit Judge(const sim::Scenario& scenario)
        : scenario_(scenario), checkers_(ensemble_of(scenario)) {}
    trace::KindSet kinds() const {
        return checkers_.kinds() | role_kinds | trace::kind_bit(trace::Kind::fault);
    }

    void observe(const trace::Record& record, trace::RecordId id) override {
        if ((role_kinds & trace::kind_bit(record.kind())) != 0) {
            const std::size_t place = record.node().value;
            if (place >= roles_.size()) roles_.resize(place + 1, "server");
            roles_[place] = role_of(record.kind());
        }
        if (record.kind() == trace::Kind::fault) {
            const sim::Fault& fault = scenario_.faults[static_cast<std::size_t>(record.a())];
            is_beyond_budget_ = is_beyond_budget_ || makes_forget(fault);
        }
        checkers_.observe(record, id);
        for (; !has_fallen() && judged_ < checkers_.violations().size(); ++judged_) judge_next();
    }
    bool has_fallen() const { return !failure_.empty(); }
    /// What fell beyond the fault budget, and first; empty: nothing.
    const std::string& excuse() const { return excuse_; }
    void tell(TrialOutcome& out) const {
        const analysis::Violation& first = checkers_.violations()[judged_ - 1];
        out.failure = failure_;
        out.message = first.explanation;
        out.time = first.time;
    }

  private:
    static std::string_view role_of(trace::Kind kind) {
        switch (kind) {
            case trace::Kind::looking: return "looking";
            case trace::Kind::following: return "follower";
            case trace::Kind::leading: return "leader";
            case trace::Kind::server_started: return "starting";
            default: return "stopped";
        }
    }
    void judge_next() {
        const analysis::Violation& next = checkers_.violations()[judged_];
        const std::size_t place = next.node.value;
        const std::string_view role = place < roles_.size() ? roles_[place] : "server";
        const std::string what = fmt::format("{}@{}", next.property, role);
        if (!is_beyond_budget_ || holds_without_memory(next.property)) {
            failure_ = what;
        } else if (excuse_.empty()) {
            excuse_ = fmt::format("{} fell after a disk had forgotten what was synced: {}", what,
                                  next.explanation);
        }
    }

    const sim::Scenario& scenario_;
    analysis::CheckerSet checkers_;
    std::vector<std::string_view> roles_;
    std::size_t judged_ = 0;  ///< So many of the violations.
    bool is_beyond_budget_ = false;
    std::string failure_;
    std::string excuse_;
};

/// What a trial came by, if it is to tell.
class Reached {
  public:
    explicit Reached(const Trial& trial) {
        if (trial.tells_coverage && trial.scenario->protocol != sim::Protocol::textbook) {
            sets_ = std::make_unique<Sets>(*trial.scenario);
        }
    }
    void watch(sim::World& world, trace::Outlets& outlets) {
        if (!sets_) return;
        world.set_tuples(&sets_->tuples);
        outlets.add(sets_->sites, sim::SiteSet::kinds());
    }
    /// A tuple that was excluded and happened is a bug of zabsim, unless the run has a worse one.
    void tell(TrialOutcome& out) const {
        if (!sets_) return;
        const std::string broken = sim::broken_claim(sets_->tuples);
        zab::ensure(broken.empty() || !out.is_clean(), broken.c_str());
        out.coverage = CoverageTable::of_this_build().encode(sets_->tuples, sets_->sites);
    }

  private:
    struct Sets {
        explicit Sets(const sim::Scenario& scenario) : sites(scenario) {}
        sim::TupleSet tuples;
        sim::SiteSet sites;
    };
    std::unique_ptr<Sets> sets_;
};

/// A world under trial, with those who judge it.
class Tried {
  public:
    explicit Tried(const Trial& trial)
        : trial_(trial),
          activity_({trial.scenario, trial.seed, end_of_run(), trial.reproduce}),
          judge_(*trial.scenario),
          recovery_(*trial.scenario),
          reached_(trial),
          world_(trial.scenario, trial.seed) {
        outlets_.add(judge_, judge_.kinds());
        outlets_.add(recovery_, Recovery::kinds);
        reached_.watch(world_, outlets_);
        world_.set_outlets(&outlets_);
        activity_.set_world(&world_);
    }

    TrialOutcome run(const std::function<bool()>& interrupted);

  private:
    void judge_recovery(TrialOutcome& out) const;
    zab::Instant end_of_run() const { return zab::Instant{} + trial_.scenario->duration; }
    bool is_over_budget() const {
        return trial_.most_records > 0 && world_.recorder().next_id() > trial_.most_records;
    }
    const Trial& trial_;
    ActivityScope activity_;
    Judge judge_;
    Recovery recovery_;
    Reached reached_;
    trace::Outlets outlets_;
    sim::World world_;
};

TrialOutcome Tried::run(const std::function<bool()>& interrupted) {
    constexpr std::uint64_t records_of_a_turn = 256;
    constexpr std::uint64_t turns_between_looks = 64;
    TrialOutcome out;
    bool is_over = false;
    for (std::uint64_t turn = 1; !is_over; ++turn) {
        is_over = world_.run_until(end_of_run(), records_of_a_turn) || is_over_budget();
        if (trial_.stops_at_failure && judge_.has_fallen()) break;
        out.is_interrupted = turn % turns_between_looks == 0 && interrupted();
        if (out.is_interrupted) return out;
    }
    if (is_over) world_.finish();
    if (judge_.has_fallen()) {
        judge_.tell(out);
    } else {
        judge_recovery(out);
    }
    reached_.tell(out);
    out.records = world_.recorder().next_id();
    out.hash = world_.recorder().hash().value;
    return out;
}

void Tried::judge_recovery(TrialOutcome& out) const {
    out.time = world_.now();
    out.recovery = recovery_.judge(world_.now());
    if (!judge_.excuse().empty()) {
        out.recovery = {Recovery::Outcome::excused, judge_.excuse()};
        out.message = judge_.excuse();
        return;
    }
    const Recovery::Outcome came = out.recovery.outcome;
    if (came == Recovery::Outcome::dead) out.failure = "liveness@dead";
    if (came == Recovery::Outcome::lasso) out.failure = "liveness@lasso";
    if (came == Recovery::Outcome::slow) out.failure = "liveness@slow";
    out.message = out.recovery.why;
}

}  // namespace

TrialOutcome try_out(const Trial& trial, const std::function<bool()>& interrupted) {
    const InternalErrorGuard guard;
    try {
        return Tried(trial).run(interrupted);
    } catch (const InternalError& error) {
        const std::string file = std::filesystem::path(error.where.file).filename().string();
        TrialOutcome out;
        out.failure = fmt::format("internal_error@{}", file);
        out.message = fmt::format("{} ({}:{})", error.why, file, error.where.line);
        out.time = error.time;
        out.records = error.records;
        return out;
    }
}

}  // namespace cli
