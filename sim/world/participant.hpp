#pragma once

#include "protocol/config.hpp"
#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "protocol/peer.hpp"
#include "protocol/textbook/node.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

namespace sim {

/// Who runs in a server's process: a peer of one of the protocols that the world hosts. They speak
/// the same vocabulary of inputs and effects; the world asks them little more.
class Participant {
  public:
    Participant(zab::NodeId self, const Scenario& scenario,
                const std::shared_ptr<const zab::Config>& config)
        : who_(zab::Peer(self, config)) {
        if (scenario.protocol == Protocol::textbook) {
            who_.emplace<textbook::Node>(self, *config, scenario.textbook);
        }
    }

    /// `input` is an Input, or one of the two kinds of it that make up a run.
    template <class What>
    void step(const What& input, const zab::Moment& now, zab::Effects& out) {
        if (auto* peer = std::get_if<zab::Peer>(&who_)) [[likely]] {
            peer->step(input, now, out);
        } else {
            std::get_if<textbook::Node>(&who_)->step(zab::Input(input), out);
        }
    }

    /// Of a ZooKeeper server; another protocol's threads cost the same in every role.
    zab::RoleKind role() const {
        const auto* peer = std::get_if<zab::Peer>(&who_);
        return peer == nullptr ? zab::RoleKind::booting : peer->role();
    }
    /// Whether it serves clients; another protocol's nodes do all that they ever do from the start.
    bool serves() const {
        const auto* peer = std::get_if<zab::Peer>(&who_);
        return peer == nullptr || peer->server().pipeline.serving;
    }
    /// Requires: it is a ZooKeeper server. What only those ask for is about it: snapshots.
    const zab::Server& server() const {
        const auto* peer = std::get_if<zab::Peer>(&who_);
        zab::ensure(peer != nullptr, "only servers with a database ask for its snapshot");
        return peer->server();
    }
    /// Null: it speaks another protocol.
    const zab::Peer* zookeeper() const { return std::get_if<zab::Peer>(&who_); }
    /// Whether it leads, and how new its leadership is: of several leaders the highest counts.
    std::optional<std::uint64_t> leadership() const {
        if (const auto* peer = std::get_if<zab::Peer>(&who_)) {
            const zab::Leading* leading = peer->leading();
            const bool leads =
                leading != nullptr && (leading->phase == zab::Leading::Phase::starting ||
                                       leading->phase == zab::Leading::Phase::broadcast);
            return leads ? std::optional<std::uint64_t>(leading->epoch.value) : std::nullopt;
        }
        const auto* node = std::get_if<textbook::Node>(&who_);
        return node->leads() ? std::optional(node->last_command()) : std::nullopt;
    }

  private:
    std::variant<zab::Peer, textbook::Node> who_;
};

}  // namespace sim
