#include "cli/comparison.hpp"

#include <algorithm>

namespace cli {

void Milestones::observe(const trace::Record& record, trace::RecordId) {
    recorder_.add(record);
    if (recorder_.next_id() % block_records == 0) hashes_.push_back(recorder_.hash());
}

void Milestones::finish() {
    if (recorder_.next_id() % block_records != 0) hashes_.push_back(recorder_.hash());
}

void Comparison::observe(const trace::Record& record, trace::RecordId) {
    recorder_.add(record);
    if (difference_) return;
    block_.records.push_back(record);
    if (block_.records.size() == block_records) close_block();
}

void Comparison::finish() {
    if (difference_) return;
    // A run that ends with a block may still lack the other's next one.
    if (!block_.records.empty() || blocks_ < expected_.hashes().size()) close_block();
}

void Comparison::close_block() {
    const auto& hashes = expected_.hashes();
    if (blocks_ >= hashes.size() || hashes[blocks_] != recorder_.hash()) {
        difference_ = std::move(block_);
        return;
    }
    ++blocks_;
    block_.records.clear();
    block_.first = blocks_ * block_records;
}

std::optional<std::size_t> first_difference(const Block& a, const Block& b) {
    const std::size_t shorter = std::min(a.records.size(), b.records.size());
    for (std::size_t i = 0; i < shorter; ++i) {
        if (!(a.records[i] == b.records[i])) return i;
    }
    if (a.records.size() != b.records.size()) return shorter;
    return std::nullopt;
}

}  // namespace cli
