#pragma once

#include "protocol/config.hpp"
#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "protocol/leader/leading.hpp"
#include "protocol/learner/learning.hpp"
#include "protocol/server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace zab {

/// Read-only view of a peer's role, for observers and tests.
enum class RoleKind : std::uint8_t { booting, looking, learning, leading, leaving, ended };

/// How far a peer has come with leaving a role: the old one's threads end, one after the other.
enum class LeavingStep : std::uint8_t {
    stopping,  ///< Connections and processors end.
    flushing,  ///< The log's thread finishes what it has.
    reading,   ///< Memory is brought level with the disk.
    waiting,   ///< An observer for a random time; or for the write of a promise.
};

/// One server: a value with one pure step. All that can happen to it comes in as an `Input`, all
/// that it wants goes out, in order, as `Effects`. It may be copied at any moment and both copies
/// go on independently.
class Peer {
  public:
    Peer(NodeId self, std::shared_ptr<const Config> config);

    /// Takes one step. Requires: the input fits what was asked for (the world's part); any
    /// message may come at any time. Effects are appended to `out`.
    void step(const Input& input, const Moment& now, Effects& out) {
        std::visit([this, &now, &out](const auto& what) { step(what, now, out); }, input);
    }
    /// The same for one whose kind is known.
    template <class What>
    void step(const What& what, const Moment& now, Effects& out) {
        server_.now = now;
        if (!std::holds_alternative<Ended>(role_)) {
            on(what, out);
        }
    }

    RoleKind role() const { return static_cast<RoleKind>(role_.index()); }
    const Server& server() const { return server_; }
    const Leading* leading() const { return std::get_if<Leading>(&role_); }
    const Learning* learning() const { return std::get_if<Learning>(&role_); }
    const Looking* looking() const { return std::get_if<Looking>(&role_); }
    std::optional<LeavingStep> leaving() const {
        const auto* leaving = std::get_if<Leaving>(&role_);
        return leaving == nullptr ? std::nullopt : std::optional(leaving->step);
    }
    /// A digest of all that decides this peer's future behaviour.
    std::uint64_t fingerprint() const;

  private:
    /// The database is in memory; epoch files that were missing are written.
    struct Booting {
        bool writes_current = false;
        bool writes_accepted = false;
    };
    /// Between two roles.
    struct Leaving {
        LeavingStep step = LeavingStep::stopping;
        bool was_serving = false;
        bool was_leading = false;
        bool reload = false;             ///< Memory is not what the disk holds: read it anew.
        bool promises = false;           ///< A LearnerHandler still writes acceptedEpoch,
        bool is_through = false;         ///< and all else is done.
        std::vector<LinkId> learners{};  ///< A leader's: closed at the end.
    };
    struct Ended {};

    void on(const Started& started, Effects& out);
    void on(const Received& received, Effects& out);
    void on(const Ran& ran, Effects& out);
    void on(const TimerFired& fired, Effects& out);
    void on(const LinkUp& up, Effects& out);
    void on(const LinkDown& down, Effects& out);
    void on(const DialFailed& failed, Effects& out);
    void on(const Done& done, Effects& out);

    void on_election_message(const Received& received, Effects& out);
    void on_client_message(const Received& received, Effects& out);
    void on_connect(LinkId link, const Connect& connect, Effects& out);
    void on_looking_turn(Effects& out);
    void on_request_turn(Effects& out);
    bool awaits_accepted_epoch(const Done& done) const;
    void on_log_synced(Effects& out);
    void on_failed(const Done& done, Effects& out);
    void on_promise_over(Effects& out);
    void on_log_failed(const Done& done, Effects& out);
    void end(const Effect& how, Effects& out);
    void on_leading_done(const Done& done, Effects& out);
    void on_learning_done(const Done& done, Effects& out);
    void on_leaving_done(const Done& done, Effects& out);
    void finish_leaving(Effects& out);
    std::optional<Refusal> unreadable(const DiskImage& disk) const;
    std::optional<Refusal> take_epochs(const DiskImage& disk);
    void go_on_booting(Effects& out);

    void tell_memory(Effects& out) const;
    void become_looking(Effects& out);
    void become_leading(Effects& out);
    void become_learning(NodeId leader, Effects& out);
    void leave(Effects& out);
    void settle(Verdict verdict, Effects& out);
    bool is_leader() const { return leading() != nullptr; }

    Server server_;
    std::variant<Booting, Looking, Learning, Leading, Leaving, Ended> role_;
};

}  // namespace zab
