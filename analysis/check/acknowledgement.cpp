#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property ack_validity{
    "ack_validity",
    "a server acknowledges a transaction only when it and all before it are durable",
    trace::Level::protocol};
constexpr Property newleader_ack{
    "newleader_ack",
    "a voter acknowledges NEWLEADER only when the leader's initial history and the new current "
    "epoch are durable",
    trace::Level::protocol};
constexpr Property family[] = {ack_validity, newleader_ack};

class Acknowledgement final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({ack, synchronized}); }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<Acknowledgement>(*this);
    }

    void observe(const Step& step) override {
        // An observer's acknowledgement counts nowhere.
        if (!step.server().is_voter) return;
        if (step.record.kind() == ack) return check_ack(step);
        check_current_epoch(step);
        check_claim(step);
        check_initial_history(step);
    }

  private:
    static void check_ack(const Step& step) {
        const ServerState& server = step.server();
        const zab::Zxid zxid = step.record.zxid();
        if (zxid.counter() == 0) return;  // Of UPTODATE: it claims nothing new.
        if (step.ghost.histories().includes(server.durable, zxid) != Answer::no) return;
        step.report(ack_validity, {server.durable_record}, [&] {
            return fmt::format("server {} acknowledges {}, but is durable up to {}",
                               step.record.node().value, text(zxid), text(server.durable));
        });
    }

    static void check_current_epoch(const Step& step) {
        const ServerState& server = step.server();
        if (server.current_epoch == zab::Epoch{step.record.c()}) return;
        step.report(newleader_ack, {server.current_record, server.role_record}, [&] {
            return fmt::format("server {} acknowledges epoch {} with current epoch {} on disk",
                               step.record.node().value, step.record.c(),
                               server.current_epoch.value);
        });
    }

    static void check_claim(const Step& step) {
        const ServerState& server = step.server();
        if (step.ghost.histories().contains(server.durable, step.position) != Answer::no) return;
        step.report(newleader_ack, {server.durable_record, server.role_record}, [&] {
            return fmt::format("server {} claims to have {} durably, and has {}",
                               step.record.node().value, text(step.position), text(server.durable));
        });
    }

    static void check_initial_history(const Step& step) {
        const ServerState& server = step.server();
        const zab::NodeId leader{step.record.peer()};
        const auto initial = step.ghost.initial_history(leader, zab::Epoch{step.record.c()});
        if (!initial) return;
        if (step.ghost.histories().contains(server.durable, *initial) != Answer::no) return;
        const auto& leadership = step.ghost.server(leader).leadership;
        const trace::RecordId since = leadership ? leadership->since : no_record;
        step.report(newleader_ack, {server.durable_record, server.role_record, since}, [&] {
            return fmt::format(
                "server {} acknowledges epoch {} with {} durable; the initial "
                "history of leader {} is {}",
                step.record.node().value, step.record.c(), text(server.durable), leader.value,
                text(*initial));
        });
    }
};

}  // namespace

std::unique_ptr<Checker> make_acknowledgement() { return std::make_unique<Acknowledgement>(); }

}  // namespace analysis
