#include "protocol/service/clients.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>
#include <bit>

namespace zab {

ClientConnection* Clients::by_link(LinkId link) {
    if (link.slot >= place_of_link_.size() || place_of_link_[link.slot] == nowhere) {
        return nullptr;
    }
    ClientConnection& found = places_[place_of_link_[link.slot]];
    return found.link == link ? &found : nullptr;
}

ClientConnection* Clients::by_session(SessionId session) {
    if (index_.empty()) {
        return nullptr;
    }
    for (std::size_t i = slot_of(session); index_[i] != nowhere;
         i = (i + 1) & (index_.size() - 1)) {
        if (places_[index_[i]].session == session) {
            return &places_[index_[i]];
        }
    }
    return nullptr;
}

/// By the upper bits of a product: sessions of one server differ in the lowest bits only.
std::size_t Clients::slot_of(SessionId session) const {
    const auto bits = static_cast<unsigned>(std::countr_zero(index_.size()));
    return static_cast<std::size_t>((session.value * 0x9e3779b97f4a7c15) >> (64 - bits));
}

void Clients::enter(SessionId session, std::uint32_t place) {
    std::size_t i = slot_of(session);
    while (index_[i] != nowhere) {
        i = (i + 1) & (index_.size() - 1);
    }
    index_[i] = place;
}

/// At most half of the index is occupied.
void Clients::build_index() {
    index_.assign(std::bit_ceil(by_session_.size() * 2 + 2), nowhere);
    for (const auto& [session, place] : by_session_) {
        enter(session, place);
    }
}

LinkId Clients::add(LinkId link, SessionId session, const Connect& connect) {
    LinkId replaced{};
    if (const ClientConnection* older = by_session(session)) {
        replaced = older->link;
        remove(replaced);
    }
    std::uint32_t place = 0;
    if (free_.empty()) {
        place = static_cast<std::uint32_t>(places_.size());
        places_.emplace_back();
    } else {
        place = free_.back();
        free_.pop_back();
    }
    ClientConnection& connection = places_[place];
    connection.link = link;
    connection.session = session;
    connection.client = connect.client;
    connection.timeout_ms = connect.timeout_ms;
    connection.last_seen = connect.last_seen;
    connection.attached = false;
    connection.reading = true;
    connection.outstanding = 0;
    connection.pings = 0;
    connection.throttled = 0;
    connection.touched = false;
    connection.bucket = 0;
    connection.first_cxid.reset();
    connection.first_ping.reset();
    if (link.slot >= place_of_link_.size()) {
        place_of_link_.resize(std::size_t{link.slot} + 1, nowhere);
    }
    place_of_link_[link.slot] = place;
    const Named named{session, place};
    by_session_.insert(std::lower_bound(by_session_.begin(), by_session_.end(), named), named);
    if (by_session_.size() * 2 > index_.size()) {
        build_index();
    } else {
        enter(session, place);
    }
    return replaced;
}

void Clients::remove(LinkId link) {
    ClientConnection* connection = by_link(link);
    if (connection == nullptr) {
        return;
    }
    const std::uint32_t place = place_of_link_[link.slot];
    std::erase(by_session_, Named{connection->session, place});
    build_index();
    place_of_link_[link.slot] = nowhere;
    connection->link = {};
    in_process_ -= connection->outstanding + connection->pings - connection->throttled;
    throttled_ -= connection->throttled;
    connection->outstanding = connection->pings = connection->throttled = 0;
    free_.push_back(place);
}

void Clients::begin_request(ClientConnection& connection, const Request& request) {
    const bool is_ping = request.operation == Operation::ping;
    std::optional<Cxid>& first = is_ping ? connection.first_ping : connection.first_cxid;
    if (!first.has_value()) {
        first = request.cxid;
    }
    ++(is_ping ? connection.pings : connection.outstanding);
    ++in_process_;
}

/// One that an earlier connection of the same session has brought is not counted.
void Clients::end_request(ClientConnection& connection, const Request& request) {
    std::uint32_t& unanswered =
        request.operation == Operation::ping ? connection.pings : connection.outstanding;
    if (unanswered != 0) {
        --unanswered;
        --in_process_;
    }
}

void Clients::hold_request(ClientConnection& connection) {
    ++connection.throttled;
    ++throttled_;
    --in_process_;
}

void Clients::let_request_in(ClientConnection& connection) {
    --connection.throttled;
    --throttled_;
    ++in_process_;
}

void Clients::clear() {
    in_process_ = 0;
    throttled_ = 0;
    places_.clear();
    free_.clear();
    place_of_link_.clear();
    by_session_.clear();
    index_.clear();
}

std::uint64_t Clients::fingerprint() const {
    Digest digest;
    for (const auto& [session, place] : by_session_) {
        const ClientConnection& connection = places_[place];
        digest.add(session.value).add(connection.link.slot).add(connection.link.generation);
        digest.add(connection.client).add(connection.timeout_ms).add(connection.attached);
        digest.add(connection.last_seen.value);
        digest.add(connection.reading).add(connection.outstanding);
        digest.add(connection.pings).add(connection.throttled);
        digest.add(connection.touched).add(connection.bucket);
        digest.add(connection.first_cxid.has_value()).add(connection.first_cxid.value_or(0));
        digest.add(connection.first_ping.has_value()).add(connection.first_ping.value_or(0));
    }
    return digest.value;
}

}  // namespace zab
