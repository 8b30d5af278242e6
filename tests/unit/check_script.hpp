#pragma once

#include "analysis/check/checker_set.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace analysis {

/// A transaction with the history before it.
struct Txn {
    zab::Zxid zxid;
    std::uint64_t prefix = 0;
};

constexpr Txn nothing{};

/// `previous` and then transaction <epoch, counter>; another salt is another value.
constexpr Txn then(Txn previous, std::uint32_t epoch, std::uint32_t counter, unsigned salt = 0) {
    const zab::Zxid zxid = zab::Zxid::of({epoch}, counter);
    std::uint64_t hash = (previous.prefix ^ zxid.value) + 0x9e37'79b9'7f4a'7c15 + salt;
    hash = (hash ^ (hash >> 30)) * 0xbf58'476d'1ce4'e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d0'49bb'1331'11eb;
    return {zxid, (hash ^ (hash >> 31)) | 1};
}

/// Records written by hand, each a microsecond after the one before.
class Script {
  public:
    using Node = std::uint16_t;
    using Epoch = std::uint32_t;

    Script& booted(Node n, Txn t, Epoch e) { return add(trace::Kind::booted, n, t, e); }
    Script& refused(Node n) { return add(trace::Kind::refused_to_start, n, {}, 0); }
    Script& stopped(Node n) { return add(trace::Kind::server_stopped, n, {}, 0); }
    Script& looking(Node n, Txn t) { return add(trace::Kind::looking, n, {t.zxid, 0}, 0); }
    Script& following(Node n, Node l) { return add(trace::Kind::following, n, {}, 0, l); }
    Script& accepted(Node n, Epoch e) { return add(trace::Kind::accepted_epoch, n, {}, e); }
    Script& current(Node n, Epoch e) { return add(trace::Kind::current_epoch, n, {}, e); }
    Script& leading(Node n, Epoch e, Txn t) { return add(trace::Kind::leading, n, {t.zxid, 0}, e); }
    Script& synchronized(Node n, Node l, Epoch e, Txn t) {
        return add(trace::Kind::synchronized, n, t, e, l);
    }
    Script& established(Node n, Epoch e, Txn t) { return add(trace::Kind::established, n, t, e); }
    Script& serving(Node n, Node l, Epoch e, Txn t) {
        return add(trace::Kind::serving, n, t, e, l);
    }
    /// With the digest of its tree; 0: not known.
    Script& history(Node n, Txn t, std::uint32_t tree = 0) {
        return add(trace::Kind::history, n, t, tree);
    }
    Script& propose(Node n, Txn t) { return add(trace::Kind::propose, n, t, 100); }
    Script& append(Node n, Txn t) { return add(trace::Kind::append, n, t, 0); }
    /// The same of a transaction that sets a znode.
    Script& append_set(Node n, Txn t, std::uint32_t path) {
        return add({.kind = trace::Kind::append,
                    .node = {n},
                    .detail = static_cast<std::uint16_t>(trace::Write::set),
                    .a = t.zxid.value,
                    .b = t.prefix,
                    .c = path});
    }
    Script& synced(Node n, Txn t) { return add(trace::Kind::synced, n, t, 1); }
    Script& ack(Node n, Txn t) { return add(trace::Kind::ack, n, {t.zxid, 0}, 0); }
    Script& commit(Node n, Txn t, std::uint32_t acks) {
        return add(trace::Kind::commit, n, t, acks);
    }
    Script& deliver(Node n, Txn t, std::uint32_t tree = 0) {
        return add(trace::Kind::deliver, n, t, tree);
    }
    Script& inform(Node n, Txn t) { return add(trace::Kind::inform, n, t, 0); }
    Script& lost(Node n, Txn t, std::uint32_t count) { return add(trace::Kind::lost, n, t, count); }
    Script& truncated(Node n, Node l, Txn t) { return add(trace::Kind::truncated, n, t, 0, l); }
    Script& snapshot(Node n, Txn t, bool is_durable) {
        return add(trace::Kind::snapshot_written, n, t, is_durable ? 1 : 0);
    }
    Script& installed(Node n, Node l, Txn t) {
        return add(trace::Kind::snapshot_installed, n, t, 0, l);
    }
    Script& connected(std::uint64_t client, Node n, std::uint64_t session) {
        return client_record(trace::Kind::client_connected, client, n, session, 0, 0);
    }
    Script& expired(std::uint64_t client, Node n, std::uint64_t session) {
        return client_record(trace::Kind::client_expired, client, n, session, 0, 0);
    }
    Script& invoke(std::uint64_t client, Node n, trace::Operation op, std::uint32_t cxid) {
        return client_record(trace::Kind::invoke, client, n, 0, cxid, detail(op));
    }
    Script& complete(std::uint64_t client, Node n, trace::Operation op, std::uint32_t cxid,
                     zab::Zxid z) {
        return client_record(trace::Kind::complete, client, n, z.value, cxid, detail(op));
    }
    Script& fail(std::uint64_t client, Node n, trace::Operation op, std::uint32_t cxid) {
        return client_record(trace::Kind::fail, client, n, 0, cxid, detail(op));
    }

    Script& disconnected(std::uint64_t client, Node n, std::uint64_t session) {
        return client_record(trace::Kind::client_disconnected, client, n, session, 0, 0);
    }
    Script& watch_set(std::uint64_t client, Node n, std::uint64_t session, std::uint32_t path,
                      trace::Operation op = trace::Operation::watch) {
        return client_record(trace::Kind::watch_set, client, n, session, path,
                             static_cast<std::uint16_t>(op));
    }
    Script& watch_fired(std::uint64_t client, Node n, zab::Zxid z, std::uint32_t path) {
        return client_record(trace::Kind::watch_fired, client, n, z.value, path, 0);
    }
    Script& notified(std::uint64_t client, Node n, zab::Zxid z, std::uint32_t path) {
        return client_record(trace::Kind::notified, client, n, z.value, path, 0);
    }

    /// The voters 1, 2 and 3 and the observer 4 boot with nothing.
    Script& boot_all() {
        for (Node n = 1; n <= 4; ++n) booted(n, nothing, 0);
        return *this;
    }

    /// Server `l` claims `epoch` with `initial` in memory and on disk, before any learner.
    Script& lead(Node l, Epoch epoch, Txn initial, std::vector<Node> voters) {
        for (const Node n : voters) {
            if (n != l) following(n, l);
        }
        for (const Node n : voters) accepted(n, epoch);
        return leading(l, epoch, initial).current(l, epoch);
    }

    /// Learner `n` ends its synchronization with `t` durable.
    Script& join(Node n, Node l, Epoch epoch, Txn t) {
        return synced(n, t).current(n, epoch).synchronized(n, l, epoch, t).history(n, t);
    }

    /// All three voters boot, and server 1 is established in epoch 1 with the empty history.
    Script& begin() {
        boot_all().lead(1, 1, nothing, {1, 2, 3});
        for (const Node n : {Node{2}, Node{3}}) {
            current(n, 1).synchronized(n, 1, 1, nothing).history(n, nothing);
        }
        return established(1, 1, nothing).serving(1, 1, 1, nothing).serving(2, 1, 1, nothing);
    }

    /// Server `n` makes `t` durable and says so.
    Script& take(Node n, Txn t) { return append(n, t).synced(n, t).ack(n, t); }

    /// Leader `l` proposes `t`, and every one of `voters` takes it.
    Script& broadcast(Node l, Txn t, std::vector<Node> voters) {
        propose(l, t);
        for (const Node n : voters) take(n, t);
        return *this;
    }

    /// The whole way of one transaction.
    Script& write(Node l, Txn t, std::vector<Node> voters) {
        broadcast(l, t, voters).commit(l, t, static_cast<std::uint32_t>(voters.size()));
        for (const Node n : voters) deliver(n, t);
        return *this;
    }

    const std::vector<trace::Record>& records() const { return records_; }
    Script& add(const trace::Record& record) {
        records_.push_back(record);
        return *this;
    }

  private:
    static std::uint16_t detail(trace::Operation op) {
        return trace::operation_detail(op, trace::Outcome::ok);
    }
    Script& add(trace::Kind kind, Node node, Txn t, std::uint32_t c, Node peer = 0) {
        return add(
            {.kind = kind, .node = {node}, .peer = peer, .a = t.zxid.value, .b = t.prefix, .c = c});
    }
    Script& client_record(trace::Kind kind, std::uint64_t client, Node node, std::uint64_t a,
                          std::uint32_t cxid, std::uint16_t op) {
        return add({.kind = kind, .node = {node}, .detail = op, .a = a, .b = client, .c = cxid});
    }
    Script& add(trace::Record::Fields fields) {
        fields.time.ns = static_cast<std::int64_t>(records_.size()) * 1000;
        records_.emplace_back(fields);
        return *this;
    }

    std::vector<trace::Record> records_;
};

inline Ensemble small_ensemble(std::string release = "fixed") {
    return {.voters = {{1}, {2}, {3}}, .observers = {{4}}, .release = std::move(release)};
}

inline void feed(CheckerSet& checkers, const std::vector<trace::Record>& records) {
    trace::RecordId id = 0;
    for (const trace::Record& record : records) checkers.observe(record, id++);
}

inline CheckerSet checked(const Script& script, trace::Level level = trace::Level::all,
                          const std::string& release = "fixed") {
    CheckerSet checkers(small_ensemble(release), level);
    feed(checkers, script.records());
    return checkers;
}

}  // namespace analysis
