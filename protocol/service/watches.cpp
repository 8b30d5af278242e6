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
    out.note(NoteKind::watch_set, request.session.value, request.client, request.path, {},
             static_cast<std::uint16_t>(request.operation));
    const Zxid written = database.tree().last_writer(request.path);
    if (request.operation == Operation::watch || written <= connection.last_seen) {
        watches.add(request.path, connection.link);
    } else {
        notices.push({connection.link, written, request.path});
    }
}

/// WatchManager.triggerWatch: whoever watches what has been written is to be told.
void Pipeline::trigger_watches(const Server& server, const Txn& txn) {
    const bool has_changed = (txn.type == TxnType::set || txn.type == TxnType::create) &&
                             server.database.tree().last_writer(txn.path) == txn.zxid;
    if (!has_changed) {
        return;
    }
    watches.take(txn.path, [&](LinkId link) { notices.push({link, txn.zxid, txn.path}); });
}

/// By the thread that applied the change, one watcher after the other, before it turns to anything
/// else: a watcher hears of the change before any reply can show it.
void Pipeline::tell_next_watcher(Effects& out) {
    const ClientConnection* watcher = nullptr;
    while (watcher == nullptr && !notices.empty()) {
        const Notice notice = notices.front();
        notices.pop();
        watcher = clients.by_link(notice.link);
        if (watcher != nullptr) {
            out.note(NoteKind::watch_fired, notice.zxid.value, watcher->client, notice.path);
            out.send(notice.link, WatchEvent{notice.zxid, notice.path});
        }
    }
    if (notices.empty() && held_answer.has_value()) {
        const Answer last = *held_answer;
        held_answer.reset();
        answer(last.request, last.zxid, std::nullopt, out);
    }
}

}  // namespace zab
