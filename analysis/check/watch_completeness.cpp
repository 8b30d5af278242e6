#include "analysis/check/checkers.hpp"
#include "analysis/check/fingerprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property watch_complete{
    "watch_complete", "a client that sees a later state has heard of the sets that it watched for",
    trace::Level::protocol};
constexpr Property family[] = {watch_complete};

/// A watch is a client's own from the reply to the read that set it until it hears of a change, or
/// its session ends: over however many connections, at however many servers. Whoever sees a state
/// in which the znode has been written since must have heard of it (ZooKeeper's Programmer's Guide,
/// "What ZooKeeper Guarantees about Watches").
///
/// What a transaction sets, its `append` says; that it is committed, its first `deliver`: what all
/// servers have from a recovery is not seen. A create does not count: it changes nothing where
/// there is a znode already. Of writes nothing is remembered before somebody asks to watch.
class WatchCompleteness final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({invoke, append, deliver, client_connected, client_disconnected,
                         client_expired, complete, watch_set, notified});
    }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<WatchCompleteness>(*this);
    }

    void observe(const Step& step) override {
        if (is_needed_) return take(step);
        const trace::Kind kind = step.record.kind();
        if ((trace::kind_bit(kind) & of_sessions) != 0) return on_session(step);
        is_needed_ =
            kind == invoke && trace::operation_of(step.record.detail()) == trace::Operation::watch;
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        fingerprint.add(is_needed_);
        fingerprint.add(logged_.size());
        for (const auto& [zxid, write] : logged_) {
            fingerprint.add(zxid);
            fingerprint.add(write.first);
            fingerprint.add(write.second);
        }
        fingerprint.add(written_.size());
        for (const auto& [path, zxid] : written_) {
            fingerprint.add(path);
            fingerprint.add(zxid);
        }
        for (const auto& [number, client] : clients_) {
            fingerprint.add(number);
            add_to(fingerprint, client);
        }
        return fingerprint.value();
    }

  private:
    static constexpr trace::KindSet of_sessions =
        kind_set({client_connected, client_disconnected, client_expired});

    using Path = std::uint32_t;
    struct Asked {
        zab::NodeId server;
        std::uint64_t session;
        Path path;
    };
    struct Client {
        std::uint64_t session = 0;
        std::vector<Asked> asked;           ///< Watches that stand, before the client knows.
        std::map<Path, zab::Zxid> waits;    ///< For a change after this state.
        std::map<Path, zab::Zxid> unheard;  ///< Committed, and it has not heard of it.
    };

    static void add_to(Fingerprint& fingerprint, const Client& client) {
        fingerprint.add(client.session);
        fingerprint.add(client.asked.size());
        for (const Asked& asked : client.asked) {
            fingerprint.add(asked.server.value);
            fingerprint.add(asked.path);
            fingerprint.add(asked.session);
        }
        for (const auto* watches : {&client.waits, &client.unheard}) {
            fingerprint.add(watches->size());
            for (const auto& [path, zxid] : *watches) {
                fingerprint.add(path);
                fingerprint.add(zxid);
            }
        }
    }

    [[gnu::noinline]] void take(const Step& step) {
        const trace::Kind kind = step.record.kind();
        if (kind == append) return on_append(step);
        if (kind == deliver) return on_deliver(step);
        if (kind == invoke) return;
        if ((trace::kind_bit(kind) & of_sessions) != 0) return on_session(step);
        const std::uint64_t number = step.record.b();
        Client& client = clients_[number];
        if (kind == watch_set) return on_set(step, client);
        if (kind == complete) return on_complete(step, number, client);
        forget(number, client, step.record.c());
    }

    void on_append(const Step& step) {
        if (static_cast<trace::Write>(step.record.detail()) != trace::Write::set) return;
        logged_[step.record.zxid()] = {step.record.b(), step.record.c()};
    }

    /// The first server to apply a transaction shows that it is committed; what it has passed over
    /// never will be.
    void on_deliver(const Step& step) {
        const zab::Zxid zxid = step.record.zxid();
        const auto logged = logged_.find(zxid);
        if (logged != logged_.end() && logged->second.first == step.record.b()) {
            on_written(logged->second.second, zxid);
        }
        logged_.erase(logged_.begin(), logged_.upper_bound(zxid));
    }

    void on_written(Path path, zab::Zxid zxid) {
        zab::Zxid& last = written_[path];
        if (zxid <= last) return;  // Another server's.
        last = zxid;
        for (auto at = waiting_.lower_bound({path, 0});
             at != waiting_.end() && at->first == path;) {
            Client& client = clients_.at(at->second);
            if (client.waits.at(path) < zxid) {
                client.waits.erase(path);
                client.unheard.emplace(path, zxid);
                at = waiting_.erase(at);
            } else {
                ++at;
            }
        }
    }

    static void on_set(const Step& step, Client& client) {
        const auto operation = static_cast<trace::Operation>(step.record.detail());
        if (operation != trace::Operation::watch) return;  // The client's already.
        client.asked.push_back({step.record.node(), step.record.a(), step.record.c()});
    }

    /// Of several set_watches the first may be answered before the second one's changes are told:
    /// the answer shows nothing of them.
    void on_complete(const Step& step, std::uint64_t number, Client& client) {
        const std::uint16_t detail = step.record.detail();
        const trace::Operation operation = trace::operation_of(detail);
        if (trace::outcome_of(detail) != trace::Outcome::ok ||
            operation == trace::Operation::set_watches) {
            return;
        }
        for (const auto& [path, zxid] : client.unheard) {
            if (zxid > step.record.zxid()) continue;
            step.report(watch_complete, {}, [&] {
                return fmt::format(
                    "client {} sees the state of {}; it watches path {}, written by "
                    "{}, and has not heard of that",
                    number, text(step.record.zxid()), path, text(zxid));
            });
        }
        if (operation == trace::Operation::watch) on_watched(step, number, client);
    }

    /// Replies come in the order in which a server takes requests up. Where the client was before,
    /// or in a session that it has given up, requests of its may still be taken up: nobody answers.
    void on_watched(const Step& step, std::uint64_t number, Client& client) {
        std::vector<Asked>& asked = client.asked;
        const auto found = std::find_if(asked.begin(), asked.end(), [&](const Asked& one) {
            return one.server == step.record.node() &&
                   (client.session == 0 || one.session == client.session);
        });
        if (found == asked.end()) return;
        client.session = found->session;
        wait(number, client, found->path, step.record.zxid());
        asked.erase(asked.begin(), found + 1);
    }

    void wait(std::uint64_t number, Client& client, Path path, zab::Zxid seen) {
        if (client.waits.contains(path) || client.unheard.contains(path)) return;
        const auto written = written_.find(path);
        if (written != written_.end() && written->second > seen) {
            client.unheard.emplace(path, written->second);
            return;
        }
        client.waits.emplace(path, seen);
        waiting_.emplace(path, number);
    }

    void forget(std::uint64_t number, Client& client, Path path) {
        client.unheard.erase(path);
        if (client.waits.erase(path) != 0) waiting_.erase({path, number});
    }

    /// What no reply has told of is lost with the connection, what the client knows is not; both
    /// end with the session.
    void on_session(const Step& step) {
        const std::uint64_t number = step.record.b();
        Client& client = clients_[number];
        client.asked.clear();
        const std::uint64_t session = step.record.kind() == client_expired ? 0 : step.record.a();
        if (session == client.session) return;
        client.session = session;
        for (const auto& [path, zxid] : client.waits) waiting_.erase({path, number});
        client.waits.clear();
        client.unheard.clear();
    }

    bool is_needed_ = false;
    std::map<zab::Zxid, std::pair<std::uint64_t, Path>> logged_;  ///< Prefix, path.
    std::map<Path, zab::Zxid> written_;                           ///< The last write.
    std::set<std::pair<Path, std::uint64_t>> waiting_;            ///< Which clients wait.
    std::map<std::uint64_t, Client> clients_;                     ///< By number.
};

}  // namespace

std::unique_ptr<Checker> make_watch_completeness() { return std::make_unique<WatchCompleteness>(); }

}  // namespace analysis
