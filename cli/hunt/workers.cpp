#include "cli/hunt/workers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cli {

namespace {

constexpr int poll_ms = 200;

bool read_all(int descriptor, void* into, std::size_t size) {
    auto* at = static_cast<char*>(into);
    while (size > 0) {
        const ssize_t got = ::read(descriptor, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_all(int descriptor, const void* from, std::size_t size) {
    const auto* at = static_cast<const char*>(from);
    while (size > 0) {
        const ssize_t put = ::write(descriptor, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += put;
        size -= static_cast<std::size_t>(put);
    }
    return true;
}

/// Whoever kills the parent kills its workers, too: one that hangs would stay for ever.
void end_with(pid_t parent) {
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (::getppid() != parent) ::_exit(0);
}

std::string how_it_ended(pid_t process) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        return fmt::format("zabsim was ended by signal {} ({})", WTERMSIG(status),
                           ::strsignal(WTERMSIG(status)));
    }
    return fmt::format("zabsim ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

Workers::Workers(const Options& options, TrySeed try_seed,
                 std::function<SeedRecord(std::uint64_t, const std::string&)> failed_with)
    : options_(options),
      try_seed_(std::move(try_seed)),
      failed_with_(std::move(failed_with)),
      workers_(options.jobs) {}

Workers::~Workers() {
    for (Worker& worker : workers_) stop(worker);
}

bool Workers::start(Worker& worker) {
    int orders[2] = {-1, -1};
    int results[2] = {-1, -1};
    const pid_t parent = ::getpid();
    const bool has_pipes = ::pipe2(orders, O_CLOEXEC) == 0 && ::pipe2(results, O_CLOEXEC) == 0;
    worker.process = has_pipes ? ::fork() : -1;
    if (worker.process < 0) {
        failure_ = fmt::format("a process that tries seeds cannot be made: {}: use fewer --jobs",
                               std::strerror(errno));
        for (const int end : {orders[0], orders[1], results[0], results[1]}) {
            if (end >= 0) ::close(end);
        }
        return false;
    }
    if (worker.process == 0) {
        end_with(parent);
        // The other workers' pipes stay with the parent alone: a worker must see its orders end.
        for (const Worker& other : workers_) {
            if (other.orders >= 0) ::close(other.orders);
            if (other.results >= 0) ::close(other.results);
        }
        ::close(orders[1]);
        ::close(results[0]);
        work(orders[0], results[1]);
    }
    ::close(orders[0]);
    ::close(results[1]);
    worker.orders = orders[1];
    worker.results = results[0];
    worker.partial.clear();
    worker.seed.reset();
    return true;
}

/// The life of a worker. It leaves without the parent's destructors and buffers.
void Workers::work(int orders, int results) const {
    ::signal(SIGINT, SIG_IGN);  // The parent decides.
    ::signal(SIGTERM, SIG_DFL);
    std::uint64_t seed = 0;
    while (read_all(orders, &seed, sizeof seed)) {
        const std::string line = to_line(try_seed_(seed));
        if (!write_all(results, line.data(), line.size())) break;
    }
    ::_exit(0);
}

bool Workers::give(Worker& worker, std::uint64_t seed) {
    if (worker.process < 0 && !start(worker)) return false;
    worker.seed = seed;
    worker.since = Clock::now();
    write_all(worker.orders, &seed, sizeof seed);  // If it has ended, its results end, too.
    return true;
}

bool Workers::hear(Worker& worker, const std::function<void(const SeedRecord&)>& done) {
    char buffer[4096];
    const ssize_t got = ::read(worker.results, buffer, sizeof buffer);
    if (got < 0) return errno == EINTR;
    if (got == 0) return false;
    worker.partial.append(buffer, static_cast<std::size_t>(got));
    const std::size_t end = worker.partial.find('\n');
    if (end == std::string::npos) return true;
    std::string reason;
    const auto record = from_line(std::string_view(worker.partial).substr(0, end), reason);
    worker.partial.clear();
    if (!record || record->seed != worker.seed) return false;
    worker.seed.reset();
    done(*record);
    return true;
}

void Workers::stop(Worker& worker) {
    if (worker.process < 0) return;
    ::kill(worker.process, SIGKILL);
    ::close(worker.orders);
    ::close(worker.results);
    how_it_ended(worker.process);
    worker = {};
}

void Workers::bury(Worker& worker, const std::function<void(const SeedRecord&)>& done,
                   const std::string& why) {
    const std::optional<std::uint64_t> seed = worker.seed;
    const std::string end = why.empty() ? how_it_ended(worker.process) : why;
    if (why.empty()) {
        ::close(worker.orders);
        ::close(worker.results);
        worker = {};
    } else {
        stop(worker);
    }
    if (seed) done(failed_with_(*seed, end));
}

/// The time in which this process did something else, or was stopped, is not the workers': what
/// they had to say meanwhile has not been heard.
void Workers::forgive_delay() {
    const Clock::time_point now = Clock::now();
    const Clock::duration delay = now - looked_;
    looked_ = now;
    if (delay <= 2 * std::chrono::milliseconds(poll_ms)) return;
    for (Worker& worker : workers_) worker.since += delay;
}

bool Workers::run(const std::function<std::optional<std::uint64_t>()>& next,
                  const std::function<void(const SeedRecord&)>& done,
                  const std::function<bool()>& interrupted) {
    looked_ = Clock::now();
    while (!interrupted()) {
        std::vector<pollfd> waiting;
        std::vector<Worker*> who;
        for (Worker& worker : workers_) {
            if (!worker.seed) {
                if (const auto seed = next(); seed && !give(worker, *seed)) return false;
            }
            if (!worker.seed) continue;
            waiting.push_back({.fd = worker.results, .events = POLLIN, .revents = 0});
            who.push_back(&worker);
        }
        if (waiting.empty()) return true;
        ::poll(waiting.data(), waiting.size(), poll_ms);
        for (std::size_t i = 0; i < who.size(); ++i) {
            if (waiting[i].revents != 0 && !hear(*who[i], done)) bury(*who[i], done, {});
            forgive_delay();
            if (who[i]->seed && Clock::now() - who[i]->since > options_.patience) {
                bury(*who[i], done,
                     fmt::format("it took longer than {} s", options_.patience.count()));
            }
        }
    }
    return false;
}

}  // namespace cli
