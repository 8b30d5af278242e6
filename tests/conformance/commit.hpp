#pragma once

#include "protocol/service/commit_processor.hpp"
#include "tests/conformance/case.hpp"

#include <optional>
#include <string>
#include <vector>

namespace conformance {

/// A commit processor by itself, with requests and commits as a case names them; told loop by loop.
class CommitPlay {
  public:
    struct Item {
        std::uint64_t session = 0;
        std::uint32_t cxid = 0;
        bool is_read = false;
        bool is_local = true;
    };

    explicit CommitPlay(const Value& initial);
    /// A step in words: what is added, and loops.
    void play(const std::string& step);

    const std::vector<Item>& items() const { return items_; }
    /// The loop in which an item was processed, from 1; 0: not yet.
    std::size_t loop_of(std::size_t item, std::size_t until) const;
    /// What a loop has processed, in order.
    const std::vector<std::size_t>& processed_in(std::size_t loop) const;
    std::vector<std::size_t> processed() const;
    std::size_t loops() const { return processed_.size(); }
    /// Items named in words: "s1:R2..R5", "W6(s2)", "0xFE", "all leading reads", "10 writes".
    std::vector<std::size_t> named(const std::string& raw, std::size_t loop) const;
    /// Of a range named in words, what is next to it: "R2..R5" means all that are so.
    std::vector<std::size_t> next_to(const std::string& raw, std::size_t loop) const;
    /// "10 writes" are those of all loops from now on, not of one.
    void count_all(bool all) { counts_all_ = all; }
    bool counts_all() const { return counts_all_; }
    /// The words say that something is not done yet.
    static bool denies(const std::string& words);
    /// What is left behind by a loop.
    struct Left {
        std::size_t queued = 0, sessions = 0, commits = 0;
        std::size_t pending = 0;  ///< Requests that wait in those sessions.
    };
    const Left& left_by(std::size_t loop) const { return left_.at(loop - 1); }
    std::size_t commit_at(std::size_t number) const;
    /// How many loops had run when something was committed first.
    std::size_t loops_before_commit() const;

  private:
    // commit_head.cpp
    std::vector<std::string> commits_told(const Value& committed,
                                          const std::vector<std::string>& queued);
    void check_head() const;
    void queue_all(const std::string& raw);
    void queue(const std::string& words);
    bool queue_some(const std::string& words);
    bool queue_named(const std::string& words);
    void queue_sessions(std::size_t first, std::size_t last, const std::string& each);
    void add(Item item, bool is_queued);
    void commit_all(const std::string& words);
    void commit(const std::string& words);
    void commit_one(std::uint64_t session, std::uint32_t cxid);
    void commit_others(std::size_t count);
    void commit_own(const std::string& words, std::optional<std::uint64_t> session);
    bool commit_named(const std::string& words);
    void loop();
    void play_part(const std::string& part, bool& adds);
    std::vector<std::size_t> own_waiting() const;
    std::size_t find(std::uint64_t session, std::uint32_t cxid, bool is_read) const;
    std::vector<std::size_t> several(const std::string& words, std::size_t loop) const;
    std::vector<std::size_t> by_number(const std::string& words, std::uint32_t first,
                                       std::uint32_t last, char kind) const;
    std::optional<std::size_t> by_place(const std::string& words, char kind) const;
    std::size_t next_commit(std::size_t loop) const;
    bool fits(std::size_t item, const std::string& words, char kind) const;
    bool is_leading(std::size_t item) const;

    zab::CommitProcessor processor_;
    std::vector<Item> items_;
    std::vector<std::size_t> committed_;  // In order.
    std::vector<std::vector<std::size_t>> processed_;
    std::vector<Left> left_;
    std::uint64_t session_ = 1;  // Of what is named without one.
    std::uint64_t current_ = 1;  // The session named last in these words.
    std::uint64_t stranger_ = 7'000'000;
    std::uint32_t next_cxid_ = 1;
    std::size_t refilled_ = 0;          // Reads that wait at every loop's beginning.
    std::size_t refilled_commits_ = 0;  // The same of commits of other servers' writes.
    std::size_t loops_before_commit_ = 0;
    bool counts_all_ = false;
    bool is_head_told_ = false;  // Of the first commit: its request is queued first.
    bool plays_ = false;         // Not the initial state any more.
};

// What a case says in words of what loops have done. commit_expect.cpp
/// One clause about a loop; returns the items that it says are done.
std::vector<std::size_t> check_clause(const CommitPlay& play, const std::string& said,
                                      std::size_t until, Verdict& verdict);
/// "all queues empty", "pending empty": what is left. False: it is no such clause.
bool check_left(const CommitPlay& play, const std::string& clause, std::size_t loop,
                Verdict& verdict);
/// All clauses, each about its own loop, or about this one.
void check_words(const CommitPlay& play, const std::string& words, std::size_t loop,
                 Verdict& verdict);

// What a commit processor counts. commit_metrics.cpp
/// "one request a loop" as a first step: each of the queued requests comes with a loop of its own,
/// and none is there from the beginning.
std::vector<std::string> one_by_one(const std::vector<std::string>& steps, Value& initial);
/// "readsAfterWrite": 3, "queueSizes": [1, 2, 3, 3]. False: the key is about something else.
bool check_metric(const CommitPlay& play, const std::string& key, const Value& value,
                  Verdict& verdict);

/// Numbers in words or digits; nothing: no number.
std::optional<std::size_t> count_of(const std::string& words);
/// "session 5" is "s5", "S1: W1" is "s1:W1", "R2-R5" is "R2..R5".
std::string plain_names(const std::string& words);
/// The parts of "s1,s2:R2..R5, then W6(s1),W6(s2) and 10 reads": the first is "s1+s2:R2..R5".
std::vector<std::string> items_of(const std::string& words);

}  // namespace conformance
