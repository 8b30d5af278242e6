#pragma once

#include "protocol/config.hpp"
#include "protocol/effect.hpp"
#include "protocol/textbook/options.hpp"
#include "protocol/textbook/words.hpp"

#include <algorithm>
#include <vector>

namespace textbook {

/// One connection with every other node. The smaller id dials, and tries again at every beat; the
/// first heartbeat says who it was.
class Links {
  public:
    Links(zab::NodeId self, const zab::Config& config) : self_(self) {
        for (const zab::NodeId id : config.voters) {
            if (id != self) {
                others_.push_back({.id = id});
            }
        }
    }

    void beat(const Options& options, zab::Effects& out) {
        ++beats_;
        for (Other& other : others_) {
            if (other.link.exists()) {
                out.send(other.link, say(Word::heartbeat, self_.value, beats_));
            } else if (self_ < other.id && !other.dialling) {
                other.dialling = true;
                out.push(zab::Dial{zab::LinkKind::election, other.id, options.failure_timeout});
            }
        }
    }

    void on_up(const zab::LinkUp& up, const Options& options, zab::Effects& out) {
        if (!up.accepted) {  // Who has dialled us says so itself.
            on_heartbeat(up.link, up.peer, options, out);
            out.send(up.link, say(Word::heartbeat, self_.value, beats_));
        }
    }

    /// The newer connection counts: the older one is of a former life of the other node.
    void on_heartbeat(zab::LinkId link, zab::NodeId peer, const Options& options,
                      zab::Effects& out) {
        Other* other = find(peer);
        if (other == nullptr || other->link == link) {
            return;
        }
        if (other->link.exists()) {
            out.push(zab::CloseLink{other->link});
        }
        other->dialling = false;
        other->link = link;
        out.push(zab::SetReadTimeout{link, options.failure_timeout});
    }

    /// Requires: it was dialled.
    void on_dial_failed(zab::NodeId peer) { find(peer)->dialling = false; }

    /// Returns who was at its other end; nobody if another connection has taken its place.
    std::optional<zab::NodeId> on_down(zab::LinkId link) {
        const std::optional<zab::NodeId> peer = peer_at(link);
        if (peer.has_value()) {
            find(*peer)->link = {};
        }
        return peer;
    }

    std::optional<zab::NodeId> peer_at(zab::LinkId link) const {
        const auto is_its = [link](const Other& other) { return other.link == link; };
        const auto found = std::find_if(others_.begin(), others_.end(), is_its);
        return found == others_.end() ? std::nullopt : std::optional(found->id);
    }

    /// A telegram to somebody who is not connected is lost.
    void send(zab::NodeId to, const zab::Telegram& telegram, zab::Effects& out) {
        if (const Other* other = find(to); other != nullptr && other->link.exists()) {
            out.send(other->link, telegram);
        }
    }

    void send_all(const zab::Telegram& telegram, zab::Effects& out) const {
        for (const Other& other : others_) {
            if (other.link.exists()) {
                out.send(other.link, telegram);
            }
        }
    }

  private:
    struct Other {
        zab::NodeId id{};
        zab::LinkId link{};
        bool dialling = false;
    };

    Other* find(zab::NodeId id) {
        const auto is_it = [id](const Other& other) { return other.id == id; };
        const auto found = std::find_if(others_.begin(), others_.end(), is_it);
        return found == others_.end() ? nullptr : &*found;
    }

    zab::NodeId self_;
    std::uint32_t beats_ = 0;
    std::vector<Other> others_;  // Ascending by id.
};

}  // namespace textbook
