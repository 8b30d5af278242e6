#include "protocol/message.hpp"

#include "protocol/types/digest.hpp"

namespace zab {

namespace {

void add(Digest& d, const Txn& t) {
    d.add(t.zxid.value).add(t.session.value).add(t.cxid).add(t.path).add(t.bytes);
    d.add(static_cast<std::uint64_t>(t.type));
}
void add(Digest& d, const Request& r) {
    d.add(r.session.value).add(r.cxid).add(r.path).add(r.bytes).add(r.client);
    d.add(static_cast<std::uint64_t>(r.operation));
    if (r.refusal.has_value()) {
        d.add(static_cast<std::uint64_t>(*r.refusal));
    }
    if (r.without_client) {
        d.add(std::uint64_t{1} << 32);
    }
}
void add(Digest& d, const Hello& m) { d.add(m.sid.value); }
void add(Digest& d, const Notification& m) {
    d.add(m.leader.value).add(m.peer_epoch.value).add(m.zxid.value).add(m.round);
    d.add(static_cast<std::uint64_t>(m.state)).add(m.version);
}
void add(Digest& d, const FollowerInfo& m) { d.add(m.sid.value).add(m.accepted_epoch.value); }
void add(Digest& d, const ObserverInfo& m) { d.add(m.sid.value).add(m.accepted_epoch.value); }
void add(Digest& d, const LeaderInfo& m) { d.add(m.epoch.value); }
void add(Digest& d, const AckEpoch& m) {
    d.add(m.last_zxid.value).add(m.current_epoch.has_value());
    d.add(m.current_epoch.value_or(Epoch{}).value);
}
void add(Digest& d, const Diff& m) { d.add(m.zxid.value); }
void add(Digest& d, const Trunc& m) { d.add(m.zxid.value); }
void add(Digest& d, const Snap& m) { d.add(m.zxid.value).add(m.bytes); }
void add(Digest& d, const NewLeader& m) { d.add(m.epoch.value); }
void add(Digest& d, const Ack& m) { d.add(m.zxid.value); }
void add(Digest&, const UpToDate&) {}
void add(Digest& d, const Proposal& m) { add(d, m.txn); }
void add(Digest& d, const Commit& m) { d.add(m.zxid.value); }
void add(Digest& d, const Inform& m) { add(d, m.txn); }
void add(Digest& d, const Forward& m) { add(d, m.request); }
void add(Digest& d, const Sync& m) { d.add(m.session.value).add(m.cxid); }
void add(Digest& d, const SyncReply& m) { d.add(m.session.value).add(m.cxid); }
void add(Digest& d, const Ping& m) { d.add(m.number); }
void add(Digest& d, const PingReply& m) { d.add(m.number); }
void add(Digest& d, const Revalidate& m) { d.add(m.session.value); }
void add(Digest& d, const RevalidateReply& m) { d.add(m.session.value).add(m.valid); }
void add(Digest& d, const Connect& m) {
    d.add(m.session.value).add(m.last_seen.value).add(m.client).add(m.timeout_ms);
}
void add(Digest& d, const ConnectReply& m) { d.add(m.session.value).add(m.timeout_ms); }
void add(Digest& d, const ClientRequest& m) { add(d, m.request); }
void add(Digest& d, const ClientReply& m) {
    d.add(m.zxid.value).add(m.cxid).add(static_cast<std::uint64_t>(m.operation));
    d.add(static_cast<std::uint64_t>(m.outcome));
}
void add(Digest& d, const ClientPing& m) { d.add(m.number); }
void add(Digest& d, const ClientPingReply& m) { d.add(m.zxid.value).add(m.number); }
void add(Digest& d, const Telegram& m) {
    d.add(m.number).add(m.reference).add(m.client).add(m.path).add(m.bytes);
    d.add(static_cast<std::uint64_t>(m.operation)).add(m.kind);
}
void add(Digest& d, const WatchEvent& m) { d.add(m.zxid.value).add(m.path); }
void add(Digest& d, const Touch& m) {
    for (const SessionId session : m.sessions) {
        d.add(session.value);
    }
}

}  // namespace

std::uint64_t identity(const Txn& txn) {
    Digest digest;
    add(digest, txn);
    return digest.value;
}

std::uint64_t identity(const Message& message) {
    Digest digest;
    digest.add(message.index());
    std::visit([&digest](const auto& m) { add(digest, m); }, message);
    return digest.value;
}

}  // namespace zab
