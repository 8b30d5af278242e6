#include "protocol/server.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <vector>

// RequestThrottler with room for one request: whatever takes its place away must let the next in.

namespace {

using zab::LinkId;
using zab::Operation;
using zab::SessionId;

/// A leader that serves clients, one connection each, over links of the client's number.
struct Throttled {
    Throttled() { server.pipeline.start(server, true); }

    static zab::Server server_of_one_request() {
        zab::Config config;
        config.voters = {{1}};
        config.throttle_max_requests = 1;
        return zab::Server({1}, std::make_shared<const zab::Config>(config));
    }
    static LinkId link(std::uint32_t client) { return {client * 2 + 1, 1}; }

    void connect(std::uint32_t client) {
        pipeline().sessions.track({SessionId{client}, 10'000}, {}, server.config->tick_time);
        pipeline().clients.add(link(client), SessionId{client}, {{}, {}, client, 10'000});
        pipeline().clients.by_link(link(client))->attached = true;
    }
    void ask(std::uint32_t client, zab::Cxid cxid, Operation operation = Operation::set) {
        const zab::Request request{SessionId{client}, cxid, 1, 10, client, operation};
        pipeline().on_client_request(server, link(client), request, out);
    }
    /// The clients whose requests the first processor has, in their order.
    std::vector<std::uint32_t> let_in() {
        std::vector<std::uint32_t> all;
        for (std::size_t i = 0; i < pipeline().requests.size(); ++i) {
            all.push_back(pipeline().requests[i].request.client);
        }
        return all;
    }
    zab::Pipeline& pipeline() { return server.pipeline; }

    zab::Server server = server_of_one_request();
    zab::Effects out;
};

using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a request waits until the one in the processors has lost its connection") {
    Throttled t;
    for (const std::uint32_t client : {1u, 2u}) {
        t.connect(client);
        t.ask(client, 1);
    }
    REQUIRE(t.let_in() == Numbers{1});
    CHECK(t.pipeline().clients.throttled() == 1);

    t.pipeline().forget(Throttled::link(1), t.out);

    CHECK(t.let_in() == Numbers{1, 2});
    CHECK(t.pipeline().clients.throttled() == 0);
    CHECK(t.pipeline().clients.in_process() == 1);
}

TEST_CASE("a request waits until a later connection has taken its session away") {
    Throttled t;
    for (const std::uint32_t client : {1u, 2u}) {
        t.connect(client);
        t.ask(client, 1);
    }

    const LinkId replaced =
        t.pipeline().clients.add({99, 1}, SessionId{1}, {SessionId{1}, {}, 1, 10'000});
    t.pipeline().forget(replaced, t.out);

    CHECK(replaced == Throttled::link(1));
    CHECK(t.let_in() == Numbers{1, 2});
}

TEST_CASE("what nobody waits for any more is not let in, but for the end of a session") {
    for (const bool closes : {false, true}) {
        CAPTURE(closes);
        Throttled t;
        for (const std::uint32_t client : {1u, 2u, 3u}) {
            t.connect(client);
            t.ask(client, 1, client == 2 && closes ? Operation::close_session : Operation::set);
        }

        t.pipeline().forget(Throttled::link(2), t.out);
        REQUIRE(t.let_in() == Numbers{1});
        t.pipeline().forget(Throttled::link(1), t.out);

        CHECK(t.let_in() == (closes ? Numbers{1, 2, 3} : Numbers{1, 3}));
        CHECK(t.pipeline().clients.in_process() == 1);
        CHECK(t.pipeline().clients.throttled() == 0);
    }
}

TEST_CASE("sessions that are created count as requests") {
    Throttled t;
    for (const std::uint32_t client : {1u, 2u}) {
        t.connect(client);
        const zab::Request wish{SessionId{client}, 0, 10'000, 0, client, Operation::create_session};
        t.pipeline().on_new_session(*t.pipeline().clients.by_link(Throttled::link(client)), wish,
                                    t.out);
    }

    CHECK(t.let_in() == Numbers{1});
}
