#pragma once

#include "protocol/effect.hpp"

namespace textbook {

/// What a telegram of this protocol says (Telegram::kind), and what its `number` is.
enum class Word : std::uint8_t {
    heartbeat,     ///< "I am here": the sender's id.
    election,      ///< An election id.
    leader,        ///< A leader id.
    forward,       ///< A client's command, from its server to the leader; no number.
    command,       ///< A command id, with the command.
    vote,          ///< A vote id: the id of the command that was executed.
    answer,        ///< The id of an agreed command, to the server of the client that asked.
    watch,         ///< A watcher id, from an application to its server.
    notification,  ///< A notification id, from a server to an application.
};

inline Word word_of(const zab::Telegram& telegram) { return static_cast<Word>(telegram.kind); }

inline zab::Telegram say(Word word, std::uint64_t number, std::uint32_t reference = 0) {
    return {.number = number, .reference = reference, .kind = static_cast<std::uint8_t>(word)};
}

/// The same command under another word and number.
inline zab::Telegram say_of(const zab::Telegram& command, Word word, std::uint64_t number) {
    zab::Telegram said = command;
    said.kind = static_cast<std::uint8_t>(word);
    said.number = number;
    return said;
}

inline zab::Telegram forwarded(const zab::Request& request) {
    return {.reference = request.cxid,
            .client = request.client,
            .path = request.path,
            .bytes = request.bytes,
            .operation = request.operation,
            .kind = static_cast<std::uint8_t>(Word::forward)};
}

/// Names a command: who asked, and the client's own number for it.
inline std::uint64_t identity_of(const zab::Telegram& command) {
    return (std::uint64_t{command.client} << 32) | command.reference;
}

/// What came of comparing an id with L (detail of the note that tells of it).
enum class LeaderOutcome : std::uint16_t { election_ignored, election_taken, leader_taken };

}  // namespace textbook
