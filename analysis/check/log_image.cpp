#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property log_continuity{
    "log_continuity",
    "a log takes each transaction right after the one that precedes it, before it is durable",
    trace::Level::protocol};
constexpr Property boot_equals_disk{
    "boot_equals_disk", "a server boots with exactly what its snapshot and its log hold",
    trace::Level::protocol};
constexpr Property family[] = {log_continuity, boot_equals_disk};

/// What the files hold, write by write. The log may lag behind a fuzzy snapshot, and then takes
/// what the snapshot has already: each transaction once.
class LogImage final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({append, synced, booted, snapshot_written, truncated, lost});
    }
    std::unique_ptr<Checker> clone() const override { return std::make_unique<LogImage>(*this); }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (std::size_t node = 0; node < lagging_.size(); ++node) {
            if (!lagging_[node]) continue;
            fingerprint.add(std::uint64_t{node});
            fingerprint.add(lagging_[node]->zxid);
            fingerprint.add(lagging_[node]->prefix);
        }
        return fingerprint.value();
    }

    void observe(const Step& step) override {
        const trace::Kind kind = step.record.kind();
        if (kind == append) return check_append(step);
        if (kind == synced) return check_synced(step);
        if (kind == booted) return check_boot(step);
        if (kind == snapshot_written) return on_snapshot(step);
        forget(step.record.node());  // A cut log ends where memory and snapshots end.
    }

  private:
    void check_append(const Step& step) {
        const ServerState& server = step.server();
        const HistoryTree& histories = step.ghost.histories();
        if (histories.is_successor(server.written, step.position) != Answer::no) {
            return forget(step.record.node());
        }
        if (catches_up(step)) return;
        step.report(log_continuity, {server.durable_record}, [&] {
            return fmt::format("server {} appends {} to {}", step.record.node().value,
                               text(step.position), text(server.written));
        });
    }

    static void check_synced(const Step& step) {
        const ServerState& server = step.server();
        if (step.ghost.histories().contains(server.written, step.position) != Answer::no) return;
        step.report(log_continuity, {server.durable_record}, [&] {
            return fmt::format("server {} makes {} durable, and its log ends with {}",
                               step.record.node().value, text(step.position), text(server.written));
        });
    }

    /// Does a log that lags behind a snapshot take its next transaction?
    bool catches_up(const Step& step) {
        const std::size_t node = step.record.node().value;
        if (node >= lagging_.size() || !lagging_[node]) return false;
        if (step.ghost.histories().is_successor(*lagging_[node], step.position) == Answer::no) {
            return false;
        }
        lagging_[node] = step.position;
        return true;
    }

    void on_snapshot(const Step& step) {
        const ServerState& server = step.server();
        if (step.position.zxid <= server.written.zxid) return;
        const std::size_t node = step.record.node().value;
        if (node >= lagging_.size()) lagging_.resize(node + 1);
        if (!lagging_[node]) lagging_[node] = server.written;
    }

    void forget(zab::NodeId node) {
        if (node.value < lagging_.size()) lagging_[node.value].reset();
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

    std::vector<std::optional<Position>> lagging_;  ///< Where logs end that a snapshot overtook.
};

}  // namespace

std::unique_ptr<Checker> make_log_image() { return std::make_unique<LogImage>(); }

}  // namespace analysis
