#pragma once

#include "protocol/database.hpp"
#include "protocol/textbook/node.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

/// One node of the simplified protocol, held by the hand of a test.
namespace test {

inline zab::Config nodes(std::uint16_t count) {
    zab::Config config;
    for (std::uint16_t id = 1; id <= count; ++id) config.voters.push_back({id});
    return config;
}

/// Ids of nodes, to go through.
using Ids = std::initializer_list<std::uint16_t>;

class TextbookBench {
  public:
    using Word = textbook::Word;

    TextbookBench(std::uint16_t self, std::uint16_t count, textbook::Options options = {})
        : self_(self), count_(count), node_({self}, nodes(count), options) {}

    /// Boots it with what its disk holds, and connects it with all others.
    TextbookBench& boot() { return boot(zab::DiskImage()); }
    TextbookBench& boot(zab::DiskImage disk) {
        disk_ = std::move(disk);
        step(zab::Started{&disk_, 0});
        for (std::uint16_t id = 1; id <= count_; ++id) {
            if (id != self_) hear(id, Word::heartbeat, id);
        }
        return *this;
    }
    /// The same, and lets its first election be won by `leader`.
    TextbookBench& boot_under(std::uint16_t leader) {
        boot();
        begin_election();
        if (leader != self_) hear(leader, Word::leader, leader);
        if (leader == self_) end_of_wait();
        effects_.clear();
        return *this;
    }

    void hear(std::uint16_t from, Word word, std::uint64_t number, std::uint32_t reference = 0) {
        hear(from, textbook::say(word, number, reference));
    }
    void hear(std::uint16_t from, const zab::Telegram& telegram) {
        const zab::Message message = telegram;
        step(zab::Received{link_of(from), zab::LinkKind::election, &message, nullptr});
    }
    void hear_client(std::uint32_t client, const zab::Message& message) {
        step(zab::Received{client_link(client), zab::LinkKind::client, &message, nullptr});
    }
    /// A client connects and asks for something.
    void ask(std::uint32_t client, zab::Cxid cxid, zab::Operation operation, zab::PathId path = 5) {
        if (cxid == 1) hear_client(client, zab::Connect{{}, {}, client, 10'000});
        hear_client(client, zab::ClientRequest{{{}, cxid, path, 100, client, operation}});
    }
    void lose(std::uint16_t peer, zab::DownReason reason = zab::DownReason::reset) {
        step(zab::LinkDown{link_of(peer), zab::LinkKind::election, reason, {peer}});
    }
    void begin_election() { step(zab::TimerFired{zab::TimerKind::finalize}); }
    void end_of_wait() { step(zab::TimerFired{zab::TimerKind::finalize}); }
    void beat() { step(zab::TimerFired{zab::TimerKind::tick}); }
    /// The executing thread does what it has to do.
    void execute() { step(zab::Ran{zab::Stage::commit, {}}); }
    void step(const zab::Input& input) {
        effects_.clear();
        node_.step(input, effects_);
    }

    const textbook::Node& node() const { return node_; }

    /// What the last step has sent to a server, or to a client, with this word.
    std::vector<zab::Telegram> said_to(std::uint16_t peer, Word word) const {
        return said(link_of(peer), word);
    }
    std::vector<zab::Telegram> said_to_client(std::uint32_t client, Word word) const {
        return said(client_link(client), word);
    }
    std::vector<zab::ClientReply> replies_to(std::uint32_t client) const {
        std::vector<zab::ClientReply> found;
        for (const zab::Effect& effect : effects_.list()) {
            const auto* send = std::get_if<zab::Send>(&effect);
            if (send == nullptr || send->link != client_link(client)) continue;
            const auto* reply = std::get_if<zab::ClientReply>(&send->message);
            if (reply != nullptr) found.push_back(*reply);
        }
        return found;
    }
    std::vector<zab::Note> notes(zab::NoteKind kind) const {
        std::vector<zab::Note> found;
        for (const zab::Effect& effect : effects_.list()) {
            const auto* note = std::get_if<zab::Note>(&effect);
            if (note != nullptr && note->kind == kind) found.push_back(*note);
        }
        return found;
    }
    template <class T>
    std::size_t count() const {
        std::size_t number = 0;
        for (const zab::Effect& effect : effects_.list()) {
            number += std::holds_alternative<T>(effect) ? 1u : 0u;
        }
        return number;
    }

  private:
    static zab::LinkId link_of(std::uint16_t peer) { return {peer, 1}; }
    static zab::LinkId client_link(std::uint32_t client) { return {1'000 + client, 1}; }

    std::vector<zab::Telegram> said(zab::LinkId link, Word word) const {
        std::vector<zab::Telegram> found;
        for (const zab::Effect& effect : effects_.list()) {
            const auto* send = std::get_if<zab::Send>(&effect);
            if (send == nullptr || send->link != link) continue;
            const auto* telegram = std::get_if<zab::Telegram>(&send->message);
            if (telegram != nullptr && textbook::word_of(*telegram) == word) {
                found.push_back(*telegram);
            }
        }
        return found;
    }

    std::uint16_t self_;
    std::uint16_t count_;
    textbook::Node node_;
    zab::DiskImage disk_;
    zab::Effects effects_;
};

/// A command under an id, as a leader sends it.
inline zab::Telegram command(std::uint64_t id, std::uint32_t client = 9, std::uint32_t cxid = 1,
                             zab::PathId path = 5) {
    zab::Telegram said = textbook::say(textbook::Word::command, id, cxid);
    said.client = client;
    said.path = path;
    said.operation = zab::Operation::set;
    return said;
}

}  // namespace test
