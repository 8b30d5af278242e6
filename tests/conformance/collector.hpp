#pragma once

#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"
#include "tests/conformance/interpreters.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace conformance {

/// A leader before its epoch is decided, and the learners that ask it for one.
class Collector {
  public:
    /// The leader is the first voter, unless another one is told.
    explicit Collector(const Value& initial, const zab::Release& release,
                       std::optional<std::uint16_t> told = std::nullopt) {
        zab::Config config = config_of(initial, 1);
        config.release = release;
        if (config.voters.empty()) config.voters = {{1}, {2}, {3}};
        zab::NodeId self = config.voters.front();
        if (told) self = {static_cast<std::uint16_t>(*told + 1)};
        server_ = std::make_unique<zab::Server>(self, std::make_shared<const zab::Config>(config));
        const Value* leader = initial.find("leader");
        const auto epoch = [leader](std::string_view key) -> zab::Epoch {
            const Value* found = leader == nullptr ? nullptr : leader->find(key);
            return {found == nullptr ? 0 : static_cast<std::uint32_t>(number(*found, key))};
        };
        server_->accepted_epoch = epoch("acceptedEpoch");
        server_->current_epoch = epoch("currentEpoch");
        leading_.phase = zab::Leading::Phase::discovery;  // Learners are accepted already.
    }

    /// The leader's own thread asks.
    void ask() {
        leading_.on_snapshot_written(*server_, effects_);
        settle();
    }
    void connect(std::uint16_t sid, zab::Epoch accepted) {
        zab::Effects wishes;
        leading_.on_link_up(*server_, {++links_, 1}, wishes);
        for (const zab::Effect& wish : wishes.list()) {
            if (const auto* limit = std::get_if<zab::SetReadTimeout>(&wish))
                patience_ = limit->timeout;
        }
        zab::Handler& handler = leading_.handlers.back();
        handler.sid = {static_cast<std::uint16_t>(sid + 1)};
        handler.participant = server_->quorum.is_voter(handler.sid);
        leading_.on_registered(*server_, handler, accepted, effects_);
        settle();
    }
    /// A leader drops who is newer than itself, and then it has no handler.
    void acknowledge(std::uint16_t sid, const zab::AckEpoch& ack) {
        auto& all = leading_.handlers;
        const auto handler = std::find_if(
            all.begin(), all.end(), [sid](const auto& one) { return one.sid.value == sid + 1; });
        if (handler != all.end()) leading_.on_ack_epoch(*server_, *handler, ack, effects_);
    }
    bool knows(std::uint16_t sid) const {
        const auto& all = leading_.handlers;
        return std::any_of(all.begin(), all.end(), [sid](const zab::Handler& handler) {
            return handler.sid.value == sid + 1;
        });
    }
    /// The leader's main thread, once its own promise is written, acknowledges too.
    void acknowledge_own() { leading_.on_main_turn(*server_, effects_); }
    /// As far as the epoch that the leader and this follower have asked for …
    void decide_with(std::uint16_t sid) {
        if (!has_asked()) ask();
        if (!is_decided() && !knows(sid)) connect(sid, accepted());
    }
    /// … and have acknowledged.
    void agree_with(std::uint16_t sid) {
        decide_with(sid);
        if (!knows(sid)) connect(sid, accepted());
        acknowledge(sid, {zab::Zxid{}, current()});
        acknowledge_own();
    }
    /// NEWLEADER: the leader acknowledges by having written its own epoch.
    void acknowledge_leader(std::uint16_t sid) {
        auto& all = leading_.handlers;
        const auto handler = std::find_if(
            all.begin(), all.end(), [sid](const auto& one) { return one.sid.value == sid + 1; });
        const zab::Zxid zxid = zab::Zxid::of(leading_.epoch, 0);
        if (handler == all.end()) {
            leading_.on_current_epoch_written(*server_, effects_);
        } else {
            leading_.on_new_leader_ack(*server_, *handler, zxid, effects_);
        }
        leading_.on_main_turn(*server_, effects_);
    }

    /// Who has told an accepted epoch, and who has acknowledged the new one, of these servers.
    std::vector<std::uint64_t> connecting(std::uint16_t servers) const {
        return members_of(leading_.connecting, servers);
    }
    std::vector<std::uint64_t> electing(std::uint16_t servers) const {
        return members_of(leading_.electing, servers);
    }
    std::vector<std::uint64_t> following(std::uint16_t servers) const {
        return members_of(leading_.new_leader_acks, servers);
    }
    bool is_decided() const { return leading_.epoch_decided; }
    bool is_acknowledged() const { return leading_.election_finished; }
    bool is_established() const {
        using Phase = zab::Leading::Phase;
        return leading_.phase == Phase::starting || leading_.phase == Phase::broadcast;
    }
    zab::Epoch epoch() const { return leading_.epoch; }
    zab::Epoch accepted() const { return server_->accepted_epoch; }
    zab::Epoch current() const { return server_->current_epoch; }
    bool is_voter(std::uint16_t sid) const {
        return server_->quorum.is_voter({static_cast<std::uint16_t>(sid + 1)});
    }
    bool has_asked() const { return leading_.connecting.contains(server_->self); }
    /// The leader's own wait ends after initLimit ticks too.
    bool leader_gives_up_after_init_limit() const {
        const auto& all = effects_.list();
        const zab::Duration limit = server_->ticks(server_->config->init_limit);
        return std::any_of(all.begin(), all.end(), [limit](const zab::Effect& effect) {
            const auto* timer = std::get_if<zab::SetTimer>(&effect);
            return timer != nullptr && timer->timer == zab::TimerKind::epoch_wait &&
                   timer->latest == limit;
        });
    }
    /// A learner that hears nothing is given up after initLimit ticks.
    bool gives_up_after_init_limit() const {
        return patience_ == server_->ticks(server_->config->init_limit);
    }

  private:
    static std::vector<std::uint64_t> members_of(const zab::NodeSet& set, std::uint16_t servers) {
        std::vector<std::uint64_t> all;
        for (std::uint16_t sid = 0; sid < servers; ++sid) {
            if (set.contains({static_cast<std::uint16_t>(sid + 1)})) all.push_back(sid);
        }
        return all;
    }
    void settle() {
        if (leading_.epoch_decided && !leading_.epoch_written) {
            leading_.on_accepted_epoch_written(*server_, effects_);
        }
    }

    std::unique_ptr<zab::Server> server_;
    zab::Leading leading_;
    zab::Effects effects_;
    std::uint32_t links_ = 0;
    zab::Duration patience_{};
};

}  // namespace conformance
