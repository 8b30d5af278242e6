#include "sim/coverage/sites.hpp"

#include <algorithm>

namespace sim {

// What sites know of what was before.

using trace::Kind;
using trace::Record;

/// It takes up a part, and knows nothing of it yet.
void SiteSet::Life::play(Part role) {
    part = role;
    synchronized = has_appended = has_truncated = has_installed = established = serving = false;
    leader = 0;
    epoch = 0;
}

void SiteSet::learn(const Record& record) {
    Life& life = known_.lives[record.node().value];
    switch (record.kind()) {
        case Kind::server_started:
        case Kind::server_stopped: learn_of_process(record, life); return;
        case Kind::looking:
        case Kind::following:
        case Kind::elected:
        case Kind::leading:
        case Kind::established:
        case Kind::serving:
        case Kind::synchronized: learn_of_role(record, life); return;
        case Kind::accepted_epoch: life.accepted_epoch = record.c(); return;
        case Kind::current_epoch: life.current_epoch = record.c(); return;
        case Kind::client_connected: learn_of_client(record); return;
        default: learn_of_history(record, life); return;
    }
}

void SiteSet::learn_of_process(const Record& record, Life& life) {
    const bool starts = record.kind() == Kind::server_started;
    if (starts == life.is_up()) {
        return;
    }
    life.play(starts ? Life::Part::booting : Life::Part::none);
    life.round = 0;
    life.started_with = life.logged;
    known_.servers_up = starts ? known_.servers_up + 1 : known_.servers_up - 1;
    if (life.is_voter) {
        known_.voters_up = starts ? known_.voters_up + 1 : known_.voters_up - 1;
    }
}

void SiteSet::learn_of_role(const Record& record, Life& life) {
    switch (record.kind()) {
        case Kind::looking:
            life.play(Life::Part::looking);
            life.round = record.c();
            return;
        case Kind::following:
            life.play(Life::Part::following);
            life.leader = record.peer();
            return;
        case Kind::leading:
            life.play(Life::Part::leading);
            life.epoch = record.c();
            known_.agreed_epoch = std::max(known_.agreed_epoch, record.c());
            return;
        case Kind::established:
            life.established = true;
            known_.established_epoch = std::max(known_.established_epoch, record.c());
            known_.committed = std::max(known_.committed, record.a());
            return;
        case Kind::serving: life.serving = true; return;
        case Kind::synchronized: life.synchronized = true; return;
        default: return;
    }
}

void SiteSet::learn_of_history(const Record& record, Life& life) {
    const std::uint64_t zxid = record.a();
    switch (record.kind()) {
        case Kind::append:
            life.logged = zxid;
            life.has_appended = true;
            return;
        case Kind::truncated:
            life.logged = zxid;
            life.has_truncated = true;
            return;
        case Kind::lost: life.logged = zxid; return;
        case Kind::snapshot_installed: life.has_installed = true; return;
        case Kind::snapshot_written: life.logged = std::max(life.logged, zxid); return;
        case Kind::ack: life.acknowledged = zxid; return;
        case Kind::propose: life.proposed = zxid; return;
        case Kind::commit:
            life.committed = zxid;
            known_.committed = std::max(known_.committed, zxid);
            return;
        default: return;
    }
}

void SiteSet::learn_of_client(const Record& record) {
    const std::uint64_t client = record.b();
    if (client >= known_.sessions.size()) {
        known_.sessions.resize(client + 1);
        known_.contacts.resize(client + 1);
    }
    known_.sessions[client] = record.a();
    known_.contacts[client] = record.node().value;
}

}  // namespace sim
