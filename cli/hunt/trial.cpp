#include "cli/hunt/trial.hpp"

#include "analysis/check/checker_set.hpp"
#include "cli/hunt/coverage.hpp"
#include "cli/internal_error.hpp"
#include "cli/judgement.hpp"
#include "sim/world/world.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <vector>

namespace cli {

namespace {

/// Checks the guarantees and keeps the first that falls, with the role that the server had then:
/// the failure of a follower is another one than that of a leader.
class Judge final : public trace::Sink {
  public:
    static constexpr trace::KindSet role_kinds =
        trace::kind_bit(trace::Kind::looking) | trace::kind_bit(trace::Kind::following) |
        trace::kind_bit(trace::Kind::leading) | trace::kind_bit(trace::Kind::server_started) |
        trace::kind_bit(trace::Kind::server_stopped);

    explicit Judge(const analysis::Ensemble& ensemble) : checkers_(ensemble) {}
    trace::KindSet kinds() const { return checkers_.kinds() | role_kinds; }

    void observe(const trace::Record& record, trace::RecordId id) override {
        if ((role_kinds & trace::kind_bit(record.kind())) != 0) {
            const std::size_t place = record.node().value;
            if (place >= roles_.size()) roles_.resize(place + 1, "server");
            roles_[place] = role_of(record.kind());
        }
        checkers_.observe(record, id);
        if (!has_fallen_ && !checkers_.is_clean()) note_first();
    }
    bool has_fallen() const { return has_fallen_; }
    void tell(TrialOutcome& out) const {
        const analysis::Violation& first = checkers_.violations().front();
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
    void note_first() {
        const analysis::Violation& first = checkers_.violations().front();
        const std::size_t place = first.node.value;
        const std::string_view role = place < roles_.size() ? roles_[place] : "server";
        failure_ = fmt::format("{}@{}", first.property, role);
        has_fallen_ = true;
    }

    analysis::CheckerSet checkers_;
    std::vector<std::string_view> roles_;
    std::string failure_;
    bool has_fallen_ = false;
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
          judge_(ensemble_of(*trial.scenario)),
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
    const Recovery::Outcome came = out.recovery.outcome;
    if (came == Recovery::Outcome::dead) out.failure = "liveness@dead";
    if (came == Recovery::Outcome::lasso) out.failure = "liveness@lasso";
    if (came == Recovery::Outcome::slow) out.failure = "liveness@slow";
    if (!out.failure.empty()) out.message = out.recovery.why;
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
