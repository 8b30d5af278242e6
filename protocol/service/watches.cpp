#include "protocol/service/watches.hpp"

#include "protocol/server.hpp"
#include "protocol/service/pipeline.hpp"
#include "protocol/types/digest.hpp"

namespace zab {

void Watches::add(PathId path, LinkId link) {
    const auto [place, is_new] = places_.try_emplace({link, path}, given_ + 1);
    if (is_new) {
        ++given_;
        by_path_.emplace(std::pair(path, place->second), link);
    }
}

void Watches::remove(LinkId link) {
    auto at = places_.lower_bound({link, 0});
    while (at != places_.end() && at->first.first == link) {
        by_path_.erase({at->first.second, at->second});
        at = places_.erase(at);
    }
}

void Watches::clear() {
    places_.clear();
    by_path_.clear();
}

std::uint64_t Watches::fingerprint() const {
    Digest digest;
    digest.add(by_path_.size());
    for (const auto& [place, link] : by_path_) {
        digest.add(place.first).add(link.slot).add(link.generation);
    }
    return digest.value;
}

// When they are set and told of: FinalRequestProcessor's part.

/// DataTree.getData and setWatches: what is read and what will be told belong to one state. Who has
/// come back is told at once of what has changed since it saw anything last.
void Pipeline::watch(const Server& server, const ClientConnection& connection,
                     const Request& request, Effects& out) {
    if (request.operation != Operation::watch && request.operation != Operation::set_watches) {
        return;
    }
    const Database& database = server.database;
    out.note(NoteKind::watch_set, database.last_processed().value, request.client, request.path);
    const Zxid written = database.tree().last_writer(request.path);
    if (request.operation == Operation::watch || written <= connection.last_seen) {
        watches.add(request.path, connection.link);
        return;
    }
    out.note(NoteKind::watch_fired, written.value, request.client, request.path);
    out.send(connection.link, WatchEvent{written, request.path});
}

/// WatchManager.triggerWatch, by the thread that applies the change: it goes out before any reply
/// that could show it.
void Pipeline::tell_watchers(const Server& server, const Txn& txn, Effects& out) {
    const bool has_changed = (txn.type == TxnType::set || txn.type == TxnType::create) &&
                             server.database.tree().last_writer(txn.path) == txn.zxid;
    if (!has_changed) {
        return;
    }
    watches.take(txn.path, [&](LinkId link) {
        const ClientConnection* watcher = clients.by_link(link);
        ensure(watcher != nullptr, "a watch ends with its connection");
        out.note(NoteKind::watch_fired, txn.zxid.value, watcher->client, txn.path);
        out.send(link, WatchEvent{txn.zxid, txn.path});
    });
}

}  // namespace zab
