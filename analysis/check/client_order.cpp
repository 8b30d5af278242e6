#include "analysis/check/checkers.hpp"
#include "analysis/check/outstanding.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;
using trace::Operation;

constexpr Property linearizable_writes{
    "linearizable_writes",
    "a write invoked after another write's reply gets a higher zxid, and no two writes share one",
    trace::Level::operations};
constexpr Property fifo_client_order{
    "fifo_client_order", "replies come in the order of requests, and a session's writes rise",
    trace::Level::operations};
constexpr Property session_monotone_reads{"session_monotone_reads",
                                          "a session never sees an older state than it has seen",
                                          trace::Level::operations};
constexpr Property read_your_writes{
    "read_your_writes", "a session's read sees its own completed writes", trace::Level::operations};
constexpr Property family[] = {linearizable_writes, fifo_client_order, session_monotone_reads,
                               read_your_writes};

bool is_write(Operation operation) {
    return operation == Operation::create || operation == Operation::set;
}

/// What the clients' own records must show. Reads may be stale: only going back within a session
/// is wrong.
class ClientOrder final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({client_connected, client_expired, invoke, complete, fail});
    }
    std::unique_ptr<Checker> clone() const override { return std::make_unique<ClientOrder>(*this); }

    void observe(const Step& step) override {
        if (step.record.b() >= most_clients) return report_stranger(step);
        const auto number = static_cast<std::size_t>(step.record.b());
        if (number >= clients_.size()) clients_.resize(number + 1);
        Client& client = clients_[number];
        const trace::Kind kind = step.record.kind();
        if (kind == complete) return on_complete(step, client);
        if (kind == invoke) return on_invoke(step, client);
        if (kind == fail) return on_fail(step, client);
        on_session(step, client);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        fingerprint.add(highest_write_);
        for (const Answered& answered : answered_) fingerprint.add(answered.zxid);
        for (const Client& client : clients_) {
            fingerprint.add(client.session);
            fingerprint.add(client.seen);
            fingerprint.add(client.last_write);
            client.outstanding.add_to(fingerprint);
        }
        return fingerprint.value();
    }

  private:
    struct Client {
        std::uint64_t session = 0;
        zab::Zxid seen;        ///< The highest zxid in a reply of this session.
        zab::Zxid last_write;  ///< The zxid of its last completed write.
        trace::RecordId seen_record = no_record;
        trace::RecordId write_record = no_record;
        Outstanding outstanding;
    };

    static void report_stranger(const Step& step) {
        step.report(fifo_client_order, {},
                    [&] { return fmt::format("no scenario has a client {}", step.record.b()); });
    }

    static void on_session(const Step& step, Client& client) {
        const bool is_same =
            step.record.kind() == client_connected && step.record.a() == client.session;
        if (is_same) return;
        // Requests may be queued before the first connection is up: those stay.
        const std::uint64_t session = step.record.kind() == client_expired ? 0 : step.record.a();
        client.session = session;
        client.seen = client.last_write = {};
        client.seen_record = client.write_record = no_record;
    }

    void on_invoke(const Step& step, Client& client) const {
        client.outstanding.push({.cxid = step.record.c(),
                                 .floor = highest_write_,
                                 .invoked = step.id,
                                 .floor_record = highest_write_record_});
    }

    static void on_fail(const Step& step, Client& client) {
        client.outstanding.remove(step.record.c());
    }

    void on_complete(const Step& step, Client& client) {
        const auto request = take(step, client);
        const Operation operation = trace::operation_of(step.record.detail());
        const trace::Outcome outcome = trace::outcome_of(step.record.detail());
        // With set_watches a client tells, and is shown nothing.
        const bool shows_nothing =
            operation == Operation::create_session || operation == Operation::set_watches;
        if (shows_nothing || outcome == trace::Outcome::connection_loss ||
            outcome == trace::Outcome::session_expired) {
            return;
        }
        if (is_write(operation)) {
            if (request) check_write(step, *request);
            if (outcome == trace::Outcome::ok) check_distinct(step);
            check_session_write(step, client);
        } else {
            check_read(step, client);
        }
        if (step.record.zxid() < client.seen) return;
        client.seen = step.record.zxid();
        client.seen_record = step.id;
    }

    static std::optional<OutstandingRequest> take(const Step& step, Client& client) {
        const zab::Cxid cxid = step.record.c();
        const OutstandingRequest* first = client.outstanding.first();
        if (first != nullptr && first->cxid == cxid) return client.outstanding.pop();
        const trace::RecordId expected = first == nullptr ? no_record : first->invoked;
        const auto request = client.outstanding.remove(cxid);
        step.report(fifo_client_order, {expected, request ? request->invoked : no_record}, [&] {
            return request ? fmt::format(
                                 "client {} gets the reply to request {} before the one to "
                                 "an earlier request",
                                 step.record.b(), cxid)
                           : fmt::format(
                                 "client {} gets a reply to request {}, which is not "
                                 "outstanding",
                                 step.record.b(), cxid);
        });
        return request;
    }

    void check_write(const Step& step, const OutstandingRequest& request) {
        const zab::Zxid zxid = step.record.zxid();
        if (zxid <= request.floor) {
            step.report(linearizable_writes, {request.floor_record, request.invoked}, [&] {
                return fmt::format(
                    "a write gets {}, but was invoked after the reply to a write "
                    "with {}",
                    text(zxid), text(request.floor));
            });
        }
        if (zxid <= highest_write_) return;
        highest_write_ = zxid;
        highest_write_record_ = step.id;
    }

    /// Concurrent writes may be ordered either way, but they are two transactions.
    void check_distinct(const Step& step) {
        const zab::Zxid zxid = step.record.zxid();
        if (answered_.empty()) answered_.resize(recent_writes);
        Answered& place = answered_[zxid.counter() % recent_writes];
        if (place.zxid == zxid) {
            step.report(linearizable_writes, {place.record}, [&] {
                return fmt::format("a write of client {} gets {}, which another write got",
                                   step.record.b(), text(zxid));
            });
        }
        place = {zxid, step.id};
    }

    static void check_session_write(const Step& step, Client& client) {
        const zab::Zxid zxid = step.record.zxid();
        // A reply before this one belongs to an earlier request, which cannot have seen the write.
        if (zxid <= client.seen) {
            step.report(fifo_client_order, {client.write_record, client.seen_record}, [&] {
                return fmt::format("client {} writes {} after it has seen the state of {}",
                                   step.record.b(), text(zxid), text(client.seen));
            });
        }
        client.last_write = zxid;
        client.write_record = step.id;
    }

    static void check_read(const Step& step, const Client& client) {
        const zab::Zxid zxid = step.record.zxid();
        if (zxid < client.last_write) {
            step.report(read_your_writes, {client.write_record}, [&] {
                return fmt::format("client {} sees the state of {} after its own write {}",
                                   step.record.b(), text(zxid), text(client.last_write));
            });
        }
        if (zxid < client.seen) {
            step.report(session_monotone_reads, {client.seen_record}, [&] {
                return fmt::format("client {} sees the state of {} after that of {}",
                                   step.record.b(), text(zxid), text(client.seen));
            });
        }
    }

    struct Answered {
        zab::Zxid zxid;
        trace::RecordId record = no_record;
    };
    /// Far more writes than can be under way at a time within so small a memory.
    static constexpr std::size_t recent_writes = 4096;

    std::vector<Client> clients_;     ///< By the client's number.
    std::vector<Answered> answered_;  ///< The newest writes, by counter; empty before the first.
    zab::Zxid highest_write_;         ///< Of all completed writes.
    trace::RecordId highest_write_record_ = no_record;
};

}  // namespace

std::unique_ptr<Checker> make_client_order() { return std::make_unique<ClientOrder>(); }

}  // namespace analysis
