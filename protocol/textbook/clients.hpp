#pragma once

#include "protocol/input.hpp"
#include "protocol/textbook/words.hpp"
#include "protocol/types/ring.hpp"

#include <map>

namespace textbook {

/// The clients of one server. The texts say no more than that they are answered; here each gets
/// its answers in the order of its requests, and a read shows what its server has executed.
class Clients {
  public:
    explicit Clients(zab::NodeId server) : server_(server) {}

    /// Any client is welcome, with any session: it may have seen more than this server has.
    void on_connect(zab::LinkId link, const zab::Connect& connect, zab::Effects& out) {
        clients_[connect.client] = {.link = link};
        const zab::SessionId fresh{(std::uint64_t{server_.value} << 48) + connect.client + 1};
        const bool is_new = connect.session.value == 0;
        out.send(link, zab::ConnectReply{is_new ? fresh : connect.session, connect.timeout_ms});
    }

    /// Returns whether the request is a command that others must agree to; a read is not.
    bool on_request(zab::LinkId link, const zab::Request& request, std::uint64_t executed,
                    zab::Effects& out) {
        const auto found = clients_.find(request.client);
        if (found == clients_.end() || found->second.link != link) {
            return false;  // It has not introduced itself, or was disconnected.
        }
        found->second.waiting.push({.cxid = request.cxid, .operation = request.operation});
        answer(found->first, found->second, executed, out);
        return is_write(request.operation);
    }

    /// A command of one of these clients is agreed.
    void on_answer(const zab::Telegram& answered, std::uint64_t executed, zab::Effects& out) {
        const auto found = clients_.find(answered.client);
        if (found == clients_.end()) {
            return;  // It has gone to another server meanwhile.
        }
        zab::Ring<Waiting>& waiting = found->second.waiting;
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].cxid == answered.reference) {
                waiting[i].command = answered.number;
            }
        }
        answer(found->first, found->second, executed, out);
    }

    void on_gone(zab::LinkId link) {
        std::erase_if(clients_, [link](const auto& client) { return client.second.link == link; });
    }

    /// A beat passes: whoever has waited for more than `patience` of them is disconnected.
    void give_up(std::uint32_t patience, zab::Effects& out) {
        for (auto& [number, client] : clients_) {
            if (!client.waiting.empty() && ++client.waiting.front().beats > patience) {
                out.push(zab::CloseLink{client.link});
                client = {};
            }
        }
    }

  private:
    struct Waiting {
        zab::Cxid cxid = 0;
        zab::Operation operation{};
        std::uint64_t command = 0;  // 0: not answered.
        std::uint32_t beats = 0;
    };
    struct Client {
        zab::LinkId link{};
        zab::Ring<Waiting> waiting{};
    };

    static bool is_write(zab::Operation operation) {
        return operation == zab::Operation::create || operation == zab::Operation::set;
    }

    /// All answers that are due: a request waits for those before it.
    static void answer(std::uint32_t number, Client& client, std::uint64_t executed,
                       zab::Effects& out) {
        while (!client.waiting.empty()) {
            const Waiting& next = client.waiting.front();
            const bool writes = is_write(next.operation);
            if (writes && next.command == 0) {
                return;
            }
            const zab::Zxid shown{writes ? next.command : executed};
            if (!writes) {
                out.note(zab::NoteKind::read, shown.value, number, next.cxid, {},
                         static_cast<std::uint16_t>(next.operation));
            }
            out.send(client.link,
                     zab::ClientReply{shown, next.cxid, next.operation, zab::Outcome::ok});
            client.waiting.pop();
        }
    }

    zab::NodeId server_;
    std::map<std::uint32_t, Client> clients_;  // By the client's number.
};

}  // namespace textbook
