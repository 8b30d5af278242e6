#include "protocol/textbook/node.hpp"

#include "protocol/database.hpp"

namespace textbook {

Node::Node(zab::NodeId self, const zab::Config& config, const Options& options)
    : self_(self),
      options_(options),
      links_(self, config),
      election_(self),
      voting_(self, config.voters.size()),
      clients_(self) {}

void Node::step(const zab::Input& input, zab::Effects& out) {
    std::visit([this, &out](const auto& happened) { on(happened, out); }, input);
}

/// A node that comes back, or comes for the first time, cannot know who leads: it starts an
/// election itself, as soon as its connections should stand. Nobody tells it what it missed.
void Node::on(const zab::Started& started, zab::Effects& out) {
    if (options_.remembers) {
        propagation_.remember(started.disk->log);
    }
    const zab::Position last = started.disk->log.last();
    const zab::Duration wait = options_.election_wait;
    out.note(zab::NoteKind::booted, last.zxid.value, last.prefix);
    out.push(zab::Listen{zab::LinkKind::election, true});
    out.push(zab::Listen{zab::LinkKind::client, true});
    out.push(zab::SetTimer{zab::TimerKind::finalize, wait, wait});
    beat(out);
}

void Node::on(const zab::Received& received, zab::Effects& out) {
    const auto* said = std::get_if<zab::Telegram>(received.message);
    if (received.kind == zab::LinkKind::client) {
        on_client(received.link, *received.message, out);
    } else if (said != nullptr && word_of(*said) == Word::heartbeat) {
        const zab::NodeId from{static_cast<std::uint16_t>(said->number)};
        links_.on_heartbeat(received.link, from, options_, out);
    } else if (said != nullptr) {
        if (const auto from = links_.peer_at(received.link)) {
            on_telegram(*from, *said, out);
        }
    }
}

void Node::on_telegram(zab::NodeId from, const zab::Telegram& said, zab::Effects& out) {
    switch (word_of(said)) {
        case Word::election:
            if (!election_.is_open()) {
                election_.begin(propagation_.last_command(), links_, options_,
                                out);  // Who hears of an election takes part in it.
            }
            return election_.on_election(from, said, out);
        case Word::leader: election_.on_leader(from, said, out); return pass_held_on(out);
        case Word::forward: return pass_on(said, from, out);
        case Word::command: return propagation_.on_command(from, said, out);
        case Word::vote: return voting_.on_vote(from, said, propagation_, out);
        case Word::answer: return clients_.on_answer(said, propagation_.last_executed(), out);
        case Word::heartbeat:
        case Word::watch:
        case Word::notification: return;  // Not between servers, or heard already.
    }
}

void Node::on_client(zab::LinkId link, const zab::Message& message, zab::Effects& out) {
    const std::uint64_t executed = propagation_.last_executed();
    if (const auto* connect = std::get_if<zab::Connect>(&message)) {
        clients_.on_connect(link, *connect, out);
    } else if (const auto* ping = std::get_if<zab::ClientPing>(&message)) {
        out.send(link, zab::ClientPingReply{{executed}, ping->number});
    } else if (const auto* asked = std::get_if<zab::ClientRequest>(&message)) {
        if (clients_.on_request(link, asked->request, executed, out)) {
            pass_on(forwarded(asked->request), self_, out);
        }
    } else if (const auto* said = std::get_if<zab::Telegram>(&message)) {
        if (word_of(*said) == Word::watch) {
            watchers_.on_watch(link, *said, out);
        }
    }
}

/// A client's command goes to the leader. While nobody leads it waits; on its way it may be lost.
void Node::pass_on(const zab::Telegram& request, zab::NodeId origin, zab::Effects& out) {
    if (!election_.is_settled()) {
        held_.push({request, origin});
    } else if (!election_.leads()) {
        links_.send(election_.leader(), request, out);
    } else {
        const zab::Telegram command = propagation_.send(request, origin, links_, out);
        voting_.open(command, origin, options_.leader_votes, propagation_, out);
    }
}

void Node::pass_held_on(zab::Effects& out) {
    for (std::size_t count = held_.size(); count > 0; --count) {
        const auto [request, origin] = held_.front();
        held_.pop();
        pass_on(request, origin, out);
    }
}

/// The executing thread: a command is executed; then a follower votes, and a leader answers.
void Node::on(const zab::Ran&, zab::Effects& out) {
    const Execution done = propagation_.execute(options_.remembers, out);
    const std::uint64_t id = done.command.number;
    if (done.sender != self_) {
        links_.send(done.sender, say_of(done.command, Word::vote, id), out);
    } else if (done.origin == self_) {
        clients_.on_answer(done.command, propagation_.last_executed(), out);
    } else {
        links_.send(done.origin, say_of(done.command, Word::answer, id), out);
    }
    watchers_.on_executed(done.command, out);
}

void Node::on(const zab::TimerFired& fired, zab::Effects& out) {
    if (fired.timer == zab::TimerKind::tick) {
        beat(out);
    } else if (!election_.is_open()) {
        election_.begin(propagation_.last_command(), links_, options_, out);
    } else {
        election_.close(propagation_.last_command(), links_, out);
        pass_held_on(out);
    }
}

void Node::beat(zab::Effects& out) {
    links_.beat(options_, out);
    const std::int64_t patience = options_.give_up.ns / options_.heartbeat.ns;
    clients_.give_up(static_cast<std::uint32_t>(patience), out);
    out.push(zab::SetTimer{zab::TimerKind::tick, options_.heartbeat, options_.heartbeat});
}

void Node::on(const zab::LinkDown& down, zab::Effects& out) {
    if (down.kind == zab::LinkKind::client) {
        clients_.on_gone(down.link);
        watchers_.on_gone(down.link);
    } else if (const auto failed = links_.on_down(down.link)) {
        on_failure(*failed, out);
    }
}

/// One that fails during an election matters if it was about to win.
void Node::on_failure(zab::NodeId failed, zab::Effects& out) {
    const bool counts = options_.any_failure_elects && election_.is_settled();
    if (failed == election_.leader() || counts) {
        election_.begin(propagation_.last_command(), links_, options_, out);
    }
}

}  // namespace textbook
