#include "cli/commands.hpp"
#include "cli/comparison.hpp"
#include "cli/internal_error.hpp"
#include "cli/loading.hpp"
#include "cli/progress.hpp"
#include "cli/record_line.hpp"
#include "sim/world/world.hpp"

#include <fmt/format.h>

namespace cli {

namespace {

/// A world with one observer of everything.
class Watched {
  public:
    Watched(const Loaded& loaded, std::uint64_t seed, trace::Sink& sink)
        : world_(loaded.scenario, seed) {
        outlets_.add(sink, trace::all_kinds);
        world_.set_outlets(&outlets_);
    }
    /// False: the run is over.
    bool advance(zab::Instant end, std::uint64_t records) {
        return !world_.run_until(end, records);
    }
    sim::World& world() { return world_; }

  private:
    trace::Outlets outlets_;
    sim::World world_;
};

class NoSink final : public trace::Sink {
  public:
    void observe(const trace::Record&, trace::RecordId) override {}
};

/// One scenario and seed, to be run again and again.
class Verification {
  public:
    Verification(const Environment& environment, const Loaded& loaded, std::uint64_t seed,
                 zab::Instant end, std::string reproduce)
        : environment_(environment),
          loaded_(loaded),
          seed_(seed),
          end_(end),
          reproduce_(std::move(reproduce)) {}

    Exit verify(Progress& progress, std::uint64_t number);

  private:
    bool run_alone(trace::Sink& sink, Progress& progress, std::uint64_t number);
    bool run_interleaved(trace::Sink& sink, Progress& progress, std::uint64_t number);
    Exit tell_difference(const Block& second, std::string_view which, Progress& progress);

    const Environment& environment_;
    const Loaded& loaded_;
    std::uint64_t seed_;
    zab::Instant end_;
    std::string reproduce_;
};

/// False: the user interrupted.
bool Verification::run_alone(trace::Sink& sink, Progress& progress, std::uint64_t number) {
    ActivityScope activity({loaded_.scenario, seed_, end_, reproduce_});
    Watched run(loaded_, seed_, sink);
    activity.set_world(&run.world());
    while (run.advance(end_, 4096)) {
        if (environment_.interrupted()) return false;
        progress.update(number, run.world().now(), end_, run.world().recorder().next_id());
    }
    run.world().finish();
    return true;
}

/// Beside a world of another seed, in turns of uneven lengths: they must not know of each other.
bool Verification::run_interleaved(trace::Sink& sink, Progress& progress, std::uint64_t number) {
    ActivityScope activity({loaded_.scenario, seed_, end_, reproduce_});
    NoSink nothing;
    Watched run(loaded_, seed_, sink);
    activity.set_world(&run.world());
    ActivityScope other_activity({loaded_.scenario, seed_ + 1, end_, reproduce_});
    Watched other(loaded_, seed_ + 1, nothing);
    other_activity.set_world(&other.world());
    std::uint64_t turn = 0;
    bool is_on = true;
    bool is_other_on = true;
    while (is_on || is_other_on) {
        if (environment_.interrupted()) return false;
        if (is_on) is_on = run.advance(end_, 1 + turn % 97);
        if (is_other_on) is_other_on = other.advance(end_, 1 + turn % 89);
        if (++turn % 64 != 0) continue;
        progress.update(number, run.world().now(), end_, run.world().recorder().next_id());
    }
    run.world().finish();
    return true;
}

Exit Verification::tell_difference(const Block& second, std::string_view which,
                                   Progress& progress) {
    BlockKeeper keeper(second.first);
    run_alone(keeper, progress, 0);
    progress.clear();
    const Block& first = keeper.block();
    const auto place = first_difference(first, second);
    environment_.out << fmt::format("{}: seed {}: DIFFERS: the first run and {} are not the same\n",
                                    loaded_.path, seed_, which);
    if (!place) {
        environment_.out << fmt::format(
            "  among the records {} to {}; a further run is like the second\n", second.first,
            second.first + block_records - 1);
    } else {
        const auto line = [&](const Block& block) {
            return *place < block.records.size()
                       ? record_line(block.records[*place], block.first + *place)
                       : std::string("(the run ends)");
        };
        environment_.out << fmt::format("  first record that differs: {}\n  {}\n  {}\n",
                                        second.first + *place, line(first), line(second));
    }
    environment_.out << "reproduce   " << reproduce_ << '\n';
    return Exit::nondeterministic;
}

Exit Verification::verify(Progress& progress, std::uint64_t number) {
    Milestones first;
    Comparison again(first);
    Comparison beside(first);
    if (!run_alone(first, progress, number)) return Exit::interrupted;
    first.finish();
    if (!run_alone(again, progress, number)) return Exit::interrupted;
    again.finish();
    if (again.difference()) return tell_difference(*again.difference(), "the second", progress);
    if (!run_interleaved(beside, progress, number)) return Exit::interrupted;
    beside.finish();
    if (beside.difference()) {
        return tell_difference(*beside.difference(), "one beside another world", progress);
    }
    progress.clear();
    environment_.out << fmt::format(
        "{}: seed {}: the same three times, once beside another world: {} records, hash "
        "0x{:016x}\n",
        loaded_.path, seed_, first.records(), first.hash().value);
    return Exit::ok;
}

}  // namespace

Exit verify_command(const Arguments& arguments, const Environment& environment) {
    const auto loaded = load_all(arguments, environment);
    if (!loaded) return Exit::bad_input;
    Exit exit = Exit::ok;
    for (const Loaded& scenario : *loaded) {
        const SeedRange range = seeds_of(arguments, *scenario.scenario);
        const std::uint64_t total = range.last - range.first + 1;
        Progress progress(environment, scenario.scenario->name, total);
        for (std::uint64_t i = 0; i < total; ++i) {
            const std::uint64_t seed = range.first + i;
            const auto world = drawn(scenario, seed, environment);
            if (!world) return Exit::bad_input;
            Verification verification(
                environment, *world, seed, end_of(arguments, *scenario.scenario),
                reproduce_line(environment, "verify", arguments, scenario.path, {seed, seed}));
            exit = worse(exit, verification.verify(progress, i));
            environment.out.flush();
            if (exit == Exit::interrupted) return exit;
        }
    }
    return exit;
}

}  // namespace cli
