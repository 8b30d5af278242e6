#include "protocol/service/commit_processor.hpp"

#include "protocol/types/digest.hpp"

#include <bit>

namespace zab {

bool needs_commit(Operation operation, bool is_leader) {
    switch (operation) {
        case Operation::get:
        case Operation::watch:
        case Operation::set_watches:
        case Operation::ping: return false;
        case Operation::sync: return !is_leader;
        case Operation::create:
        case Operation::set:
        case Operation::create_session:
        case Operation::close_session: return true;
    }
    ensure(false, "every operation is listed");
    return false;
}

void CommitProcessor::start(bool is_leader, const CommitLimits& limits, RequestOrder order) {
    is_leader_ = is_leader;
    has_one_queue_ = order == RequestOrder::of_server;
    limits_ = has_one_queue_ ? CommitLimits{} : limits;
}

void CommitProcessor::submit(const Request& request) {
    queued_.push(request);
    if (needs_commit(request)) {
        own_writes_.push({request.session, request.cxid});
    }
}

/// The queue in which what this session asks waits; 0 is no session's id.
inline SessionId CommitProcessor::queue_of(SessionId session) const {
    return has_one_queue_ ? SessionId{} : session;
}

inline std::size_t CommitProcessor::slot_of(SessionId session) const {
    const auto bits = static_cast<unsigned>(std::countr_zero(index_.size()));
    return static_cast<std::size_t>((session.value * 0x9e3779b97f4a7c15) >> (64 - bits));
}

inline std::uint32_t CommitProcessor::find(SessionId session) const {
    if (waiting_ == 0) {
        return nowhere;
    }
    std::size_t i = slot_of(session);
    while (index_[i] != nowhere && places_[index_[i]].session != session) {
        i = (i + 1) & (index_.size() - 1);
    }
    return index_[i];
}

inline bool CommitProcessor::may_feed() const {
    return to_feed_ > 0 && (!limits_.reads.has_value() || reads_fed_ <= *limits_.reads);
}

/// Also finds out whose the next commit is.
inline bool CommitProcessor::may_commit() {
    matching_ = nowhere;
    if (commits_left_ == 0 || committed_.empty()) {
        return false;
    }
    if (has_one_queue_ && waiting_ == 0 && !queued_.empty()) {
        return false;  // What can go on goes first, however much of it there is.
    }
    if (own_writes_.empty()) {
        return true;
    }
    const OwnWrite& earliest = own_writes_.front();
    const Committed& next = committed_.front();
    const auto* txn = std::get_if<Txn>(&next);
    const auto* reply = std::get_if<SyncReply>(&next);
    const bool is_own = txn != nullptr
                            ? txn->cxid == earliest.cxid && txn->session == earliest.session
                            : reply->cxid == earliest.cxid && reply->session == earliest.session;
    if (!is_own) {
        // Another server's; or of this session from the server where it was before, or is now:
        // then its cxid is out of order here, and the leader's order is what counts.
        return true;
    }
    matching_ = find(queue_of(earliest.session));
    // Not yet: the write itself was not fed, or reads of its session are still before it.
    return matching_ != nowhere && needs_commit(places_[matching_].requests.front());
}

/// To the phase that has something to do; if none has, the loop ends.
inline void CommitProcessor::go_on() {
    if (phase_ == Phase::feeding && !may_feed()) {
        phase_ = Phase::committing;
        commits_left_ = limits_.commits;
    }
    if (phase_ == Phase::committing && !may_commit()) {
        phase_ = Phase::between;
        releases_ = !to_release_.empty();
    }
}

inline CommitProcessor::Step CommitProcessor::feed() {
    const Request& request = queued_.front();
    Step step{Turn::hold, &request};
    queued_.pop();  // Its place is not taken before something is added.
    to_feed_ = has_one_queue_ ? queued_.size() : to_feed_ - 1;  // Also what has come since.
    const SessionId queue = queue_of(request.session);
    std::uint32_t place = find(queue);
    if (place == nowhere && !needs_commit(request)) {
        step.turn = Turn::pass;
        ++reads_fed_;
    } else {
        // Behind a waiting request everything in its queue waits: FIFO client order.
        place = place == nowhere ? add(queue) : place;
        places_[place].requests.push(request);
    }
    // Stop as soon as a write of ours waits and a commit is here: commits of our own writes come in
    // the order of the queue, so this one is that write's or another server's, and can be applied.
    // Whoever sets a batch of reads wants it served first.
    if (!limits_.reads.has_value() && waiting_ > 0 && !committed_.empty()) {
        to_feed_ = 0;
    }
    go_on();
    return step;
}

inline CommitProcessor::Step CommitProcessor::take_commit() {
    Step step{Turn::commit, nullptr, &committed_.front()};
    committed_.pop();  // Its place is not taken before something is added.
    --commits_left_;
    if (matching_ != nowhere) {
        // Our own version of the request goes on: it knows the client that waits for the answer.
        SessionQueue& session = places_[matching_];
        const Request& waiting = session.requests.front();
        step.request = waiting.without_client ? nullptr : &waiting;
        session.requests.pop();
        own_writes_.pop();
        to_release_.push(matching_);
        if (session.requests.empty()) {
            remove(matching_);
        }
    }
    go_on();
    return step;
}

CommitProcessor::Step CommitProcessor::take_next() {
    Step step = take_one();
    while (step.turn == Turn::hold && step.request->without_client) {
        step = take_one();
    }
    return step;
}

inline CommitProcessor::Step CommitProcessor::take_one() {
    if (has_one_queue_) {
        go_on();  // Something may have come that goes before a commit.
    }
    if (phase_ == Phase::between) {
        // What arrives during this loop is fed in the next one: a stream of reads that never ends
        // must not keep commits of other servers waiting.
        to_feed_ = queued_.size();
        reads_fed_ = 0;
        phase_ = Phase::feeding;
        go_on();
    }
    switch (phase_) {
        case Phase::between: return {};
        case Phase::feeding: return feed();
        case Phase::committing: return take_commit();
    }
    return {};
}

/// Session by session, up to the next write. What was before it in its session is done by now.
const Request* CommitProcessor::release_next() {
    while (!to_release_.empty()) {
        const std::uint32_t place = to_release_.front();
        Ring<Request>& requests = places_[place].requests;
        if (!requests.empty() && !needs_commit(requests.front())) {
            const Request* read = &requests.front();
            requests.pop();
            if (requests.empty()) {
                remove(place);
            }
            return read;
        }
        to_release_.pop();
    }
    releases_ = false;
    return nullptr;
}

void CommitProcessor::enter(std::uint32_t place) {
    std::size_t i = slot_of(places_[place].session);
    while (index_[i] != nowhere) {
        i = (i + 1) & (index_.size() - 1);
    }
    index_[i] = place;
}

/// At most half of the index is occupied.
std::uint32_t CommitProcessor::add(SessionId session) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
        if (places_.size() * 2 > index_.size()) {
            index_.assign(std::bit_ceil(places_.size() * 4), nowhere);
            for (std::uint32_t place = 0; place + 1 < places_.size(); ++place) {
                enter(place);  // All others are in use.
            }
        }
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    places_[place].session = session;
    enter(place);
    ++waiting_;
    return place;
}

/// Closes the gap, so that a search may go on ending at the first empty slot.
void CommitProcessor::remove(std::uint32_t place) {
    const std::size_t mask = index_.size() - 1;
    std::size_t gap = slot_of(places_[place].session);
    while (index_[gap] != place) {
        gap = (gap + 1) & mask;
    }
    for (std::size_t i = (gap + 1) & mask; index_[i] != nowhere; i = (i + 1) & mask) {
        const std::size_t home = slot_of(places_[index_[i]].session);
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            index_[gap] = index_[i];
            gap = i;
        }
    }
    index_[gap] = nowhere;
    free_.push_back(place);
    --waiting_;
}

void CommitProcessor::clear() {
    queued_.clear();
    own_writes_.clear();
    committed_.clear();
    to_release_.clear();
    phase_ = Phase::between;
    releases_ = false;
    places_.clear();
    free_.clear();
    index_.clear();
    waiting_ = 0;
}

std::uint64_t CommitProcessor::fingerprint() const {
    Digest digest;
    digest.add(is_leader_).add(static_cast<std::uint64_t>(phase_));
    if (phase_ != Phase::between) {
        digest.add(to_feed_).add(reads_fed_).add(commits_left_);
    }
    const auto add_all = [](Digest& to, const Ring<Request>& requests) {
        to.add(requests.size());
        for (std::size_t i = 0; i < requests.size(); ++i) {
            to.add(identity(Message{Forward{requests[i]}}));
        }
    };
    add_all(digest, queued_);
    digest.add(own_writes_.size());
    for (std::size_t i = 0; i < own_writes_.size(); ++i) {
        digest.add(own_writes_[i].session.value).add(own_writes_[i].cxid);
    }
    digest.add(to_release_.size()).add(committed_.size());
    for (std::size_t i = 0; i < committed_.size(); ++i) {
        const Committed& item = committed_[i];
        const auto* txn = std::get_if<Txn>(&item);
        digest.add(txn != nullptr ? identity(*txn) : identity(Message{std::get<SyncReply>(item)}));
    }
    std::uint64_t sessions = 0;  // A sum: where a session's queue lies means nothing.
    for (const std::uint32_t place : index_) {
        if (place != nowhere) {
            Digest held;
            held.add(places_[place].session.value);
            add_all(held, places_[place].requests);
            sessions += held.value;
        }
    }
    return digest.add(sessions).value;
}

}  // namespace zab
