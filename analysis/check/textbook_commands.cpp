#include "analysis/check/checkers.hpp"
#include "protocol/types/node_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property unique_commands{"unique_commands", "no two commands get the same id",
                                   trace::Level::protocol};
constexpr Property same_commands{"same_commands",
                                 "all servers execute the same commands in the same order",
                                 trace::Level::protocol};
constexpr Property agreed_commands_kept{
    "agreed_commands_kept", "whoever becomes the leader has executed every agreed command",
    trace::Level::protocol};
constexpr Property agreed_replies{"agreed_replies",
                                  "a client is never shown a command that is not agreed",
                                  trace::Level::protocol};
constexpr Property family[] = {unique_commands, same_commands, agreed_commands_kept,
                               agreed_replies};

std::string text(std::uint64_t id, std::uint64_t identity) {
    return fmt::format("command {} (request {} of client {})", id, identity & 0xffffffff,
                       identity >> 32);
}

/// Commands that are numbered by their leader and counted as agreed by their votes. What is known
/// of the newest ones is kept by id; what older ones would still show is not judged.
class TextbookCommands final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({command_sent, command_executed, command_agreed, leader_declared, complete,
                         server_stopped});
    }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<TextbookCommands>(*this);
    }

    void observe(const Step& step) override {
        const std::size_t node = step.record.node().value;
        if (node >= servers_.size()) servers_.resize(node + 1);
        const trace::Kind kind = step.record.kind();
        if (kind == complete) return check_reply(step);
        if (kind == leader_declared) return check_leader(step);
        if (kind == server_stopped) {
            servers_[node] = {};
            return;
        }
        if (step.record.a() == 0) return;  // No command has this id; a file may say so.
        if (commands_.empty()) commands_.resize(recent_commands);
        if (kind == command_sent) return on_sent(step);
        if (kind == command_executed) return on_executed(step);
        on_agreed(step);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (const Command& command : commands_) {
            fingerprint.add(command.id);
            fingerprint.add(command.identity);
            fingerprint.add(std::uint64_t{command.after});
            fingerprint.add((command.agreed == no_record ? 0u : 1u) + (command.lost ? 2u : 0u));
            for (const std::uint64_t word : command.holders.words()) fingerprint.add(word);
        }
        for (const Server& server : servers_) {
            fingerprint.add(server.executed);
            fingerprint.add(server.differs ? 1u : 0u);
        }
        return fingerprint.value();
    }

  private:
    struct Command {
        std::uint64_t id = 0;
        std::uint64_t identity = 0;  ///< Whose it is: the client and its own number for it.
        zab::NodeSet holders;        ///< Who has executed it.
        trace::RecordId sent = no_record;
        trace::RecordId agreed = no_record;
        trace::RecordId executed = no_record;  ///< By the first that did.
        std::uint32_t after = 0;               ///< What that one had executed before it.
        bool lost = false;                     ///< Some leader came to lead without it: told.
    };
    struct Server {
        std::uint64_t executed = 0;  ///< The id of the command executed last.
        std::uint64_t identity = 0;  ///< Whose that is.
        trace::RecordId record = no_record;
        bool differs = false;  ///< It has executed something else than others: told.
    };
    /// Far more than are sent while a server is away for long.
    static constexpr std::size_t recent_commands = 1 << 16;

    Command& at(std::uint64_t id) { return commands_[id % recent_commands]; }

    /// The place of this id in the table; nothing if it belongs to a newer one.
    Command* place_of(std::uint64_t id) {
        Command& place = at(id);
        if (place.id > id) return nullptr;
        if (place.id < id) renew(place, id, 0);
        return &place;
    }

    static void renew(Command& place, std::uint64_t id, std::uint64_t identity) {
        place.id = id;
        place.identity = identity;
        place.holders.clear();
        place.sent = place.agreed = place.executed = no_record;
        place.after = 0;
        place.lost = false;
    }

    void on_sent(const Step& step) {
        Command* command = place_of(step.record.a());
        if (command == nullptr) return;
        if (command->sent != no_record && command->identity != step.record.b()) {
            step.report(unique_commands, {command->sent, command->agreed}, [&] {
                return fmt::format("server {} sends {} under the id of {}",
                                   step.record.node().value, text(step.record.a(), step.record.b()),
                                   text(command->id, command->identity));
            });
        }
        renew(*command, step.record.a(), step.record.b());
        command->sent = step.id;
        highest_ = std::max(highest_, command->id);
    }

    void on_executed(const Step& step) {
        Server& server = servers_[step.record.node().value];
        server.executed = step.record.a();
        server.identity = step.record.b();
        server.record = step.id;
        if (server.executed > highest_) {
            step.report(same_commands, {}, [&] {
                return fmt::format("server {} executes {}, which no leader has sent",
                                   step.record.node().value,
                                   text(server.executed, server.identity));
            });
            return;
        }
        Command* command = place_of(step.record.a());
        if (command == nullptr || command->sent == no_record) return;
        const bool is_same = command->identity == step.record.b();
        if (is_same) command->holders.insert(step.record.node());
        if (is_same && command->executed == no_record) {
            command->executed = step.id;
            command->after = step.record.c();
        }
        const bool agrees = is_same && command->after == step.record.c();
        if (!agrees && !server.differs) report_difference(step, *command);
        server.differs = !agrees;
    }

    static void report_difference(const Step& step, const Command& command) {
        step.report(same_commands, {command.sent, command.executed}, [&] {
            const std::uint16_t node = step.record.node().value;
            const std::string own = text(step.record.a(), step.record.b());
            if (command.identity != step.record.b()) {
                return fmt::format("server {} executes {} where others execute {}", node, own,
                                   text(command.id, command.identity));
            }
            return fmt::format("server {} executes {} after command {}, another one after {}", node,
                               own, step.record.c(), command.after);
        });
    }

    void on_agreed(const Step& step) {
        Command* command = place_of(step.record.a());
        if (command == nullptr || command->identity != step.record.b()) return;
        command->agreed = step.id;
        command->holders.insert(step.record.node());  // Its leader executes it now.
    }

    void check_leader(const Step& step) {
        const std::uint64_t oldest =
            highest_ < recent_commands ? 1 : highest_ - recent_commands + 1;
        for (std::uint64_t id = oldest; id <= highest_; ++id) {
            Command& command = at(id);
            const bool is_lost = command.id == id && command.agreed != no_record && !command.lost &&
                                 !command.holders.contains(step.record.node());
            if (!is_lost) continue;
            command.lost = true;
            const trace::RecordId last = servers_[step.record.node().value].record;
            step.report(agreed_commands_kept, {command.sent, command.agreed, last}, [&] {
                return fmt::format("server {} leads without {}, which is agreed",
                                   step.record.node().value, text(id, command.identity));
            });
        }
    }

    void check_reply(const Step& step) {
        const std::uint64_t id = step.record.a();
        const bool is_read = trace::operation_of(step.record.detail()) == trace::Operation::get &&
                             trace::outcome_of(step.record.detail()) == trace::Outcome::ok;
        if (!is_read || id == 0) return;
        if (id > highest_) {
            step.report(agreed_replies, {}, [&] {
                return fmt::format(
                    "server {} shows client {} the state after command {}, which no leader has "
                    "sent",
                    step.record.node().value, step.record.b(), id);
            });
            return;
        }
        const Command& command = at(id);
        if (command.id != id || command.sent == no_record || command.agreed != no_record) return;
        const Server& server = servers_[step.record.node().value];
        const trace::RecordId executed = server.executed == id ? server.record : no_record;
        step.report(agreed_replies, {command.sent, executed}, [&] {
            return fmt::format("server {} shows client {} the state after {}, which is not agreed",
                               step.record.node().value, step.record.b(),
                               text(id, command.identity));
        });
    }

    std::vector<Command> commands_;  ///< By id; empty before the first.
    std::vector<Server> servers_;    ///< By id.
    std::uint64_t highest_ = 0;      ///< Of all ids sent.
};

}  // namespace

std::unique_ptr<Checker> make_textbook_commands() { return std::make_unique<TextbookCommands>(); }

}  // namespace analysis
