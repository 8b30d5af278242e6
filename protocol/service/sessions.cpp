#include "protocol/service/sessions.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>
#include <utility>

namespace zab {

const SessionTracker::Entry* SessionTracker::find(SessionId id) const {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), id,
                         [](const Entry& e, SessionId wanted) { return e.session.id < wanted; });
    return found == entries_.end() || found->session.id != id ? nullptr : &*found;
}

SessionTracker::Entry* SessionTracker::find(SessionId id) {
    const Entry* found = std::as_const(*this).find(id);
    return found == nullptr ? nullptr
                            : &entries_[static_cast<std::size_t>(found - entries_.data())];
}

void SessionTracker::track(const Session& session, Instant now, Duration tick) {
    if (find(session.id) != nullptr) {
        touch(session.id, now, tick);
        return;
    }
    const auto place =
        std::lower_bound(entries_.begin(), entries_.end(), session.id,
                         [](const Entry& e, SessionId wanted) { return e.session.id < wanted; });
    entries_.insert(place, {session, bucket_of(now, session.timeout_ms, tick)});
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

bool SessionTracker::is_closing(SessionId id) const {
    const Entry* entry = find(id);
    return entry != nullptr && entry->closing;
}

std::optional<SessionRefusal> SessionTracker::check(SessionId id, LinkId owner) {
    Entry* entry = find(id);
    if (entry == nullptr) {
        return SessionRefusal::unknown;
    }
    if (entry->closing) {
        return SessionRefusal::expired;
    }
    if (!entry->owner.has_value()) {
        entry->owner = owner;
    }
    return entry->owner == owner ? std::nullopt : std::optional(SessionRefusal::moved);
}

void SessionTracker::set_owner(SessionId id, LinkId owner) {
    Entry* entry = find(id);
    if (entry != nullptr && !entry->closing) {
        entry->owner = owner;
    }
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

NodeId creator_of(SessionId id) { return {static_cast<std::uint16_t>(id.value >> 56)}; }

std::optional<SessionRefusal> check_on_leader(SessionTracker& global, SessionTracker* local,
                                              NodeId self, SessionId id, LinkId owner) {
    if (local != nullptr) {
        const auto refusal = local->check(id, owner);
        const bool is_local = refusal != SessionRefusal::unknown;
        // While it is both, it must hold as either.
        if (is_local && (refusal.has_value() || !global.is_tracked(id))) {
            return refusal;
        }
    }
    const auto refusal = global.check(id, owner);
    if (refusal != SessionRefusal::unknown) {
        return refusal;
    }
    // A local session of another server is that server's business.
    const bool may_be_local = local != nullptr && creator_of(id) != self;
    return may_be_local ? std::nullopt : std::optional(SessionRefusal::expired);
}

std::optional<SessionRefusal> check_global(SessionTracker& global, SessionId id, LinkId owner) {
    const auto refusal = global.check(id, owner);
    return refusal == SessionRefusal::unknown ? SessionRefusal::expired : refusal;
}

std::optional<SessionRefusal> check_on_learner(bool is_global, SessionTracker* local, SessionId id,
                                               LinkId owner) {
    if (local == nullptr) {
        return std::nullopt;
    }
    const auto refusal = local->check(id, owner);
    if (refusal != SessionRefusal::unknown) {
        return refusal;
    }
    return is_global ? std::nullopt : std::optional(SessionRefusal::expired);
}

std::uint64_t SessionTracker::fingerprint() const {
    Digest digest;
    digest.add(entries_.size());
    for (const Entry& entry : entries_) {
        digest.add(entry.session.id.value).add(entry.session.timeout_ms);
        digest.add(entry.bucket).add(entry.closing).add(entry.owner.has_value());
        if (entry.owner.has_value()) {
            digest.add(entry.owner->slot).add(entry.owner->generation);
        }
    }
    return digest.value;
}

}  // namespace zab
