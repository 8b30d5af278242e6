#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

namespace sim::decode {

namespace {

using json::Value;
using Row = Key<EnsembleDraft>;

/// A row for a field of zab::Config.
template <class T>
Row row(std::string_view name, T zab::Config::*field, Form<T> form, Doc doc) {
    return key<EnsembleDraft>(name, in(&EnsembleDraft::config, field), std::move(form), doc);
}

/// A row for a field of zab::CommitLimits.
template <class T>
Row limit_row(std::string_view name, T zab::CommitLimits::*field, Form<std::uint32_t> form,
              Doc doc) {
    const auto place = [field](auto& ensemble) -> auto& {
        return ensemble.config.commit_limits.*field;
    };
    return key<EnsembleDraft>(name, place, std::move(form), doc);
}

std::vector<Row> member_rows() {
    return {
        key<EnsembleDraft>(
            "voters", &EnsembleDraft::voters, server_list(1, Limits::voters),
            {"The servers that vote: how many, numbered from 1, or their ids.", "5"}),
        key<EnsembleDraft>("observers", &EnsembleDraft::observers,
                           server_list(0, Limits::observers),
                           {"The servers that follow without a vote: how many, numbered after the "
                            "voters, or their ids.",
                            "[6, 7]"}),
        key<EnsembleDraft>(
            "groups", &EnsembleDraft::groups,
            list(list(server_id(), 1, Limits::voters), 0, Limits::voters),
            {"group.N: the majority of the groups decides, each by more than half of its weight. "
             "Every voter is in one; none: any majority decides.",
             "[[1, 2, 3], [4, 5]]"}),
        key<EnsembleDraft>(
            "weights", &EnsembleDraft::weights,
            keyed(by_server_id, integer<std::uint32_t>(0, 1'000'000), Limits::voters),
            {"weight.N: of the voters that do not weigh 1. Without groups all are in one.",
             R"({"4": 0, "5": 0})"}),
        key<EnsembleDraft>(
            "half_decides", &EnsembleDraft::half_decides, flag(),
            {"For studies, not ZooKeeper's: exactly half of the voters (weights, groups) is a "
             "quorum, so that two quorums may have nobody in common.",
             "false"}),
    };
}

std::vector<Row> timing_rows() {
    using C = zab::Config;
    const auto interval = duration(zab::milliseconds(1), zab::seconds(3600));
    const auto ticks = integer<std::uint32_t>(1, 1'000'000);
    return {
        row("tick_time", &C::tick_time, interval, {"tickTime: the unit of the limits.", "\"2s\""}),
        row("init_limit", &C::init_limit, ticks,
            {"initLimit: ticks that a learner may take to connect and synchronize.", "10"}),
        row("sync_limit", &C::sync_limit, ticks,
            {"syncLimit: ticks that a learner may be silent, or leave a proposal unacknowledged.",
             "5"}),
        key<EnsembleDraft>(
            "max_epoch_wait", in(&EnsembleDraft::config, &C::max_epoch_wait),
            duration({}, zab::seconds(3600)),
            {"leader.maxTimeToWaitForEpoch: how long a leader that waits for a quorum's epochs "
             "stays when a voter looks for a leader again; absent (-1): until initLimit.",
             "\"3s\""}),
        row("min_notification_interval", &C::min_notification_interval, interval,
            {"Election: the first wait before votes are sent again.", "\"200ms\""}),
        row("max_notification_interval", &C::max_notification_interval, interval,
            {"Election: the longest wait; it doubles up to here.", "\"60s\""}),
        row("finalize_wait", &C::finalize_wait, duration({}, zab::seconds(3600)),
            {"Election: the wait for a better vote after a quorum agrees.", "\"200ms\""}),
        row("election_connection_timeout", &C::election_connection_timeout, interval,
            {"zookeeper.cnxTimeout: for opening an election connection.", "\"5s\""}),
        row("learner_connect_retry", &C::learner_connect_retry, interval,
            {"The wait after the leader's port refused a learner.", "\"100ms\""}),
        row("learner_connect_attempts", &C::learner_connect_attempts,
            integer<std::uint32_t>(1, 1'000),
            {"How often a learner tries to connect before it looks for a leader again.", "5"}),
    };
}

std::vector<Row> pipeline_rows() {
    using C = zab::Config;
    const auto count = integer<std::uint32_t>(1, 1'000'000'000);
    return {
        row("commit_log_count", &C::commit_log_count, integer<std::uint32_t>(0, 10'000'000),
            {"commitLogCount: committed transactions kept in memory for DIFF.", "500"}),
        row("snapshot_count", &C::snapshot_count, count,
            {"snapCount: transactions between two snapshots.", "100000"}),
        row("snapshot_size_limit", &C::snapshot_size_limit,
            bytes<std::uint64_t>(1, std::uint64_t{1} << 50),
            {"snapSizeLimitInKb, since 3.6.0: log bytes between two snapshots.", "\"4GiB\""}),
        row("snapshot_size_percent", &C::snapshot_size_percent,
            integer<std::uint32_t>(0, 1'000'000),
            {"snapshotSizeFactor, in percent: how much log a learner is sent from disk, by the "
             "size of the newest snapshot; 0: any.",
             "33"}),
        row("sync_from_disk", &C::sync_from_disk, flag(),
            {"Whether a learner is sent from the log on disk at all.", "true"}),
        row("preallocation", &C::preallocation, bytes<std::uint64_t>(0, std::uint64_t{1} << 40),
            {"preAllocSize: by what a log file grows.", "\"64MiB\""}),
        row("force_snapshot_sync", &C::force_snapshot_sync, flag(),
            {"zookeeper.forceSnapshotSync: learners always get a SNAP (on release fixed, but for "
             "those that hold proposals of this epoch: it would cut off what they have "
             "acknowledged).",
             "false"}),
        row("observer_election_delay", &C::observer_election_delay,
            duration({}, zab::seconds(3600)),
            {"observer.election.DelayMs: the longest wait before an observer looks for a leader "
             "again.",
             "\"200ms\""}),
        row("max_batch_size", &C::max_batch_size, count,
            {"zookeeper.maxBatchSize: transactions after which the log is synced.", "1000"}),
        row("flush_delay", &C::flush_delay, duration({}, zab::seconds(60)),
            {"zookeeper.flushDelay: how long a sync may wait for more; 0s: it never does.",
             "\"0s\""}),
        row("global_outstanding_limit", &C::global_outstanding_limit, count,
            {"globalOutstandingLimit: requests in the leader before clients are throttled.",
             "1000"}),
        row("throttle_max_requests", &C::throttle_max_requests,
            integer<std::uint32_t>(0, 1'000'000'000),
            {"request_throttle_max_requests: so many requests of a server's own clients are in its "
             "processors at a time, and the rest waits before them; 0: all are.",
             "1000"}),
        limit_row(
            "max_read_batch_size", &zab::CommitLimits::reads, count,
            {"commitProcessor.maxReadBatchSize, since 3.6.0: reads that pass in one turn before "
             "commits get theirs; absent (-1): until a commit could take its turn.",
             "100"}),
        limit_row(
            "max_commit_batch_size", &zab::CommitLimits::commits, count,
            {"maxCommitBatchSize, since 3.6.0: commits applied before reads get a turn.", "1"}),
        row("min_session_ticks", &C::min_session_ticks, integer<std::uint32_t>(1, 1'000'000),
            {"minSessionTimeout, in ticks.", "2"}),
        row("max_session_ticks", &C::max_session_ticks, integer<std::uint32_t>(1, 1'000'000),
            {"maxSessionTimeout, in ticks.", "20"}),
        row("leader_serves", &C::leader_serves, flag(),
            {"leaderServes: whether the leader accepts clients.", "true"}),
    };
}

bool check_ensemble(const Value& value, Reader& reader, const EnsembleDraft& ensemble) {
    const zab::Config& config = ensemble.config;
    bool sound = true;
    if (config.min_notification_interval > config.max_notification_interval) {
        sound = wrong_member(
            value, reader, "min_notification_interval",
            "above max_notification_interval, " + to_text(config.max_notification_interval));
    }
    if (config.min_session_ticks > config.max_session_ticks) {
        sound =
            wrong_member(value, reader, "min_session_ticks",
                         "above max_session_ticks, " + std::to_string(config.max_session_ticks));
    }
    return sound;
}

}  // namespace

Form<EnsembleDraft> ensemble() {
    std::vector<Row> rows = member_rows();
    for (std::vector<Row>& more : std::vector{timing_rows(), pipeline_rows()}) {
        rows.insert(rows.end(), more.begin(), more.end());
    }
    return object<EnsembleDraft>({
        .outline = {"ensemble", "The servers and what their zoo.cfg says.", {}},
        .keys = std::move(rows),
        .prepare = {},
        .check = check_ensemble,
    });
}

Form<Ids> server_ids() {
    const Form<zab::NodeId> one = server_id();
    const Form<Ids> many = list(one, 1, zab::max_node_id);
    Form<Ids> form;
    form.accepted = "a server's id, or a list of ids";
    form.read = [=](const Value& value, Reader& reader, Ids& out) {
        if (value.is(Value::Kind::number)) {
            out.assign(1, {});
            return one.read(value, reader, out.front());
        }
        return value.is(Value::Kind::array)
                   ? many.read(value, reader, out)
                   : wrong_kind(value, reader, "a server's id, or a list of ids");
    };
    form.write = many.write;
    form.schema = [=](Definitions& definitions) {
        return any_of({one.schema(definitions), many.schema(definitions)});
    };
    return form;
}

Form<ServerList> server_list(std::uint64_t least, std::uint64_t most) {
    const Form<std::uint32_t> count = integer<std::uint32_t>(least, most);
    const Form<Ids> ids = list(server_id(), least, most);
    Form<ServerList> form;
    form.accepted = count.accepted + ", or a list of different server ids from 1 to 4095";
    form.read = [=, accepted = form.accepted](const Value& value, Reader& reader, ServerList& out) {
        if (value.is(Value::Kind::array)) {
            return ids.read(value, reader, out.emplace<Ids>());
        }
        return value.is(Value::Kind::number)
                   ? count.read(value, reader, out.emplace<std::uint32_t>())
                   : wrong_kind(value, reader, accepted);
    };
    form.write = [=](const ServerList& servers) {
        const auto* listed_ids = std::get_if<Ids>(&servers);
        return listed_ids != nullptr ? ids.write(*listed_ids)
                                     : json::number(std::get<std::uint32_t>(servers));
    };
    form.schema = [=](Definitions& definitions) {
        return any_of({count.schema(definitions), ids.schema(definitions)});
    };
    return form;
}

}  // namespace sim::decode
