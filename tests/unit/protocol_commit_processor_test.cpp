#include "protocol/service/commit_processor.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace {

using test::Dice;
using zab::CommitProcessor;
using zab::Cxid;
using zab::Operation;
using zab::Request;
using Turn = CommitProcessor::Turn;

Request request(std::uint64_t session, Cxid cxid, Operation operation) {
    return {{session}, cxid, 0, 0, 0, operation};
}

/// A server's clients that read and write at random, a leader that commits their writes in the
/// order of the queue and other servers' in between, and what the processor has made of it.
class Load {
  public:
    Load(std::uint64_t seed, bool is_leader, const zab::CommitLimits& limits,
         zab::RequestOrder order)
        : dice_(seed) {
        processor_.start(is_leader, limits, order);
    }

    void ask() {
        const std::uint64_t session = 1 + dice_.below(5);
        static constexpr Operation operations[] = {Operation::get, Operation::get, Operation::set,
                                                   Operation::sync};
        const Request one = request(session, ++cxids_[session], operations[dice_.below(4)]);
        processor_.submit(one);
        asked_[session].push_back(one.cxid);
        ++given_;
        if (zab::needs_commit(one.operation, false)) undecided_.push_back(one);
    }
    void decide() {
        if (dice_.below(3) == 0 || undecided_.empty()) {
            const zab::Txn foreign{{++zxid_}, {100}, static_cast<Cxid>(zxid_)};
            processor_.commit(foreign);
            commits_.emplace_back(100, foreign.cxid);
        } else {
            const Request one = undecided_.front();
            undecided_.pop_front();
            if (one.operation == Operation::sync) {
                processor_.commit(zab::SyncReply{one.session, one.cxid});
            } else {
                processor_.commit(zab::Txn{{++zxid_}, one.session, one.cxid});
            }
            commits_.emplace_back(one.session.value, one.cxid);
        }
        ++given_;
    }
    void decide_all() {
        while (!undecided_.empty()) decide();
    }
    /// One turn. There is always something to do while something is queued.
    void turn() {
        const CommitProcessor::Step step = processor_.take_next();
        REQUIRE((step.turn != Turn::idle) == (turns_ < given_));
        if (step.turn == Turn::idle) return;
        ++turns_;
        if (step.turn == Turn::pass) answer(*step.request);
        if (step.turn == Turn::commit) {
            const auto [session, cxid] = std::visit(
                [](const auto& c) { return std::pair(c.session.value, c.cxid); }, *step.committed);
            REQUIRE((commits_.front() == std::pair(session, cxid)));
            commits_.pop_front();
            REQUIRE((step.request != nullptr) == (session != 100));
            if ((step.request != nullptr)) answer(*step.request);
        }
        while (const Request* read = processor_.take_released()) answer(*read);
    }
    bool has_turns() const { return turns_ < given_; }
    std::size_t unanswered() const {
        std::size_t count = 0;
        for (const auto& [session, cxids] : asked_) count += cxids.size();
        return count;
    }
    const CommitProcessor& processor() const { return processor_; }
    Dice& dice() { return dice_; }

  private:
    void answer(const Request& one) {
        std::deque<Cxid>& waiting = asked_[one.session.value];
        REQUIRE_FALSE(waiting.empty());
        REQUIRE_EQ(waiting.front(), one.cxid);  // A session's in the order it sent them.
        waiting.pop_front();
    }

    Dice dice_;
    CommitProcessor processor_;
    std::map<std::uint64_t, Cxid> cxids_;
    std::map<std::uint64_t, std::deque<Cxid>> asked_;
    std::deque<Request> undecided_;
    std::deque<std::pair<std::uint64_t, Cxid>> commits_;
    std::uint64_t zxid_ = 0;
    std::size_t given_ = 0;
    std::size_t turns_ = 0;
};

}  // namespace

TEST_CASE("sessions are answered in order, commits take effect in order, nothing is left behind") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        zab::CommitLimits limits;
        if (seed % 3 == 1) limits.reads = static_cast<std::uint32_t>(seed % 5);
        limits.commits = 1 + static_cast<std::uint32_t>(seed % 4);
        Load load(seed, false, limits,
                  seed % 4 == 3 ? zab::RequestOrder::of_server : zab::RequestOrder::of_session);

        for (int step = 0; step < 400; ++step) {
            const std::uint32_t what = load.dice().small(3);
            what == 0 ? load.ask() : what == 1 ? load.decide() : load.turn();
        }
        load.decide_all();
        while (load.has_turns()) load.turn();

        REQUIRE_EQ(load.unanswered(), 0);
        REQUIRE(load.processor().empty());
        REQUIRE_EQ(load.processor().sessions_waiting(), 0);
    }
}

TEST_CASE("a sync waits for the leader's word on a learner, and is a read on the leader") {
    for (const bool is_leader : {false, true}) {
        CommitProcessor processor;
        processor.start(is_leader, {});
        processor.submit(request(1, 1, Operation::sync));
        CHECK((processor.take_next().turn == (is_leader ? Turn::pass : Turn::hold)));
    }
}

TEST_CASE("a batch of commits is not interrupted by reads, and ends where a session's reads wait") {
    CommitProcessor processor;
    processor.start(false, {std::nullopt, 2});
    processor.submit(request(1, 1, Operation::set));
    REQUIRE((processor.take_next().turn == Turn::hold));
    processor.submit(request(1, 2, Operation::get));
    REQUIRE((processor.take_next().turn == Turn::hold));
    processor.commit(zab::Txn{{1}, {1}, 1});
    processor.commit(zab::Txn{{2}, {9}, 1});

    CHECK((processor.take_next().turn == Turn::commit));
    CHECK((processor.take_released() == nullptr));  // The batch goes on.
    CHECK((processor.take_next().turn == Turn::commit));
    CHECK_EQ(processor.take_released()->cxid, 2);
}

TEST_CASE("a read waits behind its own session's write, and before 3.6.0 behind anybody's") {
    for (const auto order : {zab::RequestOrder::of_session, zab::RequestOrder::of_server}) {
        const bool is_old = order == zab::RequestOrder::of_server;
        CommitProcessor processor;
        processor.start(false, {}, order);
        processor.submit(request(1, 1, Operation::set));
        processor.submit(request(2, 1, Operation::get));
        REQUIRE((processor.take_next().turn == Turn::hold));
        CHECK((processor.take_next().turn == (is_old ? Turn::hold : Turn::pass)));

        processor.commit(zab::Txn{{1}, {1}, 1});
        CHECK((processor.take_next().turn == Turn::commit));
        const Request* released = processor.take_released();
        CHECK_EQ(released != nullptr, is_old);
        CHECK((processor.take_released() == nullptr));
    }
}

TEST_CASE("before 3.6.0 another server's commit waits as long as reads can go on") {
    for (const auto order : {zab::RequestOrder::of_session, zab::RequestOrder::of_server}) {
        CommitProcessor processor;
        processor.start(false, {}, order);
        processor.submit(request(2, 1, Operation::get));
        processor.commit(zab::Txn{{1}, {9}, 1});
        REQUIRE((processor.take_next().turn == Turn::pass));
        processor.submit(request(2, 2, Operation::get));
        const bool is_old = order == zab::RequestOrder::of_server;
        CHECK((processor.take_next().turn == (is_old ? Turn::pass : Turn::commit)));
    }
}

TEST_CASE("what is cleared is forgotten") {
    CommitProcessor processor;
    processor.start(false, {});
    processor.submit(request(1, 1, Operation::set));
    processor.take_next();
    processor.submit(request(1, 2, Operation::get));
    processor.commit(zab::Txn{{1}, {1}, 1});

    processor.clear();

    CHECK(processor.empty());
    processor.submit(request(1, 3, Operation::get));
    CHECK((processor.take_next().turn == Turn::pass));
}
