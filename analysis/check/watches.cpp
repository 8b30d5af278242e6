#include "analysis/check/checkers.hpp"
#include "analysis/check/fingerprint.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property watch_order{
    "watch_order", "a client hears of a change that it watches before any reply can show it",
    trace::Level::protocol};
constexpr Property watch_once{
    "watch_once", "a client is told of a change once at most, and only of what it watches",
    trace::Level::protocol};
constexpr Property family[] = {watch_order, watch_once};

/// A watch is set at a server, fires there, and is told of to its client over the same connection,
/// each once. What a server forgets with a connection records do not say: it may still fire here.
class WatchesChecker final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({client_connected, client_disconnected, client_expired, complete, watch_set,
                         watch_fired, notified});
    }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<WatchesChecker>(*this);
    }

    void observe(const Step& step) override {
        if (step.record.b() >= most_clients) return;  // That is reported of its requests.
        const auto number = static_cast<std::size_t>(step.record.b());
        if (number >= clients_.size()) clients_.resize(number + 1);
        Client& client = clients_[number];
        const trace::Kind kind = step.record.kind();
        if (kind == complete) return on_complete(step, client);
        if (kind == watch_set) return on_set(step, client);
        if (kind == watch_fired) return on_fired(step, client);
        if (kind == notified) return on_notified(step, client);
        on_session(step, client);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (const Client& client : clients_) {
            fingerprint.add(client.session);
            fingerprint.add(client.seen);
            fingerprint.add(client.set.size());
            for (const auto& [watch, session] : client.set) {
                add(fingerprint, watch);
                fingerprint.add(session);
            }
            fingerprint.add(client.fired.size());
            for (const Watch& watch : client.fired) add(fingerprint, watch);
        }
        return fingerprint.value();
    }

  private:
    using Watch = std::pair<zab::NodeId, std::uint32_t>;  // Where, and on which path.
    using Standing = std::pair<Watch, std::uint64_t>;     // And of which session of the client.

    struct Client {
        std::uint64_t session = 0;
        zab::Zxid seen;  ///< The highest zxid in a reply of this session.
        trace::RecordId seen_record = no_record;
        std::set<Standing> set;
        std::multiset<Watch> fired;  ///< The client has not heard of these yet.
    };

    static void add(Fingerprint& fingerprint, const Watch& watch) {
        fingerprint.add(watch.first.value);
        fingerprint.add(watch.second);
    }

    static Watch watch_of(const trace::Record& record) { return {record.node(), record.c()}; }

    /// What was under way is gone with its connection. What was set at its server is so only when
    /// the server knows. A new session has seen nothing.
    static void on_session(const Step& step, Client& client) {
        client.fired.clear();
        const std::uint64_t session = step.record.kind() == client_expired ? 0 : step.record.a();
        if (session == client.session) return;
        client.session = session;
        client.seen = {};
        client.seen_record = no_record;
    }

    /// Of several set_watches the first may be answered before the second one's changes are told:
    /// the answer shows nothing of them.
    static void on_complete(const Step& step, Client& client) {
        const std::uint16_t detail = step.record.detail();
        const bool has_seen = trace::outcome_of(detail) == trace::Outcome::ok &&
                              trace::operation_of(detail) != trace::Operation::set_watches;
        if (!has_seen || step.record.zxid() < client.seen) return;
        client.seen = step.record.zxid();
        client.seen_record = step.id;
    }

    static void on_set(const Step& step, Client& client) {
        client.set.emplace(watch_of(step.record), step.record.a());
    }

    static void on_fired(const Step& step, Client& client) {
        const Watch watch = watch_of(step.record);
        // Of two connections to this server each has its own; which one fires is not told.
        const auto standing = client.set.lower_bound({watch, 0});
        if (standing != client.set.end() && standing->first == watch) {
            client.set.erase(standing);
        } else {
            step.report(watch_once, {}, [&] {
                return fmt::format("a watch of client {} on path {} fires, which was not set",
                                   step.record.b(), watch.second);
            });
        }
        client.fired.insert(watch);
    }

    static void on_notified(const Step& step, Client& client) {
        const zab::Zxid zxid = step.record.zxid();
        if (zxid <= client.seen) {
            step.report(watch_order, {client.seen_record}, [&] {
                return fmt::format("client {} hears of {} after it has seen the state of {}",
                                   step.record.b(), text(zxid), text(client.seen));
            });
        }
        const auto fired = client.fired.find(watch_of(step.record));
        if (fired != client.fired.end()) {
            client.fired.erase(fired);
            return;
        }
        step.report(watch_once, {}, [&] {
            return fmt::format("client {} is told of {} on path {}, of which no watch has fired",
                               step.record.b(), text(zxid), step.record.c());
        });
    }

    std::vector<Client> clients_;  ///< By the client's number.
};

}  // namespace

std::unique_ptr<Checker> make_watches() { return std::make_unique<WatchesChecker>(); }

}  // namespace analysis
