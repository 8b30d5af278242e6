#include "protocol/client/session.hpp"
#include "protocol/service/clients.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <vector>

namespace {

using test::Dice;
using zab::Clients;
using zab::ClientSession;
using zab::Connect;
using zab::LinkId;
using zab::Operation;
using zab::Outcome;
using zab::SessionId;
using zab::Zxid;

zab::ClientReply reply(zab::Cxid cxid, Zxid zxid = {}) {
    return {zxid, cxid, Operation::set, Outcome::ok};
}

void check_equal(Clients& clients, const std::map<LinkId, SessionId>& model) {
    std::size_t count = 0;
    clients.for_each([&](const zab::ClientConnection& connection) {
        ++count;
        REQUIRE(model.contains(connection.link));
        REQUIRE_EQ(model.at(connection.link).value, connection.session.value);
    });
    REQUIRE_EQ(count, model.size());
    for (const auto& [link, session] : model) {
        const auto* by_link = clients.by_link(link);
        REQUIRE(by_link != nullptr);
        REQUIRE(by_link == clients.by_session(session));
        REQUIRE((by_link->link == link));
        REQUIRE(clients.by_link({link.slot, link.generation + 1}) == nullptr);
    }
}

}  // namespace

TEST_CASE("a server's clients are found by link and by session, and a session has one link") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        Clients clients;
        std::map<LinkId, SessionId> model;
        std::uint32_t generation = 1;
        for (int step = 0; step < 300; ++step) {
            if (dice.below(5) < 3) {
                const LinkId link{dice.small(200), ++generation};
                const bool is_used = clients.by_link(link) != nullptr;
                std::erase_if(model, [&](const auto& m) { return m.first.slot == link.slot; });
                for (std::uint32_t old = 1; old < generation && !is_used; ++old) {
                    clients.remove({link.slot, old});
                }
                const SessionId session{1 + dice.below(60)};
                LinkId expected{};
                std::erase_if(model, [&](const auto& m) {
                    if (m.second == session) expected = m.first;
                    return m.second == session;
                });
                REQUIRE((clients.add(link, session, Connect{}) == expected));
                model[link] = session;
            } else if (!model.empty()) {
                auto chosen = model.begin();
                std::advance(chosen, static_cast<std::ptrdiff_t>(dice.below(model.size())));
                clients.remove(chosen->first);
                model.erase(chosen);
            }
            if (dice.one_in(80)) {
                clients.clear();
                model.clear();
            }
            check_equal(clients, model);
        }
    }
}

TEST_CASE("a new connection starts unattached and has asked nothing, whoever was there before") {
    Clients clients;
    clients.add({4, 1}, {10}, Connect{{10}, {}, 3, 5'000});
    clients.by_session({10})->attached = true;
    const zab::Request fourth{.cxid = 4, .operation = Operation::set};
    clients.begin_request(*clients.by_session({10}), fourth);
    REQUIRE(clients.by_session({10})->has_asked(fourth));

    const LinkId replaced = clients.add({5, 1}, {10}, Connect{{10}, {}, 6, 7'000});

    CHECK((replaced == LinkId{4, 1}));
    CHECK(clients.by_link({4, 1}) == nullptr);
    const auto* connection = clients.by_session({10});
    REQUIRE(connection != nullptr);
    CHECK_FALSE(connection->attached);
    CHECK_FALSE(connection->has_asked(fourth));
    CHECK_EQ(clients.in_process(), 0);
    CHECK_EQ(connection->client, 6);
    CHECK_EQ(connection->timeout_ms, 7'000);
}

TEST_CASE("pings are counted beside requests, and have numbers of their own") {
    Clients clients;
    clients.add({4, 1}, {10}, Connect{{10}, {}, 3, 5'000});
    auto& connection = *clients.by_session({10});
    const zab::Request write{.cxid = 9, .operation = Operation::set};
    const zab::Request ping{.cxid = 2, .operation = Operation::ping};

    clients.begin_request(connection, ping);

    CHECK(connection.has_asked(ping));
    CHECK_FALSE(connection.has_asked(write));
    clients.begin_request(connection, write);
    CHECK_EQ(connection.outstanding, 1);
    CHECK_EQ(clients.in_process(), 2);
    clients.end_request(connection, ping);
    CHECK_EQ(connection.outstanding, 1);
    clients.remove({4, 1});
    CHECK_EQ(clients.in_process(), 0);
}

TEST_CASE("a client's session takes replies in the order of its requests only") {
    ClientSession session(7, 10'000);
    REQUIRE(session.on_connect_reply({{42}, 4'000}));
    CHECK_EQ(session.request(Operation::set, 1, 10).cxid, 1);
    CHECK_EQ(session.request(Operation::get, 1, 0).cxid, 2);

    CHECK_FALSE(session.on_reply(reply(2)));
    CHECK(session.on_reply(reply(1, {50})));
    CHECK_FALSE(session.on_reply(reply(1)));
    CHECK(session.on_reply(reply(2, {40})));
    CHECK_FALSE(session.on_reply(reply(3)));
    CHECK_EQ(session.in_flight(), 0);
    CHECK_EQ(session.hello().last_seen.value, 50);  // An older reply does not take it back.
}

TEST_CASE("a client asks for its own session again, and for a new one once that is over") {
    ClientSession session(7, 10'000);
    CHECK_EQ(session.hello().session.value, 0);
    CHECK_EQ(session.hello().timeout_ms, 10'000);

    REQUIRE(session.on_connect_reply({{42}, 4'000}));
    CHECK(session.is_attached());
    CHECK_EQ(session.timeout_ms(), 4'000);
    session.detach();
    CHECK_FALSE(session.is_attached());
    CHECK_EQ(session.hello().session.value, 42);

    session.request(Operation::get, 1, 0);
    CHECK(session.on_reply({{77}, 1, Operation::get, Outcome::ok}));
    CHECK_EQ(session.hello().last_seen.value, 77);

    CHECK_FALSE(session.on_connect_reply({}));
    CHECK_EQ(session.hello().session.value, 0);
    CHECK_EQ(session.hello().last_seen.value, 0);  // The new one may go to a server that lags.
}

TEST_CASE("what is in flight when a connection breaks is given up oldest first") {
    ClientSession session(7, 10'000);
    session.request(Operation::set, 1, 10);
    session.request(Operation::get, 1, 0);

    const auto oldest = session.give_up_oldest();
    REQUIRE(oldest.has_value());
    CHECK_EQ(oldest->cxid, 1);
    CHECK(oldest->operation == Operation::set);
    CHECK_EQ(session.give_up_oldest()->cxid, 2);
    CHECK_FALSE(session.give_up_oldest().has_value());
    CHECK_EQ(session.request(Operation::set, 1, 10).cxid, 3);  // Numbers are not used again.
}

TEST_CASE("what a client asks of a session that it has closed has expired, of another it is lost") {
    ClientSession session(7, 10'000);
    REQUIRE(session.on_connect_reply({{42}, 4'000}));
    session.request(Operation::close_session, 0, 0);
    CHECK((session.loss() == Outcome::connection_loss));

    REQUIRE(session.on_reply({{50}, 1, Operation::close_session, Outcome::ok}));

    CHECK((session.loss() == Outcome::session_expired));
}
