#pragma once

#include <string_view>

/// The names of the enumerations that records carry, each list in the order of its values.
namespace trace::names {

// In the order of zab::MessageKind; a test holds the two together.
inline constexpr std::string_view messages[] = {
    "hello",          "notification",     "follower_info", "observer_info",
    "leader_info",    "ack_epoch",        "diff",          "trunc",
    "snap",           "new_leader",       "ack",           "up_to_date",
    "proposal",       "commit",           "inform",        "forward",
    "sync",           "sync_reply",       "ping",          "ping_reply",
    "revalidate",     "revalidate_reply", "connect",       "connect_reply",
    "client_request", "client_reply",     "client_ping",   "client_ping_reply",
    "touch",          "telegram",         "watch_event"};
// In the order of zab::TimerKind; a test holds the two together.
inline constexpr std::string_view timers[] = {
    "notification", "finalize", "dial_retry", "epoch_wait", "tick", "observer", "expiry", "flush"};
inline constexpr std::string_view faults[] = {"crash",
                                              "power_loss",
                                              "restart",
                                              "pause",
                                              "resume",
                                              "cut",
                                              "heal",
                                              "delay",
                                              "loss",
                                              "clog",
                                              "release",
                                              "reset",
                                              "rate",
                                              "slow_disk",
                                              "disk_stall",
                                              "slow_cpu",
                                              "hold",
                                              "release_held",
                                              "drop_held",
                                              "disk_error",
                                              "disk_full",
                                              "disk_lie",
                                              "disk_lose_writes",
                                              "disk_corrupt",
                                              "clock_drift",
                                              "client_burst"};
inline constexpr std::string_view stop_reasons[] = {"crash", "power_loss", "halted"};
inline constexpr std::string_view refusals[] = {"epoch_of_log_above_current_epoch",
                                                "accepted_epoch_below_current_epoch",
                                                "corrupt_log",
                                                "corrupt_snapshots",
                                                "torn_log_header",
                                                "unwritable_disk"};
inline constexpr std::string_view losses[] = {"power_loss", "torn", "full_disk", "rot"};
inline constexpr std::string_view links[] = {"election", "learner", "client"};
inline constexpr std::string_view down_reasons[] = {"closed", "reset", "timed_out", "refused",
                                                    "unanswered"};
// In the order of zab::Work, then, from 16 on, a turn of each zab::Stage.
inline constexpr std::string_view works[] = {"shut_down_role",
                                             "finish_election",
                                             "open_port",
                                             "start_serving",
                                             "write_accepted_epoch",
                                             "write_current_epoch",
                                             "sync_log",
                                             "truncate_log",
                                             "read_log",
                                             "write_snapshot",
                                             "serialize_snapshot",
                                             "work_11",
                                             "work_12",
                                             "work_13",
                                             "work_14",
                                             "work_15",
                                             "turn_of_main",
                                             "turn_of_election",
                                             "turn_of_io",
                                             "turn_of_request",
                                             "turn_of_sync",
                                             "turn_of_commit",
                                             "turn_of_snapshot",
                                             "turn_of_handler"};
inline constexpr std::string_view resources[] = {"core", "nic_out", "disk", "stage", "link"};
inline constexpr std::string_view operations[] = {
    "create", "set", "get", "sync", "create_session", "close_session", "watch", "set_watches"};
inline constexpr std::string_view writes[] = {"other", "create", "set"};
inline constexpr std::string_view outcomes[] = {"ok", "node_exists", "no_node", "connection_loss",
                                                "session_expired"};
inline constexpr std::string_view comparisons[] = {"ignored", "taken"};
inline constexpr std::string_view leader_comparisons[] = {"election_ignored", "election_taken",
                                                          "leader_taken"};
inline constexpr std::string_view levels[] = {"off", "operations", "protocol", "messages", "all"};

}  // namespace trace::names
