#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property log_continuity{
    "log_continuity", "a log takes each transaction right after the one that precedes it",
    trace::Level::protocol};
constexpr Property boot_equals_disk{
    "boot_equals_disk", "a server boots with exactly what its snapshot and its log hold",
    trace::Level::protocol};
constexpr Property family[] = {log_continuity, boot_equals_disk};

/// What the files hold, write by write. The log may lag behind a fuzzy snapshot, and then takes
/// what the snapshot has already.
class LogImage final : public Checker {
  public:
    std::string_view name() const override { return "log_image"; }
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({append, booted}); }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override { return std::make_unique<LogImage>(*this); }

    void observe(const Step& step) override {
        if (step.record.kind() == append) return check_append(step);
        check_boot(step);
    }

  private:
    static void check_append(const Step& step) {
        const ServerState& server = step.server();
        const HistoryTree& histories = step.ghost.histories();
        if (histories.is_successor(server.written, step.position) != Answer::no) return;
        if (histories.contains(server.written, step.position) != Answer::no) return;
        step.report(log_continuity, {server.durable_record}, [&] {
            return fmt::format("server {} appends {} to {}", step.record.node().value,
                               text(step.position), text(server.written));
        });
    }

    static void check_boot(const Step& step) {
        const ServerState& server = step.server();
        const bool is_same = server.written.zxid == step.position.zxid &&
                             server.written.prefix == step.position.prefix;
        if (!server.has_booted || is_same) return;
        step.report(boot_equals_disk, {server.durable_record}, [&] {
            return fmt::format("server {} boots with {}, and its files hold {}",
                               step.record.node().value, text(step.position), text(server.written));
        });
    }
};

}  // namespace

std::unique_ptr<Checker> make_log_image() { return std::make_unique<LogImage>(); }

}  // namespace analysis
