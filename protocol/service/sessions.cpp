#include "protocol/service/sessions.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>

namespace zab {

SessionTracker::Entry* SessionTracker::find(SessionId id) {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), id,
                         [](const Entry& e, SessionId wanted) { return e.session.id < wanted; });
    return found == entries_.end() || found->session.id != id ? nullptr : &*found;
}

void SessionTracker::track(const Session& session, Instant now, Duration tick) {
    if (find(session.id) != nullptr) {
        touch(session.id, now, tick);
        return;
    }
    const auto place =
        std::lower_bound(entries_.begin(), entries_.end(), session.id,
                         [](const Entry& e, SessionId wanted) { return e.session.id < wanted; });
    entries_.insert(place, {session, bucket_of(now, session.timeout_ms, tick), false});
    ++live_;
}

bool SessionTracker::touch(SessionId id, Instant now, Duration tick) {
    Entry* entry = find(id);
    if (entry == nullptr || entry->closing) {
        return false;
    }
    entry->bucket = bucket_of(now, entry->session.timeout_ms, tick);
    return true;
}

void SessionTracker::set_closing(SessionId id) {
    Entry* entry = find(id);
    if (entry != nullptr && !entry->closing) {
        entry->closing = true;
        --live_;
    }
}

void SessionTracker::remove(SessionId id) {
    set_closing(id);
    std::erase_if(entries_, [id](const Entry& entry) { return entry.session.id == id; });
}

std::vector<SessionId> SessionTracker::take_expired(Instant now, Duration tick) {
    const auto present = static_cast<std::uint64_t>(now.ns / tick.ns);
    std::vector<SessionId> expired;
    for (Entry& entry : entries_) {
        if (!entry.closing && entry.bucket <= present) {
            entry.closing = true;
            --live_;
            expired.push_back(entry.session.id);
        }
    }
    return expired;
}

void SessionTracker::clear() {
    entries_.clear();
    live_ = 0;
}

std::uint64_t SessionTracker::fingerprint() const {
    Digest digest;
    digest.add(entries_.size());
    for (const Entry& entry : entries_) {
        digest.add(entry.session.id.value).add(entry.session.timeout_ms);
        digest.add(entry.bucket).add(entry.closing);
    }
    return digest.value;
}

}  // namespace zab
