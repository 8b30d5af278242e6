#include "sim/trace/record_table.hpp"

#include "protocol/types/ensure.hpp"
#include "sim/trace/record_names.hpp"

#include <algorithm>
#include <array>

namespace trace {

namespace {

using Names = std::span<const std::string_view>;

constexpr Field server{"node", Form::integer, {}, "the server"};
constexpr Field contacted{"node", Form::integer, {}, "the server that the client talks to"};
constexpr Field zxid{"zxid", Form::zxid, {}, "the transaction"};
constexpr Field last_zxid{"zxid", Form::zxid, {}, "the last transaction"};
constexpr Field prefix{"prefix", Form::hex, {}, "rolling hash of the history up to and with it"};
constexpr Field tree{"tree", Form::hex, {}, "digest of the tree there; 0: not known", true};
constexpr Field leader{"leader", Form::integer, {}, "the leader"};
constexpr Field other_server{"peer", Form::integer, {}, "the other server"};
constexpr Field list_index{"index", Form::integer, {}, "its place in the list"};
constexpr Field epoch{"epoch", Form::integer, {}, "the epoch"};
constexpr Field client{"client", Form::integer, {}, "the client's number, from 0"};
constexpr Field cxid{"cxid", Form::integer, {}, "the client's own number for the request"};
constexpr Field operation{"operation", Form::name, names::operations, "what is asked"};
constexpr Field answered{"operation", Form::flags, {}, "what was asked, and what came of it"};
constexpr Field session{"session", Form::hex, {}, "the session"};
constexpr Field bytes{"bytes", Form::integer, {}, "payload"};
constexpr Field sender{"peer", Form::integer, {}, "the server that sent it"};
constexpr Field id{"number", Form::integer, {}, "the id"};
constexpr Field command{"command", Form::hex, {}, "whose command: client and cxid"};
constexpr Field path{"path", Form::integer, {}, "the znode: its number"};
constexpr Field write{"write", Form::name, names::writes, "a create only where there is none",
                      true};
constexpr Field written_path{"path", Form::integer, {}, "that znode: its number", true};
constexpr Field watching{"session", Form::hex, {}, "the client's session", true};
constexpr Field asked{"operation", Form::name, names::operations, "what has set it", true};
constexpr Field no{};

constexpr Field name(std::string_view key, Names list, std::string_view meaning) {
    return {key, Form::name, list, meaning};
}

constexpr Field struck = name("fault", names::faults, "what strikes");
constexpr Field down_reason = name("reason", names::down_reasons, "why");

constexpr Field compared =
    name("compared", names::comparisons, "taken: it is greater than its own");

using enum Kind;
using enum Level;

// clang-format off
constexpr std::array<Row, kind_count> table{{
    {fault, "fault", operations, "a fault strikes", {"node", Form::integer, {}, "0: no server"}, no,
     struck, list_index, no, no},
    {fault_skipped, "fault_skipped", operations,
     "a fault found no target, or what it waited for never came", no, no, struck, list_index, no,
     no},
    {resource, "resource", operations, "a resource's use after the warm-up, at the end", server,
     {"number", Form::integer, {}, "which of them; of a link: the server it leads to"},
     name("resource", names::resources, "what was used"),
     {"busy_ns", Form::integer, {}, "time in use"}, {"span_ns", Form::integer, {}, "time watched"},
     {"uses", Form::integer, {}, "how often; of cores: items of all that share them"}},
    {server_started, "server_started", operations, "a process starts", server, no, no, no, no, no},
    {booted, "booted", protocol, "snapshot and log are read, the database is in memory", server, no,
     no, last_zxid, prefix, {"current_epoch", Form::integer, {}, "of the epoch file"}},
    {refused_to_start, "refused_to_start", operations, "the process ends: its files cannot be used",
     server, no, name("reason", names::refusals, "what is wrong"), last_zxid, no, no},
    {server_stopped, "server_stopped", operations, "a process ends", server, no,
     name("reason", names::stop_reasons, "why it ended"), {"code", Form::integer, {}, "exit code"},
     no, no},
    {server_paused, "server_paused", operations, "a process stops running", server, no, no, no, no,
     no},
    {server_resumed, "server_resumed", operations, "a process runs again", server, no, no, no, no,
     no},
    {link_up, "link_up", messages, "a connection stands at this end", server, other_server,
     name("link", names::links, "what it is for"), no, no, no},
    {link_down, "link_down", messages, "this end learns that a connection is gone", server,
     other_server, down_reason, no, no, no},
    {dial_failed, "dial_failed", messages, "a connection could not be made", server, other_server,
     down_reason, no, no, no},
    {link_full, "link_full", Level::messages, "the connection's buffer is full: a thread waits",
     server, other_server, name("link", names::links, "what it is for"), no, no,
     {"bytes", Form::integer, {}, "that the other end has not read"}},
    {link_writable, "link_writable", Level::messages, "there is room again: the thread goes on",
     server, other_server, name("link", names::links, "what it is for"), no, no,
     {"bytes", Form::integer, {}, "that the other end has not read"}},
    {looking, "looking", operations, "an election begins here", server, no, no, last_zxid, no,
     {"round", Form::integer, {}, "the election's round"}},
    {elected, "elected", operations, "this server's election is decided", server, leader, no,
     {"zxid", Form::zxid, {}, "of the winning vote"}, no,
     {"round", Form::integer, {}, "the election's round"}},
    {following, "following", protocol, "a learner takes up its role", server, leader, no, no, no,
     no},
    {leading, "leading", protocol, "the new epoch is agreed by a quorum", server, no, no, last_zxid,
     prefix, epoch},
    {established, "established", operations, "a quorum has acknowledged NEWLEADER", server, no, no,
     {"zxid", Form::zxid, {}, "last of the initial history"}, prefix, epoch},
    {serving, "serving", operations, "clients are served from now on", server, leader, no,
     last_zxid, prefix, epoch},
    {receive, "receive", Level::messages, "a message is taken up", server,
     {"peer", Form::integer, {}, "the sending server; 0: a client"},
     name("message", names::messages, "what was received"),
     {"zxid", Form::zxid, {}, "the message's zxid"},
     {"value", Form::hex, {}, "round, session or client"}, bytes},
    {timer, "timer", all, "a timer fires", server, no, name("timer", names::timers, "which one"),
     no, no, no},
    {work, "work", all, "a stage has finished a piece of work", server, no,
     name("work", names::works, "which piece"), no, no,
     {"failed", Form::integer, {}, "1: the disk refused it"}},
    {request, "request", all, "the first processor passes a request on", server, no, operation, no,
     client, cxid},
    {forward, "forward", all, "a learner sends a request to its leader", server, leader, operation,
     no, client, cxid},
    {propose, "propose", protocol, "the leader gives a transaction its zxid and proposes it",
     server, no, no, zxid, prefix, bytes},
    {append, "append", protocol, "a transaction is in the log, not yet durable", server, no, write,
     zxid, prefix, written_path},
    {synced, "synced", protocol, "the log is durable up to here", server, no, no, last_zxid, prefix,
     {"batch", Form::integer, {}, "transactions made durable together"}},
    {ack, "ack", protocol, "this server acknowledges all up to here", server, leader, no,
     last_zxid, no, no},
    {commit, "commit", protocol, "the leader has a quorum of acks", server, no, no, zxid, prefix,
     {"acks", Form::integer, {}, "voters that had acknowledged it"}},
    {deliver, "deliver", protocol, "a transaction is applied to the tree", server, no, no, zxid,
     prefix, tree},
    {read, "read", all, "a read or sync is answered from the tree", server, no, answered, last_zxid,
     client, cxid},
    {inform, "inform", protocol,
     "an observer learns a committed transaction; this version tells it by `append`", server, no,
     no, zxid, prefix, no},
    {accepted_epoch, "accepted_epoch", protocol,
     "the acceptedEpoch file is durable; without a cause: since before the start", server, no, no,
     no, no, epoch},
    {current_epoch, "current_epoch", protocol, "the currentEpoch file is durable", server, no, no,
     no, no, epoch},
    {synchronized, "synchronized", protocol, "a learner acknowledges NEWLEADER", server, leader, no,
     last_zxid, prefix, epoch},
    {truncated, "truncated", protocol, "the log is cut after this transaction", server, leader, no,
     last_zxid, prefix, no},
    {lost, "lost", protocol, "what was in the log after this is gone", server, no,
     name("reason", names::losses, "what took it"), last_zxid, prefix,
     {"records", Form::integer, {}, "transactions lost"}},
    {snapshot_written, "snapshot_written", protocol, "a snapshot file is complete", server, no, no,
     last_zxid, prefix, {"durable", Form::integer, {}, "1: it survives a power loss"}},
    {snapshot_sent, "snapshot_sent", protocol, "a snapshot is serialised to a learner", server,
     {"peer", Form::integer, {}, "the learner"}, no, last_zxid, prefix, bytes},
    {snapshot_installed, "snapshot_installed", protocol, "a learner's memory is the snapshot's",
     server, leader, no, last_zxid, prefix, tree},
    {history, "history", protocol,
     "what memory holds from now on without replaying it; before the start: the disk", server, no,
     no, last_zxid, prefix, tree},
    {client_connecting, "client_connecting", all, "a client dials", contacted, no, no, no, client,
     no},
    {client_connected, "client_connected", operations, "a session is attached to a server",
     contacted, no, no, session, client, no},
    {client_disconnected, "client_disconnected", operations, "a client lost its server", contacted,
     no, down_reason, session, client, no},
    {client_expired, "client_expired", operations, "a client's session is over", contacted, no, no,
     session, client, no},
    {invoke, "invoke", operations, "a client issues an operation", contacted, no, operation,
     {"queued_ns", Form::integer, {}, "since its arrival, for want of a connection"}, client, cxid},
    {complete, "complete", operations, "a client gets its reply", contacted, no, answered,
     {"zxid", Form::zxid, {}, "of the reply: the write's own, or the state a read saw"}, client,
     cxid},
    {fail, "fail", operations, "a client gives an operation up", contacted, no, answered, no,
     client, cxid},
    {leader_compared, "leader_compared", protocol, "an election or leader id comes and is compared",
     server, sender, name("compared", names::leader_comparisons, "what became of it"), id,
     {"own", Form::integer, {}, "the leader id before"},
     {"round", Form::integer, {}, "of the sender's elections"}},
    {leader_declared, "leader_declared", operations, "the greatest id of an election leads", server,
     no, no, {"number", Form::integer, {}, "the leader id"},
     {"last", Form::integer, {}, "the last command id that it has seen"},
     {"round", Form::integer, {}, "of its elections"}},
    {command_sent, "command_sent", protocol, "the leader gives a command its id and sends it",
     server, {"origin", Form::integer, {}, "the server whose client asked"}, operation, id, command,
     bytes},
    {command_compared, "command_compared", protocol, "a command id comes and is compared", server,
     sender, compared, id, command,
     {"own", Form::integer, {}, "the last command id before"}},
    {command_executed, "command_executed", protocol, "a command is executed", server, sender, no,
     id, command, {"after", Form::integer, {}, "the id of the command executed before it"}},
    {vote_compared, "vote_compared", protocol, "a vote id comes and is compared", server, sender,
     compared, id, {"own", Form::integer, {}, "the sender's last vote id before"},
     {"votes", Form::integer, {}, "for this command so far; 0: it is agreed already"}},
    {command_agreed, "command_agreed", protocol, "more than half of all nodes have voted", server,
     {"origin", Form::integer, {}, "the server whose client asked"}, no, id, command,
     {"votes", Form::integer, {}, "counted"}},
    {watcher_registered, "watcher_registered", protocol, "an application enters the watcher table",
     server, no, no, {"number", Form::integer, {}, "the watcher id"}, client,
     {"watchers", Form::integer, {}, "in the table"}},
    {configuration_changed, "configuration_changed", protocol, "the watchers are notified", server,
     no, no, id, no, {"watchers", Form::integer, {}, "in the table"}},
    {notification_compared, "notification_compared", protocol,
     "a notification id comes to an application and is compared", contacted, no, compared, id,
     client, {"own", Form::integer, {}, "its last notification id before"}},
    {watch_set, "watch_set", protocol, "a client's watch stands on a znode", server, no, asked,
     watching, client, path},
    {watch_fired, "watch_fired", protocol, "a watch ends: its client is sent the change", server,
     no, no, zxid, client, path},
    {notified, "notified", operations, "a client hears of a change that it watched", contacted, no,
     no, zxid, client, path},
}};
// clang-format on

/// The kinds in the order of their names, to search in.
constexpr std::array<Kind, kind_count> by_name = [] {
    std::array<Kind, kind_count> kinds{};
    for (std::size_t i = 0; i < kind_count; ++i) kinds[i] = table[i].kind;
    std::ranges::sort(kinds, {},
                      [](Kind kind) { return table[static_cast<std::size_t>(kind)].name; });
    return kinds;
}();

}  // namespace

const Row& row(Kind kind) {
    const auto index = static_cast<std::size_t>(kind);
    zab::ensure(index < table.size(), "a record's kind comes from the enumeration");
    return table[index];
}

std::span<const Row> rows() { return table; }

std::optional<Kind> kind_named(std::string_view name) {
    const auto name_of = [](Kind kind) { return table[static_cast<std::size_t>(kind)].name; };
    const auto found = std::ranges::lower_bound(by_name, name, {}, name_of);
    if (found == by_name.end() || name_of(*found) != name) return std::nullopt;
    return *found;
}

std::span<const std::string_view> message_names() { return names::messages; }
std::span<const std::string_view> timer_names() { return names::timers; }
std::span<const std::string_view> operation_names() { return names::operations; }
std::span<const std::string_view> outcome_names() { return names::outcomes; }
std::span<const std::string_view> level_names() { return names::levels; }

KindSet kinds_at(Level level) {
    KindSet kinds = 0;
    for (const Row& of_kind : table) {
        if (of_kind.level <= level) kinds |= kind_bit(of_kind.kind);
    }
    return kinds;
}

}  // namespace trace
