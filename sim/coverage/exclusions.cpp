#include "sim/coverage/tuples.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sim {

// What cannot happen, and why not. Every campaign holds these rules against what it sees, and so
// does every exhaustive search of tests/explore: one that is wrong is a failure of that seed.

namespace {

using zab::MessageKind;
using zab::Stage;
using zab::TimerKind;
using zab::Work;
using Learning = zab::Learning::Phase;
using Leading = zab::Leading::Phase;
using Handler = zab::Handler::Phase;
using Looking = zab::Looking::Phase;
using zab::LeavingStep;

template <class Phase>
bool is_in(const Tuple& t, std::initializer_list<Phase> phases) {
    return std::ranges::find(phases, static_cast<Phase>(t.phase)) != phases.end();
}
bool is_learner(const Tuple& t) { return t.role == Role::follower || t.role == Role::observer; }
bool learns_in(const Tuple& t, std::initializer_list<Learning> phases) {
    return is_learner(t) && is_in(t, phases);
}
bool leads_in(const Tuple& t, std::initializer_list<Leading> phases) {
    return t.role == Role::leader && is_in(t, phases);
}
bool is_handler_in(const Tuple& t, std::initializer_list<Handler> phases) {
    return t.role == Role::handler && is_in(t, phases);
}
bool leaves_in(const Tuple& t, std::initializer_list<LeavingStep> steps) {
    return t.role == Role::leaving && is_in(t, steps);
}
bool looks_in(const Tuple& t, Looking phase) {
    return t.role == Role::looking && is_in(t, {phase});
}
/// Whether the input goes to a leader, or to one of its threads.
bool is_at_leader(const Tuple& t) {
    return t.role == Role::leader || t.role == Role::handler || t.role == Role::stranger;
}
bool is_serving(const Tuple& t) {
    return leads_in(t, {Leading::broadcast}) || learns_in(t, {Learning::serving});
}

bool is_message(const Tuple& t, std::initializer_list<MessageKind> kinds) {
    return t.kind == InputKind::receive &&
           std::ranges::find(kinds, static_cast<MessageKind>(t.place)) != kinds.end();
}
bool is_from_leader(const Tuple& t) {
    return is_message(
        t, {MessageKind::leader_info, MessageKind::diff, MessageKind::trunc, MessageKind::snap,
            MessageKind::new_leader, MessageKind::up_to_date, MessageKind::proposal,
            MessageKind::commit, MessageKind::inform, MessageKind::sync_reply, MessageKind::ping,
            MessageKind::revalidate_reply});
}
bool is_introduction(const Tuple& t) {
    return is_message(t, {MessageKind::follower_info, MessageKind::observer_info});
}
/// What learners send once they know the new epoch.
bool is_from_learner(const Tuple& t) {
    return is_message(
        t, {MessageKind::ack_epoch, MessageKind::ack, MessageKind::forward, MessageKind::sync,
            MessageKind::ping_reply, MessageKind::revalidate, MessageKind::touch});
}

/// A leader's connections to its learners are still there.
bool is_stopping(const Tuple& t) {
    return leaves_in(t, {LeavingStep::stopping, LeavingStep::flushing, LeavingStep::reading});
}

zab::LinkKind link_of(const Tuple& t) {
    return static_cast<zab::LinkKind>(t.kind == InputKind::link_up ? t.place / 2
                                                                   : t.place / down_reasons);
}
bool is_of_link(const Tuple& t, zab::LinkKind kind) {
    return (t.kind == InputKind::link_up || t.kind == InputKind::link_down ||
            t.kind == InputKind::dial_failed) &&
           link_of(t) == kind;
}
bool is_accepted(const Tuple& t) { return t.kind == InputKind::link_up && t.place % 2 == 1; }
Work work_of(const Tuple& t) { return static_cast<Work>(t.place / 2 / stages); }
Stage stage_of(const Tuple& t) { return static_cast<Stage>(t.place / 2 % stages); }
bool is_done_of(const Tuple& t, Stage stage) {
    return t.kind == InputKind::done && stage_of(t) == stage;
}
bool is_turn_of(const Tuple& t, Stage stage) {
    return t.kind == InputKind::turn && static_cast<Stage>(t.place) == stage;
}

/// Whether this stage ever asks for this work (Effects::start).
bool is_asked_for(Work work, Stage stage) {
    switch (stage) {
        case Stage::main: return work != Work::serialize_snapshot;
        case Stage::sync: return work == Work::sync_log;
        case Stage::snapshot: return work == Work::write_snapshot;
        case Stage::handler:
            return work == Work::write_accepted_epoch || work == Work::read_log ||
                   work == Work::serialize_snapshot;
        case Stage::election:
        case Stage::io:
        case Stage::request:
        case Stage::commit: return false;
    }
    return false;
}
bool has_disk(Work work) {
    return work != Work::shut_down_role && work != Work::finish_election &&
           work != Work::open_port && work != Work::start_serving &&
           work != Work::serialize_snapshot;
}
/// Whether the main thread waits for this work in this phase, and for no other.
bool is_awaited(const Tuple& t, Work work) {
    const bool boots = t.role == Role::booting;
    switch (work) {
        case Work::shut_down_role: return leaves_in(t, {LeavingStep::stopping});
        case Work::finish_election: return looks_in(t, Looking::decided);
        case Work::open_port: return leads_in(t, {Leading::preparing});
        case Work::start_serving:
            return leads_in(t, {Leading::starting}) || learns_in(t, {Learning::starting});
        case Work::write_accepted_epoch:
            return boots || leads_in(t, {Leading::discovery}) ||
                   learns_in(t, {Learning::accepting});
        case Work::write_current_epoch:
            return boots || leads_in(t, {Leading::entering_epoch}) ||
                   learns_in(t, {Learning::entering_epoch});
        case Work::sync_log:
            return learns_in(t, {Learning::logging}) || leaves_in(t, {LeavingStep::flushing});
        case Work::truncate_log: return learns_in(t, {Learning::truncating});
        case Work::read_log: return leaves_in(t, {LeavingStep::reading});
        case Work::write_snapshot:
            return leads_in(t, {Leading::preparing}) || learns_in(t, {Learning::snapshotting});
        case Work::serialize_snapshot: return false;
    }
    return false;
}
/// Whether the main thread does nothing in this phase but wait for a piece of work.
bool waits_for_work(const Tuple& t) {
    return looks_in(t, Looking::decided) ||
           learns_in(t, {Learning::accepting, Learning::truncating, Learning::snapshotting,
                         Learning::logging, Learning::entering_epoch, Learning::starting}) ||
           leads_in(t, {Leading::preparing, Leading::entering_epoch, Leading::starting}) ||
           leaves_in(t, {LeavingStep::stopping, LeavingStep::flushing, LeavingStep::reading});
}
/// Whether the main thread would be the one to take this. Who accepts learners is another one.
bool is_for_main(const Tuple& t) {
    return is_turn_of(t, Stage::main) || t.kind == InputKind::timer ||
           (is_of_link(t, zab::LinkKind::learner) && !is_accepted(t)) ||
           (is_learner(t) && is_from_leader(t));
}
bool is_timer_set(const Tuple& t) {
    switch (static_cast<TimerKind>(t.place)) {
        case TimerKind::notification: return looks_in(t, Looking::voting);
        case TimerKind::finalize: return looks_in(t, Looking::finalizing);
        case TimerKind::dial_retry: return learns_in(t, {Learning::connecting});
        case TimerKind::epoch_wait:
            return leads_in(
                t, {Leading::discovery, Leading::epoch_proposed, Leading::synchronization});
        case TimerKind::tick:
        case TimerKind::expiry: return leads_in(t, {Leading::broadcast});
        case TimerKind::observer: return leaves_in(t, {LeavingStep::waiting});
        case TimerKind::flush: return true;  // The log's thread may outlive its role.
    }
    return false;
}
/// Whether one thread of a leader, that serves one learner, could take this.
bool is_for_handler(const Tuple& t) {
    const bool is_message =
        t.kind == InputKind::receive && (is_introduction(t) || is_from_learner(t));
    const bool is_down = t.kind == InputKind::link_down && is_of_link(t, zab::LinkKind::learner);
    return is_message || is_down || is_turn_of(t, Stage::handler) || is_done_of(t, Stage::handler);
}
bool is_handlers_work(const Tuple& t) {
    switch (work_of(t)) {
        case Work::write_accepted_epoch: return is_handler_in(t, {Handler::awaiting_epoch});
        case Work::read_log: return is_handler_in(t, {Handler::reading_log});
        case Work::serialize_snapshot: return is_handler_in(t, {Handler::serializing});
        default: return false;
    }
}
bool is_never_up(const Tuple& t) {
    const auto reason = static_cast<zab::DownReason>(t.place % down_reasons);
    return reason == zab::DownReason::refused || reason == zab::DownReason::unanswered;
}

struct Rule {
    std::string_view why;
    bool (*forbids)(const Tuple&);
};

constexpr std::array rules = {
    Rule{"a process starts once, and takes nothing but its own work before its ports are open",
         [](const Tuple& t) {
             const bool boots = t.role == Role::booting;
             const bool is_own = t.kind == InputKind::started || is_done_of(t, Stage::main);
             return boots ? !is_own : t.kind == InputKind::started;
         }},
    Rule{"servers say this to clients only",
         [](const Tuple& t) {
             return is_message(t, {MessageKind::connect_reply, MessageKind::client_reply,
                                   MessageKind::client_ping_reply, MessageKind::watch_event});
         }},
    Rule{"only servers of the textbook's protocol say this",
         [](const Tuple& t) { return is_message(t, {MessageKind::telegram}); }},
    Rule{"a handler is a thread that serves one learner and takes nothing else",
         [](const Tuple& t) {
             const bool is_one = t.role == Role::handler || t.role == Role::stranger;
             return is_one && !is_for_handler(t);
         }},
    Rule{"a handler waits for this work in another phase",
         [](const Tuple& t) {
             return t.role == Role::handler && t.kind == InputKind::done && !is_handlers_work(t);
         }},
    Rule{"servers dial no clients, and are not told of one before it asks to connect",
         [](const Tuple& t) {
             return is_of_link(t, zab::LinkKind::client) && t.kind != InputKind::link_down;
         }},
    Rule{"a connection that is refused or not answered was never up",
         [](const Tuple& t) { return t.kind == InputKind::link_down && is_never_up(t); }},
    Rule{"this stage never asks for this work",
         [](const Tuple& t) {
             return t.kind == InputKind::done && !is_asked_for(work_of(t), stage_of(t));
         }},
    Rule{"this work does not touch the disk, and cannot fail",
         [](const Tuple& t) {
             return t.kind == InputKind::done && t.place % 2 == 1 && !has_disk(work_of(t));
         }},
    Rule{"the main thread waits for this work in another phase, and a role does not end meanwhile",
         [](const Tuple& t) { return is_done_of(t, Stage::main) && !is_awaited(t, work_of(t)); }},
    Rule{"the main thread waits for its work, and takes nothing else meanwhile",
         [](const Tuple& t) { return waits_for_work(t) && is_for_main(t); }},
    Rule{"this timer is not set here: whoever sets it cancels it when it goes on",
         [](const Tuple& t) { return t.kind == InputKind::timer && !is_timer_set(t); }},
    Rule{"a leader says this, on a connection that a learner dialled and closes when it leaves",
         [](const Tuple& t) {
             return is_from_leader(t) && (!is_learner(t) || is_in(t, {Learning::connecting}));
         }},
    Rule{"a learner says this to a leader, who closes its connections once it has stopped leading",
         [](const Tuple& t) { return is_from_learner(t) && !is_at_leader(t) && !is_stopping(t); }},
    Rule{"learners say only who they are before they are accepted",
         [](const Tuple& t) { return leads_in(t, {Leading::preparing}) && is_from_learner(t); }},
    Rule{"learners answer LEADERINFO, which is not out yet",
         [](const Tuple& t) {
             return is_from_learner(t) &&
                    (leads_in(t, {Leading::discovery}) ||
                     is_handler_in(t, {Handler::registering, Handler::awaiting_epoch}));
         }},
    Rule{"learners acknowledge and answer what this connection has not carried yet",
         [](const Tuple& t) {
             return is_from_learner(t) && !is_message(t, {MessageKind::ack_epoch}) &&
                    is_handler_in(t, {Handler::acknowledging, Handler::awaiting_quorum,
                                      Handler::reading_log, Handler::serializing});
         }},
    Rule{"a learner serves clients and answers pings only after UPTODATE",
         [](const Tuple& t) {
             const bool is_later =
                 is_from_learner(t) && !is_message(t, {MessageKind::ack_epoch, MessageKind::ack});
             return is_later && !leads_in(t, {Leading::broadcast}) && !is_stopping(t) &&
                    !is_handler_in(t, {Handler::streaming}) && t.role != Role::stranger;
         }},
    Rule{"a leader answers this to a learner that serves clients",
         [](const Tuple& t) {
             return is_message(t, {MessageKind::sync_reply, MessageKind::revalidate_reply}) &&
                    is_learner(t) && !is_serving(t);
         }},
    Rule{"INFORM is for observers: followers get COMMIT",
         [](const Tuple& t) {
             return t.role == Role::follower && is_message(t, {MessageKind::inform});
         }},
    Rule{"a client says this once it is connected, and who stops serving closes its connections",
         [](const Tuple& t) {
             return is_message(t, {MessageKind::client_request, MessageKind::client_ping}) &&
                    !is_serving(t);
         }},
    Rule{"requests come while clients are served, and the queues are emptied with that",
         [](const Tuple& t) {
             return (is_turn_of(t, Stage::request) || is_turn_of(t, Stage::commit)) &&
                    !is_serving(t);
         }},
    Rule{"nobody hands anything to this thread: it only reads",
         [](const Tuple& t) { return is_turn_of(t, Stage::io); }},
};

}  // namespace

std::string_view why_unreachable(const Tuple& tuple) {
    for (const Rule& rule : rules) {
        if (rule.forbids(tuple)) {
            return rule.why;
        }
    }
    return {};
}

}  // namespace sim
