#include "protocol/election/connections.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>

namespace zab {

Connections::Connections(NodeId self, const Config& config)
    : self_(self),
      timeout_(config.election_connection_timeout),
      dials_one_by_one_(config.release.dials_one_by_one) {
    for (const auto* group : {&config.voters, &config.observers}) {
        for (const NodeId node : *group) {
            if (node.value >= peers_.size()) {
                peers_.resize(std::size_t{node.value} + 1);
            }
            peers_[node.value].known = node != self;
            members_.push_back(node);
        }
    }
    std::sort(members_.begin(), members_.end());
}

Connections::Peer* Connections::find(NodeId node) {
    if (node.value >= peers_.size() || !peers_[node.value].known) {
        return nullptr;
    }
    return &peers_[node.value];
}

void Connections::send(NodeId to, const Notification& message, Effects& out) {
    if (dials_one_by_one_ && is_dialling_) {
        waiting_.push({to, message});
    } else {
        pass_on(to, message, out);
    }
}

void Connections::pass_on(NodeId to, const Notification& message, Effects& out) {
    if (to == self_) {
        loopback_.push(message);
        out.hand(Stage::election);
        return;
    }
    Peer* peer = find(to);
    if (peer == nullptr) {
        return;
    }
    peer->used = true;
    peer->queued = message;
    if (peer->link.exists()) {
        transmit(*peer, out);
    } else {
        dial(to, out);
    }
}

void Connections::connect_all(Effects& out) {
    for (const NodeId node : members_) {
        const Peer* peer = find(node);
        if (peer != nullptr && peer->used && !peer->link.exists()) {
            dial(node, out);
        }
    }
}

bool Connections::have_delivered() const {
    return std::any_of(peers_.begin(), peers_.end(),
                       [](const Peer& peer) { return peer.used && !peer.queued.has_value(); });
}

void Connections::dial(NodeId to, Effects& out) {
    Peer& peer = peers_[to.value];
    if (dials_one_by_one_ && is_dialling_) {
        if (!peer.waits_for_dial) {  // Who waits to dial it does not come to ask for it again.
            peer.waits_for_dial = true;
            waiting_.push({to, std::nullopt});
        }
    } else if (!peer.dialling) {  // At most one dial to a server is under way.
        peer.dialling = is_dialling_ = true;
        out.push(Dial{LinkKind::election, to, timeout_});
    }
}

/// A dial has ended: its thread goes on until it has to dial again.
void Connections::go_on(Effects& out) {
    is_dialling_ = false;
    while (!is_dialling_ && !waiting_.empty()) {
        const Waiting next = waiting_.front();
        waiting_.pop();
        if (next.message.has_value()) {
            pass_on(next.to, *next.message, out);
            continue;
        }
        Peer& peer = peers_[next.to.value];
        peer.waits_for_dial = false;
        if (!peer.link.exists()) {
            dial(next.to, out);
        }
    }
}

void Connections::on_link_up(const LinkUp& up, Effects& out) {
    if (up.accepted) {
        unnamed_.push_back(up.link);
        return;
    }
    Peer* peer = find(up.peer);
    if (peer == nullptr) {
        out.push(CloseLink{up.link});
        return;
    }
    peer->dialling = false;
    out.send(up.link, Hello{self_});
    if (self_ < up.peer) {
        // The larger id must own the connection: it will see our id and dial back.
        out.push(CloseLink{up.link});
    } else {
        adopt(up.peer, up.link, out);
    }
    go_on(out);
}

void Connections::on_hello(LinkId link, const Hello& hello, Effects& out) {
    std::erase(unnamed_, link);
    Peer* peer = find(hello.sid);
    if (peer == nullptr) {  // A stranger, or who takes himself for us.
        out.push(CloseLink{link});
        return;
    }
    if (hello.sid < self_) {
        // Ours to dial (QuorumCnxManager.handleConnection): end the old worker and call back.
        if (peer->link.exists()) {
            out.push(CloseLink{peer->link});
            peer->link = {};
        }
        out.push(CloseLink{link});
        dial(hello.sid, out);
        return;
    }
    adopt(hello.sid, link, out);
}

void Connections::adopt(NodeId node, LinkId link, Effects& out) {
    Peer& peer = peers_[node.value];
    if (peer.link.exists()) {
        out.push(CloseLink{peer.link});
    }
    peer.link = link;
    peer.used = true;
    if (!peer.queued.has_value()) {
        // The last message may have died with the old connection: better stale than lost.
        peer.queued = peer.last_sent;
    }
    transmit(peer, out);
}

void Connections::transmit(Peer& peer, Effects& out) {
    if (!peer.queued.has_value()) {
        return;
    }
    out.send(peer.link, *peer.queued);
    peer.last_sent = peer.queued;
    peer.queued.reset();
}

void Connections::on_link_down(LinkId link) {
    std::erase(unnamed_, link);
    for (Peer& peer : peers_) {
        if (peer.link == link) {
            peer.link = {};
        }
    }
}

void Connections::on_dial_failed(NodeId node, Effects& out) {
    if (Peer* peer = find(node)) {
        peer->dialling = false;
        go_on(out);
    }
}

std::optional<NodeId> Connections::peer_of(LinkId link) const {
    for (const NodeId node : members_) {
        if (peers_[node.value].link == link) {
            return node;
        }
    }
    return std::nullopt;
}

Notification Connections::take_loopback() {
    const Notification oldest = loopback_.front();
    loopback_.pop();
    return oldest;
}

std::uint64_t Connections::fingerprint() const {
    const auto words = [](Digest& digest, const std::optional<Notification>& n) {
        digest.add(n.has_value());
        if (n.has_value()) {
            digest.add(n->leader.value).add(n->zxid.value).add(n->round).add(n->peer_epoch.value);
            digest.add(static_cast<std::uint64_t>(n->state));
        }
    };
    Digest digest;
    for (const NodeId node : members_) {
        const Peer& peer = peers_[node.value];
        digest.add(peer.used).add(peer.dialling);
        digest.add(peer.link.slot).add(peer.link.generation);
        words(digest, peer.queued);
        words(digest, peer.last_sent);
    }
    digest.add(unnamed_.size());
    for (const LinkId link : unnamed_) {
        digest.add(link.slot).add(link.generation);
    }
    digest.add(waiting_.size());
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        digest.add(waiting_[i].to.value);
        words(digest, waiting_[i].message);
    }
    digest.add(loopback_.size());
    for (std::size_t i = 0; i < loopback_.size(); ++i) {
        words(digest, loopback_[i]);
    }
    return digest.value;
}

}  // namespace zab
