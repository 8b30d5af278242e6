#include "sim/clock/horizon.hpp"
#include "sim/world/requests.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// What the items of threads cost in cpu time.

namespace {

// Behind the places of the stages: a learner's main thread, and telling one watcher.
constexpr std::size_t learner_cost = StageRef::per_server;
constexpr std::size_t notice_cost = learner_cost + 1;

bool answers_write(const zab::Message& message) {
    const auto* reply = std::get_if<zab::ClientReply>(&message);
    return reply != nullptr && zab::needs_commit(reply->operation, true);
}

bool is_watch_event(const zab::Send& send) {
    return zab::kind_of(send.message) == zab::MessageKind::watch_event;
}

}  // namespace

/// What an item of each stage costs, as far as the stage alone decides.
void World::set_item_costs() {
    const CpuSpec& cpu = scenario_->cpu;
    const auto set_at = [this](std::size_t place, const Distribution& distribution, bool per_byte) {
        const bool is_drawn = !distribution.is_constant() || !scenario_->cpu.wake_up.is_constant();
        item_costs_[place] = {&distribution, is_drawn, per_byte};
    };
    const auto set = [&set_at](zab::Stage stage, const Distribution& distribution, bool per_byte) {
        set_at(static_cast<std::size_t>(stage), distribution, per_byte);
    };
    set_at(learner_cost, cpu.learner, false);
    set_at(notice_cost, cpu.watch_event, false);
    sender_cost_ = {&cpu.sender, !cpu.sender.is_constant() || !cpu.wake_up.is_constant(), false};
    set(zab::Stage::main, cpu.election, false);
    set(zab::Stage::election, cpu.election, false);
    set(zab::Stage::io, cpu.io, true);
    set(zab::Stage::request, cpu.request, true);
    set(zab::Stage::sync, cpu.append, true);
    set(zab::Stage::commit, cpu.commit, false);
    set(zab::Stage::snapshot, cpu.handler, false);
    set(zab::Stage::handler, cpu.handler, false);
    has_outcome_costs_ = !(cpu.reply == Distribution{}) || !(cpu.propose == Distribution{}) ||
                         !(cpu.leader_reply == Distribution{});
    for (const ClientGroup& group : scenario_->clients) {
        has_watchers_ |= may_watch(group);
    }
    has_first_use_costs_ = !(cpu.first_use == Distribution{});
    for (ItemCost& cost : item_costs_) {
        cost.is_drawn |= has_first_use_costs_;
    }
    sender_cost_.is_drawn |= has_first_use_costs_;
    for (const zab::Stage stage : {zab::Stage::io, zab::Stage::request, zab::Stage::commit}) {
        item_costs_[static_cast<std::size_t>(stage)].is_drawn |= has_outcome_costs_;
    }
    item_costs_[notice_cost].is_drawn |= has_outcome_costs_;  // A held answer goes with the last.
}

/// Names a thread among its server's draws. A handler is known by its learner: connections are
/// numbered by chance.
inline std::uint64_t World::thread_of(StageRef ref) const {
    return ref.is_of_connection()
               ? StageRef::per_server +
                     servers_[connections_[ref.connection()].ends[0].index].id.value
               : static_cast<std::uint64_t>(ref.stage());
}

/// Waking a thread costs the less, the shorter it has slept.
std::int64_t World::wake_cost(std::int64_t slept, std::uint64_t word) const {
    const CpuSpec& cpu = scenario_->cpu;
    const std::int64_t cost = within_horizon(cpu.wake_up.draw(word).ns);
    return slept >= cpu.deep_sleep.ns ? cost
                                      : std::min(cost, longest_item_ns) * (slept / 1'000) /
                                            (cpu.deep_sleep.ns / 1'000 + 1);
}

/// Which costs are a step's: its stage's, but for two kinds of step.
inline std::size_t World::cost_place(const Step& step) const {
    if (step.stage.is_of_connection()) {
        return static_cast<std::size_t>(zab::Stage::handler);
    }
    const zab::Stage stage = step.stage.stage();
    if (stage == zab::Stage::main) {
        // Until it serves, a learner runs what it seldom runs, as in an election.
        const Participant& peer = servers_[step.server].peer;
        if (peer.role() == zab::RoleKind::learning && peer.serves()) {
            return learner_cost;
        }
    } else if (has_watchers_ && stage == zab::Stage::commit && !effects_.empty()) [[unlikely]] {
        const auto* note = std::get_if<zab::Note>(&effects_.list().front());
        if (note != nullptr && note->kind == zab::NoteKind::watch_fired) {
            return notice_cost;
        }
    }
    return static_cast<std::size_t>(stage);
}

/// By the change and by whom it is told to.
std::uint64_t World::notice_word(const ServerNode& server) const {
    constexpr std::uint64_t behind_threads = std::uint64_t{1} << 32;
    const auto& note = std::get<zab::Note>(effects_.list().front());
    return draw(server.cpu_key, note.a, behind_threads + note.b);
}

[[gnu::always_inline]] inline std::uint32_t World::item_cost(const Step& step,
                                                             std::uint64_t meaning,
                                                             std::uint32_t bytes,
                                                             std::int64_t slept) {
    const CpuSpec& cpu = scenario_->cpu;
    ServerNode& server = servers_[step.server];
    const std::size_t place = cost_place(step);
    const ItemCost& item = item_costs_[place];
    std::uint64_t word = 0;
    if (place == notice_cost) [[unlikely]] {
        word = notice_word(server);
    } else if (item.is_drawn) {
        word = draw(server.cpu_key, meaning, thread_of(step.stage));
    }
    std::int64_t cost = within_horizon(item.distribution->draw(word).ns);
    if (slept > 0) {
        cost += wake_cost(slept, next_word(word));
    }
    if (has_outcome_costs_) {
        cost += outcome_cost(step.stage, word);
    }
    if (has_first_use_costs_ && place != notice_cost) {
        cost += first_use_cost(
            server, place == learner_cost ? static_cast<std::size_t>(zab::Stage::main) : place,
            word);
    }
    if (item.per_byte && cpu.per_byte.nano != 0) {
        cost += std::int64_t{bytes} * cpu.per_byte.nano / Factor::one_nano;
    }
    if (server.slow_factor_nano != Factor::one_nano) {
        const UnsignedWide slowed =
            UnsignedWide{static_cast<std::uint64_t>(std::min(cost, longest_item_ns))} *
            static_cast<std::uint64_t>(server.slow_factor_nano) / Factor::one_nano;
        cost = slowed > longest_item_ns ? longest_item_ns : static_cast<std::int64_t>(slowed);
    }
    return static_cast<std::uint32_t>(std::min(cost, longest_item_ns));
}

/// Code that has seldom run is interpreted, and after so many calls compiled (HotSpot's
/// Tier3InvocationThreshold). What runs before a server serves is paid for by `election` and the
/// times of the process.
std::int64_t World::first_use_cost(ServerNode& server, std::size_t thread,
                                   std::uint64_t word) const {
    constexpr std::int64_t seldom = 10, compiled = 200;
    const std::int64_t before = server.practised[thread];
    if (before >= compiled) {
        return 0;
    }
    ++server.practised[thread];
    if (!server.peer.serves()) {
        return 0;
    }
    const std::int64_t first = scenario_->cpu.first_use.draw(next_word(word + 3)).ns;
    return std::min(first, longest_item_ns) * seldom / (seldom + before);
}

/// What is special about the step being taken: a transaction is made, replies are written.
std::int64_t World::outcome_cost(StageRef ref, std::uint64_t word) const {
    if (ref.is_of_connection()) {
        return 0;
    }
    const zab::Stage stage = ref.stage();
    const CpuSpec& cpu = scenario_->cpu;
    const auto drawn = [](const Distribution& distribution, std::uint64_t from) {
        return std::min(distribution.draw(from).ns, longest_item_ns);
    };
    std::int64_t cost = 0;
    if (stage != zab::Stage::request && stage != zab::Stage::commit) {
        return cost;
    }
    const bool is_leading = servers_[ref.server()].peer.role() == zab::RoleKind::leading;
    for (const zab::Effect& effect : effects_.list()) {
        const auto* note = std::get_if<zab::Note>(&effect);
        if (note != nullptr && note->kind == zab::NoteKind::propose) {
            cost += drawn(cpu.propose, next_word(word + 2));
        } else if (const auto* send = std::get_if<zab::Send>(&effect);
                   stage == zab::Stage::commit && send != nullptr && !is_watch_event(*send)) {
            word = next_word(word + 1);
            cost += drawn(cpu.reply, word);
            if (is_leading && answers_write(send->message)) {
                cost += drawn(cpu.leader_reply, next_word(word + 4));
            }
        }
    }
    return cost;
}

/// The cpu time of a step, and with it when its effects leave. A thread is woken only by what finds
/// it asleep, and only an idle core has to be woken for it: one that has just put down something
/// else turns to it at little cost.
void World::pay(Step& step, const Stage& stage, std::int64_t since, std::uint64_t meaning,
                std::uint32_t bytes) {
    // What is about nothing is told apart by how many items its thread has done.
    step.service = item_cost(step, meaning != 0 ? meaning : stage.items, bytes,
                             since < now_ ? 0 : since - stage.busy_until);
    step.ready = now_ + step.service;
}

}  // namespace sim
