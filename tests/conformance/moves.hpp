#pragma once

#include "protocol/client/session.hpp"
#include "tests/conformance/case.hpp"
#include "tests/support/cluster.hpp"

#include <string>

namespace conformance {

/// Three servers that serve, and clients that take a session from one to the next.
class Moves {
  public:
    /// A client's handle on a session: its connection, and what it knows itself.
    struct Handle {
        std::uint64_t client = 0;
        zab::ClientSession session{0, 10'000};
    };
    static constexpr zab::PathId path = 1;

    Moves();

    std::size_t servers() const { return cluster.members().size(); }
    /// A handle at a server, on a session that there is or on a new one.
    Handle open(std::size_t server, zab::SessionId session = {});
    /// The same handle over a new connection. False: no server answers, or the session is over.
    bool reopen(Handle& handle, std::size_t server);
    /// What the client of this handle is told.
    std::string ask(Handle& handle, zab::Operation operation);
    /// "ok": its ping is answered; else its connection is lost.
    std::string ping(Handle& handle);
    /// Ephemeral nodes live as long as their session is in a server's tree.
    bool has_ephemeral_of(zab::SessionId session) const;
    bool is_any_up() const;
    /// All servers end, or start and serve again: what one server alone is to its clients.
    void stop_all();
    void start_all();
    /// No client gives a sign of life until the session is over. Throws Refused if it never is.
    void await_end_of(zab::SessionId session);

    test::Cluster cluster;
};

}  // namespace conformance
