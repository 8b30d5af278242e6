#pragma once

#include "protocol/textbook/clients.hpp"
#include "protocol/textbook/election.hpp"
#include "protocol/textbook/voting.hpp"
#include "protocol/textbook/watcher.hpp"

namespace textbook {

/// One server of the simplified protocol: a value with one pure step. It passes each message to
/// the phase that it belongs to.
class Node {
  public:
    Node(zab::NodeId self, const zab::Config& config, const Options& options);

    /// Takes one step. Any message may come at any time. Effects are appended to `out`.
    void step(const zab::Input& input, zab::Effects& out);

    bool leads() const { return election_.leads(); }
    zab::NodeId leader() const { return election_.leader(); }
    std::uint64_t last_command() const { return propagation_.last_command(); }

  private:
    void on(const zab::Started& started, zab::Effects& out);
    void on(const zab::Received& received, zab::Effects& out);
    void on(const zab::Ran& ran, zab::Effects& out);
    void on(const zab::TimerFired& fired, zab::Effects& out);
    void on(const zab::LinkUp& up, zab::Effects& out) { links_.on_up(up, options_, out); }
    void on(const zab::LinkDown& down, zab::Effects& out);
    void on(const zab::DialFailed& failed, zab::Effects&) { links_.on_dial_failed(failed.peer); }
    void on(const zab::Done&, zab::Effects&) {}  // It asks for no work.

    void on_telegram(zab::NodeId from, const zab::Telegram& said, zab::Effects& out);
    void on_client(zab::LinkId link, const zab::Message& message, zab::Effects& out);
    void on_failure(zab::NodeId failed, zab::Effects& out);
    void pass_held_on(zab::Effects& out);
    void pass_on(const zab::Telegram& request, zab::NodeId origin, zab::Effects& out);
    void beat(zab::Effects& out);

    zab::NodeId self_;
    Options options_;
    Links links_;
    Election election_;
    Propagation propagation_;
    Voting voting_;
    Watchers watchers_;
    Clients clients_;
    zab::Ring<std::pair<zab::Telegram, zab::NodeId>> held_;  // Requests, until somebody leads.
};

}  // namespace textbook
