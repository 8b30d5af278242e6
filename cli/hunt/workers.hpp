#pragma once

#include "cli/environment.hpp"
#include "cli/hunt/result_log.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// Processes that try seeds, each on its own: one that dies or hangs costs the seed it was at, and
/// is replaced. Which of them tries a seed has no influence on what comes of it.
class Workers {
  public:
    using TrySeed = std::function<SeedRecord(std::uint64_t seed)>;

    struct Options {
        unsigned jobs = 1;
        std::chrono::seconds patience{60};  ///< For one seed, of real time; then it hangs.
    };

    /// `failed_with(seed, why)` makes the result of a seed that ended its worker.
    Workers(const Options& options, TrySeed try_seed,
            std::function<SeedRecord(std::uint64_t, const std::string&)> failed_with);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Hands seeds out until `next` has none, and calls `done` for each result, in no particular
    /// order. False: a process could not be made, which `failure` tells, or `interrupted`.
    bool run(const std::function<std::optional<std::uint64_t>()>& next,
             const std::function<void(const SeedRecord&)>& done,
             const std::function<bool()>& interrupted);
    const std::string& failure() const { return failure_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Worker {
        pid_t process = -1;
        int orders = -1;   ///< Seeds go here, eight bytes each.
        int results = -1;  ///< Lines come from here.
        std::string partial;
        std::optional<std::uint64_t> seed;
        Clock::time_point since;
    };

    bool start(Worker& worker);
    [[noreturn]] void work(int orders, int results) const;
    bool give(Worker& worker, std::uint64_t seed);
    /// What the worker has to say; false: it ended.
    bool hear(Worker& worker, const std::function<void(const SeedRecord&)>& done);
    void bury(Worker& worker, const std::function<void(const SeedRecord&)>& done,
              const std::string& why);
    void stop(Worker& worker);
    void forgive_delay();

    Options options_;
    TrySeed try_seed_;
    std::function<SeedRecord(std::uint64_t, const std::string&)> failed_with_;
    std::vector<Worker> workers_;
    Clock::time_point looked_ = Clock::now();  ///< When the workers were last seen to.
    std::string failure_;
};

}  // namespace cli
