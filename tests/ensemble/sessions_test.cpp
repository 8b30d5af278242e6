#include "tests/ensemble/schedule.hpp"

#include <cstddef>

/// What becomes of what clients of the leader itself say at the end of their sessions.
namespace schedule {

namespace {

constexpr auto past_the_end = zab::seconds(2 * 5 + 2 * 2);  // A session, a tick, a rest.

bool is_reply(const Cluster::Sent& sent) { return sent.as<zab::ClientReply>() != nullptr; }

bool is_end_of_session(const Cluster::Sent& sent) {
    const auto* proposal = sent.as<zab::Proposal>();
    return proposal != nullptr && proposal->txn.type == zab::TxnType::close_session;
}

bool is_refusal(const Cluster::Sent& sent) {
    const auto* proposal = sent.as<zab::Proposal>();
    return proposal != nullptr && proposal->txn.type == zab::TxnType::error;
}

void form_with_short_sessions(Cluster& c) {
    c.reconfigure([](zab::Config& config) { config.max_session_ticks = 5; });
    form(c, {n1, n2, n3});
}

/// How often such messages are sent.
template <class Wanted>
void count_sent(Cluster& c, std::size_t& count, Wanted wanted) {
    c.on_sent = [&count, wanted](const Cluster::Sent& sent) { count += wanted(sent) ? 1u : 0u; };
}

}  // namespace

TEST_CASE("a client whose session expires at its own server is disconnected without a reply") {
    Cluster c(three(""));
    form_with_short_sessions(c);
    const std::uint64_t client = c.connect(n3);
    std::size_t replies = 0;
    count_sent(c, replies, is_reply);

    c.run(past_the_end);

    CHECK(c.has_lost(client));
    CHECK_EQ(replies, 0);
}

TEST_CASE("what a client asks its leader after the end of its session was decided is dropped") {
    Cluster c(three(""));
    form_with_short_sessions(c);
    const std::uint64_t client = c.connect(n3);
    c.run(zab::seconds(1));
    c.holds = is_end_of_session;
    c.run(past_the_end);
    REQUIRE_FALSE(c.has_lost(client));
    std::size_t refused = 0;
    count_sent(c, refused, is_refusal);

    const std::size_t write = c.ask(client, zab::Operation::set, 1);
    const std::size_t read = c.ask(client, zab::Operation::get, 1);
    c.ping(client);
    c.run(zab::seconds(1));

    CHECK_EQ(refused, 0);
    CHECK_EQ(c.pings_answered(client), 0);
    CHECK_FALSE(c.asked(write).reply.has_value());
    CHECK_FALSE(c.asked(read).reply.has_value());
    c.release();
    c.run(zab::seconds(1));
    CHECK(c.has_lost(client));
}

TEST_CASE("a ping is answered behind what its client has asked before, on every server") {
    for (const NodeId server : {n1, n3}) {
        CAPTURE(server.value);
        Cluster c(three(""));
        form(c, {n1, n2, n3});
        const std::uint64_t writer = c.connect(server);
        const std::uint64_t idle = c.connect(server);
        c.run(zab::seconds(1));
        c.holds = [](const Cluster::Sent& sent) { return sent.as<zab::Ack>() != nullptr; };

        c.ask(writer, zab::Operation::set, 1);
        c.ping(writer);
        c.ping(idle);
        c.run(zab::seconds(1));

        CHECK_EQ(c.pings_answered(writer), 0);
        CHECK_EQ(c.pings_answered(idle), 1);
        c.release();
        c.run(zab::seconds(1));
        CHECK_EQ(c.pings_answered(writer), 1);
    }
}

TEST_CASE("a ping from where a session was before ends that connection at the leader") {
    Cluster c(three(""));
    form(c, {n1, n2, n3});
    const std::uint64_t before = c.connect(n3);
    c.run(zab::seconds(1));
    const std::uint64_t after = c.connect(n1, c.session_of(before));
    c.run(zab::seconds(1));
    REQUIRE_FALSE(c.has_lost(before));

    c.ping(before);
    c.ping(after);
    c.run(zab::seconds(1));

    CHECK(c.has_lost(before));
    CHECK_EQ(c.pings_answered(before), 0);
    CHECK_EQ(c.pings_answered(after), 1);
}

TEST_CASE("every learner that applies the creation of a session touches it at the leader, once") {
    for (const NodeId server : {n1, n3}) {
        CAPTURE(server.value);
        Cluster c(three(""));
        form(c, {n1, n2, n3});
        std::multiset<NodeId> touched_by;
        c.on_sent = [&touched_by](const Cluster::Sent& sent) {
            if (sent.as<zab::Touch>() != nullptr) touched_by.insert(sent.from);
        };

        c.connect(server);
        c.run(zab::seconds(10));

        CHECK((touched_by == std::multiset<NodeId>{n1, n2}));
    }
}

}  // namespace schedule
