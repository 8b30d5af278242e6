#pragma once

#include "sim/trace/record.hpp"
#include "sim/trace/recorder.hpp"

#include <cstddef>
#include <optional>
#include <vector>

/// Finding the first record in which two runs differ, without keeping either of them.
namespace cli {

constexpr std::size_t block_records = 1024;

struct Block {
    trace::RecordId first = 0;
    std::vector<trace::Record> records;
};

/// What is kept of a run: its hash after every block of records, the last one short.
class Milestones final : public trace::Sink {
  public:
    void observe(const trace::Record& record, trace::RecordId id) override;
    void finish();

    trace::RecordId records() const { return recorder_.next_id(); }
    trace::RunHash hash() const { return recorder_.hash(); }
    const std::vector<trace::RunHash>& hashes() const { return hashes_; }

  private:
    trace::Recorder recorder_;
    std::vector<trace::RunHash> hashes_;
};

/// Compares a run with the milestones of another; keeps the first block that differs.
class Comparison final : public trace::Sink {
  public:
    explicit Comparison(const Milestones& expected) : expected_(expected) {}

    void observe(const trace::Record& record, trace::RecordId id) override;
    void finish();

    /// Its records, as many as this run has; nothing if the runs are equal.
    const std::optional<Block>& difference() const { return difference_; }

  private:
    void close_block();

    const Milestones& expected_;
    trace::Recorder recorder_;
    std::size_t blocks_ = 0;
    Block block_;
    std::optional<Block> difference_;
};

/// Keeps the records of one block of a run.
class BlockKeeper final : public trace::Sink {
  public:
    explicit BlockKeeper(trace::RecordId first) { block_.first = first; }
    void observe(const trace::Record& record, trace::RecordId id) override {
        if (id >= block_.first && id < block_.first + block_records) {
            block_.records.push_back(record);
        }
    }
    const Block& block() const { return block_; }

  private:
    Block block_;
};

/// The first place at which two blocks that begin at the same record differ; nothing: nowhere.
std::optional<std::size_t> first_difference(const Block& a, const Block& b);

}  // namespace cli
