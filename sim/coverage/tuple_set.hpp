#pragma once

#include "protocol/peer.hpp"
#include "sim/coverage/tuples.hpp"

#include <array>
#include <cstdint>
#include <type_traits>

namespace sim {

/// Which tuples a run has come by. It looks on, and draws and changes nothing.
class TupleSet {
  public:
    /// The peer is about to take this input. Null: the server speaks another protocol.
    template <class What>
    void add(const zab::Peer* peer, const What& what) {
        if (peer == nullptr) {
            return;
        }
        if constexpr (std::is_same_v<What, zab::Input>) {
            std::visit([this, peer](const auto& one) { this->add_one(*peer, one); }, what);
        } else {
            add_one(*peer, what);
        }
    }
    bool has(std::uint32_t tuple) const { return marks_[tuple] != 0; }

  private:
    template <class What>
    void add_one(const zab::Peer& peer, const What& what) {
        const std::uint32_t input = input_number(what);
        const zab::Leading* leading = peer.leading();
        if (leading == nullptr) {
            mark(situation_of_others(peer), input);
            return;
        }
        mark(situation(Role::leader, leading->phase), input);
        if (is_of_handler(what)) {
            mark_handler(*leading, what, input);
        }
    }
    static std::uint32_t situation_of_others(const zab::Peer& peer) {
        if (const zab::Learning* learning = peer.learning()) {
            const bool votes = peer.server().is_voter();
            return situation(votes ? Role::follower : Role::observer, learning->phase);
        }
        if (const zab::Looking* looking = peer.looking()) {
            return situation(Role::looking, looking->phase());
        }
        if (const auto step = peer.leaving()) {
            return situation(Role::leaving, *step);
        }
        return situation(Role::booting, OnlyPhase::any);
    }

    /// Whether an input of a leader is about one of its learners' connections.
    template <class What>
    static bool is_of_handler(const What& what) {
        if constexpr (std::is_same_v<What, zab::Received> || std::is_same_v<What, zab::LinkDown>) {
            return what.kind == zab::LinkKind::learner;
        } else if constexpr (std::is_same_v<What, zab::Ran> || std::is_same_v<What, zab::Done>) {
            return what.stage == zab::Stage::handler;
        }
        return false;
    }
    template <class What>
    void mark_handler(const zab::Leading& leading, const What& what, std::uint32_t input) {
        if constexpr (requires { what.link; }) {
            for (const zab::Handler& handler : leading.handlers) {
                if (handler.link == what.link) {
                    mark(situation(Role::handler, handler.phase), input);
                    return;
                }
            }
            mark(situation(Role::stranger, OnlyPhase::any), input);
        }
    }
    void mark(std::uint32_t situation, std::uint32_t input) {
        marks_[tuple_number(situation, input)] = 1;
    }

    std::array<std::uint8_t, tuple_count> marks_{};
};

/// A tuple that happened although `why_unreachable` says that it cannot; empty: there is none.
std::string broken_claim(const TupleSet& tuples);

}  // namespace sim
