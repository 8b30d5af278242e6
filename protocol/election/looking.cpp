#include "protocol/election/looking.hpp"

#include "protocol/server.hpp"
#include "protocol/types/digest.hpp"

#include <algorithm>
#include <limits>

namespace zab {

namespace {

Vote vote_of(const Notification& n) { return {n.leader, n.zxid, n.peer_epoch}; }

CastVote cast_of(const Notification& n) { return {vote_of(n), n.round, n.state, n.version}; }

/// As ZooKeeper puts it into recvset: without its version.
CastVote without_version(CastVote cast) {
    cast.version = 0;
    return cast;
}

/// The round of who is in none: -1 in ZooKeeper, and the next one is the first.
constexpr std::uint64_t no_round = std::numeric_limits<std::uint64_t>::max();

/// What this server would vote for if it knew of nobody else. Observers cannot be elected.
Vote initial_vote(const Server& server) {
    if (!server.is_voter()) {
        return {};
    }
    return {server.self, server.database.last_processed(), server.current_epoch};
}

}  // namespace

void Looking::begin(Server& server, Effects& out) {
    server.state = ServerState::looking;
    server.round += 1;
    proposal = initial_vote(server);
    notification_interval = server.config->min_notification_interval;
    out.note(NoteKind::looking, server.database.last_processed().value, 0,
             static_cast<std::uint32_t>(server.round));
    broadcast(server, out);
    wait(out);
}

Notification Looking::notification(const Server& server) const {
    return {proposal.leader, proposal.peer_epoch, proposal.zxid, server.round,
            ServerState::looking};
}

void Looking::broadcast(Server& server, Effects& out) const {
    const Notification message = notification(server);
    for (const NodeId voter : server.config->voters) {
        server.connections.send(voter, message, out);
    }
}

void Looking::wait(Effects& out) const {
    out.push(SetTimer{TimerKind::notification, notification_interval, notification_interval});
}

void Looking::on_notification_timer(Server& server, Effects& out) {
    if (finalizing || decision.has_value() || !server.election_queue.empty()) {
        return;  // A poll that ends finds what has come meanwhile.
    }
    if (server.connections.have_delivered()) {
        broadcast(server, out);
    } else {
        server.connections.connect_all(out);
    }
    // Back off: never reset within one election.
    notification_interval =
        std::min(notification_interval * 2, server.config->max_notification_interval);
    wait(out);
}

void Looking::on_next_vote(Server& server, Effects& out) {
    const HeardVote heard = server.election_queue.front();
    server.election_queue.pop();
    if (decision.has_value()) {
        return;  // leaveInstance: what is still queued is of no interest.
    }
    if (finalizing) {
        // Only the order of votes is looked at here: neither round nor state.
        const Duration patience = server.config->finalize_wait;
        if (!supersedes(vote_of(heard.notification), proposal, server.quorum)) {
            out.push(SetTimer{TimerKind::finalize, patience, patience});
            return;
        }
        finalizing = false;
        out.push(CancelTimer{TimerKind::finalize});
        server.election_queue.push(heard);
        out.hand(Stage::main);
        wait(out);
        return;
    }
    const bool is_valid =
        server.quorum.is_voter(heard.sender) && server.quorum.is_voter(heard.notification.leader);
    if (is_valid && heard.notification.state == ServerState::looking) {
        on_looking(server, heard, out);
    } else if (is_valid && heard.notification.state != ServerState::observing) {
        on_settled(server, heard, out);
    }
    if (!finalizing && !decision.has_value()) {
        wait(out);
    }
}

void Looking::on_looking(Server& server, const HeardVote& heard, Effects& out) {
    const Notification& n = heard.notification;
    if (n.round < server.round) {
        return;  // The receiver thread has told the sender already.
    }
    if (n.round > server.round) {
        // A newer round: start over from our own history, not from the vote we held.
        server.round = n.round;
        received.clear();
        const Vote own = initial_vote(server);
        proposal = supersedes(vote_of(n), own, server.quorum) ? vote_of(n) : own;
        broadcast(server, out);
    } else if (supersedes(vote_of(n), proposal, server.quorum)) {
        proposal = vote_of(n);
        broadcast(server, out);
    }
    received[heard.sender] = without_version(cast_of(n));
    const CastVote ours{proposal, server.round, ServerState::looking};
    const NodeSet agreeing = supporters(received, ours, server.release().votes);
    if (server.quorum.is_quorum(agreeing)) {
        finalizing = true;
        out.push(CancelTimer{TimerKind::notification});
        const Duration patience = server.config->finalize_wait;
        out.push(SetTimer{TimerKind::finalize, patience, patience});
    }
}

void Looking::on_settled(Server& server, const HeardVote& heard, Effects& out) {
    const CastVote told = cast_of(heard.notification);
    const VoteEquality equality = server.release().votes;
    // ZOOKEEPER-1514: elected by servers of another round, we must not lead by their word.
    const std::uint64_t own_round =
        server.release().leader_ignores_round ? told.round : server.round;
    if (told.round == server.round) {
        const bool is_as_looking = server.release().settled_votes_as_looking;
        CastVote& cast = received[heard.sender] = without_version(told);
        cast.state = is_as_looking ? ServerState::looking : told.state;
        const NodeSet agreeing = supporters(received, told, equality);
        const VoteTable& words = is_as_looking ? finished : received;
        if (server.quorum.is_quorum(agreeing) &&
            leader_is_confirmed(words, server.self, told.vote.leader, told.round, own_round)) {
            decide(server, told.vote, out);  // An election of ours, already over: no more waiting.
            return;
        }
    }
    finished[heard.sender] = told;
    const NodeSet agreeing = supporters(finished, told, equality);
    if (server.quorum.is_quorum(agreeing) &&
        leader_is_confirmed(finished, server.self, told.vote.leader, told.round, own_round)) {
        server.round = told.round;
        decide(server, told.vote, out);
    }
}

void Looking::on_finalize_timer(Server& server, Effects& out) {
    if (finalizing && server.election_queue.empty()) {
        decide(server, proposal, out);
    }
}

void Looking::decide(Server& server, const Vote& vote, Effects& out) {
    decision = vote;
    server.state = !server.is_voter()           ? ServerState::observing
                   : vote.leader == server.self ? ServerState::leading
                                                : ServerState::following;
    const bool forgets = server.release().decisions_forget_round;
    server.vote = {vote, forgets ? no_round : server.round, server.state};
    out.push(CancelTimer{TimerKind::notification});
    out.push(CancelTimer{TimerKind::finalize});
    out.note(NoteKind::elected, vote.zxid.value, 0, static_cast<std::uint32_t>(server.round),
             vote.leader);
}

void on_notification(Server& server, const Looking* looking, NodeId sender, const Notification& n,
                     Effects& out) {
    const bool sender_looks = n.state == ServerState::looking;
    Notification settled{server.vote.vote.leader, server.vote.vote.peer_epoch,
                         server.vote.vote.zxid, server.vote.round, server.state};
    if (!server.quorum.is_voter(sender)) {
        settled.round = server.round;
        server.connections.send(sender, settled, out);
        return;
    }
    if (server.state != ServerState::looking) {
        if (sender_looks) {
            server.connections.send(sender, settled, out);
        }
        return;
    }
    server.election_queue.push({sender, n});
    out.hand(Stage::main);
    if (sender_looks && n.round < server.round && looking != nullptr) {
        server.connections.send(sender, looking->notification(server), out);
    }
}

std::uint64_t Looking::fingerprint() const {
    Digest digest;
    for (const VoteTable* table : {&received, &finished}) {
        digest.add(table->size());
        for (const auto& [sender, cast] : *table) {
            digest.add(sender.value).add(cast.vote.leader.value).add(cast.vote.zxid.value);
            digest.add(cast.vote.peer_epoch.value).add(cast.round);
            digest.add(static_cast<std::uint64_t>(cast.state)).add(cast.version);
        }
    }
    digest.add(proposal.leader.value).add(proposal.zxid.value).add(proposal.peer_epoch.value);
    digest.add(static_cast<std::uint64_t>(notification_interval.ns)).add(finalizing);
    digest.add(decision.has_value()).add(decision.value_or(Vote{}).leader.value);
    return digest.value;
}

}  // namespace zab
