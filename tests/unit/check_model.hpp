#pragma once

#include "tests/unit/check_model_parts.hpp"
#include "tests/unit/check_script.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// An abstract Zab that takes random steps and writes down what it does: correct histories of any
/// length, with crashes, power losses, elections that fail half-way, deposed leaders that go on,
/// truncations, snapshots, observers and clients. Test code: clarity before speed.
class Model : private ModelParts {
  public:
    Model(std::uint64_t seed, std::uint16_t voters, std::uint16_t observers)
        : random_(seed * 2 + 1), voters_(voters), servers_(voters + observers + 1u) {
        for (Node n = 1; n <= last(); ++n) boot(n);
        for (std::uint64_t c = 0; c < clients_.size(); ++c) connect(c);
    }

    void run(int steps) {
        for (int i = 0; i < steps; ++i) step();
    }

    const std::vector<trace::Record>& records() const { return script_.records(); }

    Ensemble ensemble() const {
        Ensemble ensemble;
        for (Node n = 1; n <= last(); ++n)
            (is_voter(n) ? ensemble.voters : ensemble.observers).push_back({n});
        return ensemble;
    }

  private:
    std::uint64_t draw(std::uint64_t below) {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return (random_ >> 11) % below;
    }
    bool chance(std::uint64_t percent) { return draw(100) < percent; }
    Node last() const { return static_cast<Node>(servers_.size() - 1); }
    bool is_voter(Node n) const { return n <= voters_; }
    Node any_server() { return static_cast<Node>(1 + draw(servers_.size() - 1)); }
    std::size_t quorum() const { return voters_ / 2u + 1; }

    static Txn at(const Server& s, std::size_t count) {
        return count == 0 ? nothing : s.log[count - 1].txn;
    }
    static Txn end(const Server& s) { return at(s, s.log.size()); }
    static std::size_t shared(const Server& one, const Server& other) {
        std::size_t count = 0;
        while (count < one.log.size() && count < other.log.size() &&
               one.log[count].txn.prefix == other.log[count].txn.prefix) {
            ++count;
        }
        return count;
    }

    void step() {
        const Node n = any_server();
        const std::uint64_t what = draw(1000);
        if (what < 4) return stop(n);
        if (what < 24) return boot(n);
        if (what < 30) return look(n);
        if (what < 45) return elect();
        if (what < 65) return join(n);
        if (what < 165) return write(n);
        if (what < 360) return replicate(n);
        if (what < 480) return sync(n);
        if (what < 600) return acknowledge(n);
        if (what < 760) return commit(n);
        if (what < 930) return deliver(n);
        if (what < 935) return snapshot(n);
        if (what < 985) return read(draw(clients_.size()));
        connect(draw(clients_.size()));
    }

    void stop(Node n) {
        Server& s = servers_[n];
        if (s.role == Role::down) return;
        leave(n);
        s.role = Role::down;
        script_.stopped(n);
        if (chance(50) || s.durable == s.log.size()) return;
        const std::size_t kept = s.durable + draw(s.log.size() - s.durable);
        script_.lost(n, at(s, kept), static_cast<std::uint32_t>(s.log.size() - kept));
        s.log.resize(kept);
        s.durable = kept;
    }

    void boot(Node n) {
        Server& s = servers_[n];
        if (s.role != Role::down) return;
        s.role = Role::looking;
        s.applied = s.log.size();
        script_.booted(n, end(s), s.current);
    }

    void leave(Node n) {
        for (std::uint64_t c = 0; c < clients_.size(); ++c) {
            if (clients_[c].server == n) disconnect(c);
        }
        servers_[n].leader = 0;
    }

    /// Back to an election; memory takes over what the log has (ZOOKEEPER-2845).
    void look(Node n) {
        Server& s = servers_[n];
        if (s.role != Role::leading && s.role != Role::following) return;
        leave(n);
        s.role = Role::looking;
        script_.looking(n, at(s, s.applied));
        s.applied = s.log.size();
        script_.history(n, end(s));
    }

    void flush(Node n) {
        Server& s = servers_[n];
        if (s.durable == s.log.size()) return;
        s.durable = s.log.size();
        script_.synced(n, end(s));
    }

    void elect() {
        std::vector<Node> quorum_members;
        for (Node n = 1; n <= voters_; ++n) {
            if (servers_[n].role == Role::following && chance(20)) look(n);
            if (servers_[n].role == Role::leading && chance(10)) look(n);
            if (servers_[n].role == Role::looking) quorum_members.push_back(n);
        }
        if (quorum_members.size() < quorum()) return;
        const Node leader = *std::ranges::max_element(quorum_members, {}, [&](Node n) {
            return std::pair{servers_[n].current, end(servers_[n]).zxid};
        });
        discover(leader, quorum_members);
    }

    void discover(Node leader, const std::vector<Node>& members) {
        Server& l = servers_[leader];
        std::uint32_t epoch = 0;
        for (const Node n : members) epoch = std::max(epoch, servers_[n].accepted + 1);
        for (const Node n : members) {
            if (n != leader) script_.following(n, leader);
            servers_[n].accepted = epoch;
            script_.accepted(n, epoch);
            if (chance(3)) return;  // The election fails, and the epoch is burnt.
        }
        script_.leading(leader, epoch, end(l));
        flush(leader);
        l.current = epoch;
        script_.current(leader, epoch);
        establish(leader, members);
    }

    void establish(Node leader, const std::vector<Node>& members) {
        Server& l = servers_[leader];
        l.initial = l.committed = l.applied = l.acked = l.log.size();
        l.acks.assign(servers_.size(), 0);
        std::size_t acknowledged = 1;
        for (const Node n : members) {
            if (n == leader) continue;
            if (chance(5)) return;  // The leader gives up.
            synchronize(n, leader);
            ++acknowledged;
            if (acknowledged >= quorum() && chance(30)) break;
        }
        if (acknowledged < quorum()) return;
        l.role = Role::leading;
        script_.established(leader, l.current, end(l)).history(leader, end(l));
        script_.serving(leader, leader, l.current, end(l));
        for (const Node n : members) {
            if (servers_[n].leader == leader) serve(n);
        }
    }

    void serve(Node n) {
        Server& s = servers_[n];
        s.role = Role::following;
        script_.serving(n, s.leader, s.current, at(s, s.applied));
    }

    /// The learner's log becomes the leader's, an observer's only as far as it is committed.
    void synchronize(Node n, Node leader) {
        Server& s = servers_[n];
        const Server& l = servers_[leader];
        const std::size_t upto = is_voter(n) ? l.log.size() : l.committed;
        std::size_t common = std::min(shared(s, l), upto);
        if (common < l.committed && chance(30)) {
            common = s.durable = l.committed;
            script_.installed(n, leader, at(l, common)).snapshot(n, at(l, common), true);
        } else if (common < s.log.size()) {
            script_.truncated(n, leader, at(s, common));
            s.durable = std::min(s.durable, common);
        }
        for (std::size_t i = common; i < upto; ++i) append(n, l.log[i].txn);
        s.log.assign(l.log.begin(), l.log.begin() + static_cast<std::ptrdiff_t>(upto));
        flush(n);
        s.current = l.current;
        s.applied = std::min(l.committed, upto);
        s.acked = 0;
        s.leader = leader;
        script_.current(n, s.current).synchronized(n, leader, s.current, end(s));
        script_.history(n, at(s, s.applied));
    }

    void join(Node n) {
        const auto leader = newest_leader();
        Server& s = servers_[n];
        if (!leader || s.role != Role::looking) return;
        const Server& l = servers_[*leader];
        if (s.accepted > l.current) return;
        script_.following(n, *leader);
        if (s.accepted < l.current) script_.accepted(n, l.current);
        s.accepted = l.current;
        synchronize(n, *leader);
        serve(n);
    }

    std::optional<Node> newest_leader() const {
        std::optional<Node> newest;
        for (Node n = 1; n <= voters_; ++n) {
            if (servers_[n].role != Role::leading) continue;
            if (!newest || servers_[n].current > servers_[*newest].current) newest = n;
        }
        return newest;
    }

    void write(Node n) {
        const std::uint64_t c = draw(clients_.size());
        Client& client = clients_[c];
        const Node leader = client.server == 0 ? n : leader_of(client.server);
        if (leader == 0 || servers_[leader].role != Role::leading) return;
        Server& l = servers_[leader];
        const bool is_first = l.log.size() == l.initial;
        const std::uint32_t counter = is_first ? 1 : end(l).zxid.counter() + 1;
        Entry entry{then(end(l), l.current, counter), std::nullopt, 0};
        if (client.server != 0) {
            entry.client = c;
            entry.cxid = ++client.cxid;
            client.outstanding.push_back(entry.cxid);
            script_.invoke(c, client.server, trace::Operation::set, entry.cxid);
        }
        script_.propose(leader, entry.txn);
        append(leader, entry.txn);
        l.log.push_back(entry);
    }

    Node leader_of(Node n) const {
        return servers_[n].role == Role::leading ? n : servers_[n].leader;
    }

    /// Is `n` still in the epoch of its leader, and the leader too?
    bool is_attached(Node n) const {
        const Server& s = servers_[n];
        if (s.role != Role::following) return false;
        const Server& l = servers_[s.leader];
        return l.role == Role::leading && l.current == s.current;
    }

    void replicate(Node n) {
        if (!is_attached(n)) return;
        Server& s = servers_[n];
        const Server& l = servers_[s.leader];
        const std::size_t upto = is_voter(n) ? l.log.size() : l.committed;
        for (std::uint64_t i = draw(4); i > 0 && s.log.size() < upto; --i) {
            s.log.push_back(l.log[s.log.size()]);
            if (!is_voter(n)) script_.inform(n, end(s));
            append(n, end(s));
        }
    }

    void sync(Node n) {
        const Role role = servers_[n].role;
        if (role == Role::leading || role == Role::following) flush(n);
    }

    void acknowledge(Node n) {
        Server& s = servers_[n];
        const Node leader = leader_of(n);
        if (leader == 0 || !is_voter(n) || s.durable <= s.acked) return;
        if (s.role != Role::leading && !is_attached(n)) return;
        s.acked = s.durable;
        script_.ack(n, at(s, s.acked));
        servers_[leader].acks[n] = s.acked;
    }

    void commit(Node n) {
        Server& l = servers_[n];
        if (l.role != Role::leading || l.committed == l.log.size()) return;
        const auto acks =
            std::ranges::count_if(l.acks, [&](std::size_t upto) { return upto > l.committed; });
        if (static_cast<std::size_t>(acks) < quorum()) return;
        ++l.committed;
        script_.commit(n, at(l, l.committed), static_cast<std::uint32_t>(acks));
    }

    void deliver(Node n) {
        Server& s = servers_[n];
        if (s.role != Role::leading && !is_attached(n)) return;
        const std::size_t upto = servers_[leader_of(n)].committed;
        if (s.applied >= std::min(upto, s.log.size())) return;
        const Entry& entry = s.log[s.applied++];
        script_.deliver(n, entry.txn, static_cast<std::uint32_t>(entry.txn.prefix));
        if (is_watched(entry.txn)) notify(n, entry.txn.zxid);
        if (entry.client) reply(n, entry);
    }

    void append(Node n, Txn txn) {
        is_watched(txn) ? script_.append_set(n, txn, 7) : script_.append(n, txn);
    }

    void notify(Node n, zab::Zxid zxid) {
        for (std::uint64_t c = 0; c < clients_.size(); ++c) {
            if (clients_[c].server == n && clients_[c].watches) tell(c, n, zxid);
        }
    }
    void tell(std::uint64_t c, Node n, zab::Zxid zxid) {
        clients_[c].watches = false;
        script_.watch_fired(c, n, zxid, 7).notified(c, n, zxid, 7);
    }

    void reply(Node n, const Entry& entry) {
        Client& client = clients_[*entry.client];
        if (client.server != n || client.outstanding.empty()) return;
        if (client.outstanding.front() != entry.cxid) return;
        client.outstanding.pop_front();
        client.seen = entry.txn.zxid;
        script_.complete(*entry.client, n, trace::Operation::set, entry.cxid, entry.txn.zxid);
    }

    void snapshot(Node n) {
        const Server& s = servers_[n];
        if (s.role == Role::down || s.applied > s.durable) return;
        script_.snapshot(n, at(s, s.applied), chance(50));
    }

    void read(std::uint64_t c) {
        Client& client = clients_[c];
        if (client.server == 0 || !client.outstanding.empty()) return;
        const Server& s = servers_[client.server];
        client.seen = at(s, s.applied).zxid;
        const bool watches = chance(30);
        const auto operation = watches ? trace::Operation::watch : trace::Operation::get;
        script_.invoke(c, client.server, operation, ++client.cxid);
        if (watches) script_.watch_set(c, client.server, client.session, 7);
        client.watches = client.watches || watches;
        script_.complete(c, client.server, operation, client.cxid, client.seen);
    }

    void disconnect(std::uint64_t c) {
        Client& client = clients_[c];
        for (const std::uint32_t cxid : client.outstanding) {
            script_.fail(c, client.server, trace::Operation::set, cxid);
        }
        client.outstanding.clear();
        if (client.server != 0) script_.disconnected(c, client.server, client.session);
        client.server = 0;
    }

    /// What it watches it watches here, too, and hears at once of what has changed meanwhile.
    void watch_again(std::uint64_t c, const Client& client, Node n, const Server& s) {
        script_.watch_set(c, n, client.session, 7, trace::Operation::set_watches);
        std::size_t i = s.applied;
        while (i > 0 && !is_watched(s.log[i - 1].txn)) --i;
        if (i > 0 && s.log[i - 1].txn.zxid > client.seen) tell(c, n, s.log[i - 1].txn.zxid);
    }

    void connect(std::uint64_t c) {
        Client& client = clients_[c];
        const Node n = any_server();
        const Server& s = servers_[n];
        if (s.role != Role::leading && s.role != Role::following) return;
        const bool is_new = client.session == 0 || chance(5);
        if (!is_new && at(s, s.applied).zxid < client.seen) return;
        if (client.server != 0) disconnect(c);
        if (is_new) {
            if (client.session != 0) script_.expired(c, n, client.session);
            client.session = ++last_session_;
            client.seen = {};
            client.watches = false;
        }
        client.server = n;
        script_.connected(c, n, client.session);
        if (client.watches) watch_again(c, client, n, s);
    }

    std::uint64_t random_;
    Node voters_;
    std::vector<Server> servers_;
    std::vector<Client> clients_{4};
    std::uint64_t last_session_ = 0;
    Script script_;
};

}  // namespace analysis
