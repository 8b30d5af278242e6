#include "analysis/check/checkers.hpp"
#include "sim/trace/record_names.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property epoch_monotone{"epoch_monotone",
                                  "the accepted and the current epoch on disk never decrease",
                                  trace::Level::protocol};
constexpr Property current_within_accepted{
    "current_within_accepted", "the current epoch on disk is never above the accepted one",
    trace::Level::protocol};
constexpr Property log_within_current_epoch{
    "log_within_current_epoch",
    "outside of a synchronization no durable transaction is of an epoch above the current one",
    trace::Level::protocol};
constexpr Property boot_precondition{
    "boot_precondition", "a server's own files never forbid it to start", trace::Level::protocol};
constexpr Property family[] = {epoch_monotone, current_within_accepted, log_within_current_epoch,
                               boot_precondition};

/// The epoch files. While a learner synchronizes, ZooKeeper makes transactions of the new epoch
/// durable before currentEpoch; only a crash right there makes it matter, and then the boot shows
/// it (ZOOKEEPER-1653, 2354).
class EpochFiles final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({accepted_epoch, current_epoch, synced, booted, refused_to_start});
    }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override { return std::make_unique<EpochFiles>(*this); }

    void observe(const Step& step) override {
        const ServerState& server = step.server();
        const trace::Kind kind = step.record.kind();
        if (kind == synced) return check_log(step);
        if (kind == booted) return check_boot(step);
        if (kind == refused_to_start) return report_refusal(step);
        if (kind == accepted_epoch) {
            check_monotone(step, "accepted", server.accepted_epoch, server.accepted_record);
            return;
        }
        check_monotone(step, "current", server.current_epoch, server.current_record);
        check_accepted(step, zab::Epoch{step.record.c()});
    }

  private:
    /// A disk that has rotted, or takes nothing, is not the server's own doing.
    static bool is_of_the_disk(const trace::Record& record) {
        const std::string_view reason = trace::names::refusals[record.detail()];
        return reason == "corrupt_log" || reason == "corrupt_snapshots" ||
               reason == "unwritable_disk";
    }

    static void report_refusal(const Step& step) {
        if (is_of_the_disk(step.record)) return;
        step.report(
            boot_precondition, {step.server().current_record, step.server().durable_record}, [&] {
                return fmt::format("server {} refuses to start: its files contradict each other",
                                   step.record.node().value);
            });
    }

    static void check_monotone(const Step& step, std::string_view which, zab::Epoch before,
                               trace::RecordId record) {
        if (zab::Epoch{step.record.c()} >= before) return;
        step.report(epoch_monotone, {record}, [&] {
            return fmt::format("the {} epoch of server {} falls from {} to {}", which,
                               step.record.node().value, before.value, step.record.c());
        });
    }

    static void check_accepted(const Step& step, zab::Epoch epoch) {
        const ServerState& server = step.server();
        if (epoch <= server.accepted_epoch) return;
        step.report(current_within_accepted, {server.accepted_record}, [&] {
            return fmt::format("server {} {} epoch {} as its current one, having accepted only {}",
                               step.record.node().value,
                               step.record.kind() == booted ? "boots with" : "writes", epoch.value,
                               server.accepted_epoch.value);
        });
    }

    static void check_log(const Step& step) {
        const ServerState& server = step.server();
        if (server.is_synchronizing) return;
        if (step.record.zxid().epoch() <= server.current_epoch) return;
        step.report(log_within_current_epoch, {server.current_record, server.role_record}, [&] {
            return fmt::format("{} is durable on server {}, whose current epoch is {}",
                               text(step.position), step.record.node().value,
                               server.current_epoch.value);
        });
    }

    static void check_boot(const Step& step) {
        const ServerState& server = step.server();
        if (server.has_booted) {
            check_monotone(step, "current", server.current_epoch, server.current_record);
            check_accepted(step, zab::Epoch{step.record.c()});
        }
        check_log_at_boot(step);
    }

    /// A log ahead of the current epoch is what a crash between the last two steps of
    /// synchronization leaves. Whether the server may start with it is the release's decision;
    /// one that may not should have said so with refused_to_start.
    static void check_log_at_boot(const Step& step) {
        if (step.ghost.ensemble().may_boot_ahead_of_current_epoch()) return;
        const zab::Epoch current{step.record.c()};
        if (step.record.zxid().epoch() <= current) return;
        step.report(
            boot_precondition, {step.server().current_record, step.server().durable_record}, [&] {
                return fmt::format("server {} starts with {}, and its current epoch is {}",
                                   step.record.node().value, text(step.position), current.value);
            });
    }
};

}  // namespace

std::unique_ptr<Checker> make_epoch_files() { return std::make_unique<EpochFiles>(); }

}  // namespace analysis
