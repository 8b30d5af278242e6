#include "analysis/check/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace analysis {

bool Findings::count(const Property& property) {
    ++total_;
    const auto found = std::ranges::find(counts_, property.name, &Count::property);
    if (found == counts_.end()) {
        counts_.push_back({property.name, 1});
        return true;
    }
    return ++found->violations <= kept_per_property;
}

std::uint64_t Findings::total_of(std::string_view property) const {
    const auto found = std::ranges::find(counts_, property, &Count::property);
    return found == counts_.end() ? 0 : found->violations;
}

Violation Step::violation(const Property& property, std::initializer_list<trace::RecordId> witness,
                          std::string explanation) const {
    std::vector<trace::RecordId> records(witness);
    records.push_back(id);
    std::erase(records, no_record);
    std::ranges::sort(records);
    // Not std::ranges::unique: clang++ 14 rejects the subrange of libstdc++ 12.
    records.erase(std::unique(records.begin(), records.end()), records.end());
    return {.property = std::string(property.name),
            .record = id,
            .time = record.time(),
            .node = record.node(),
            .explanation = std::move(explanation),
            .witness = std::move(records)};
}

std::string text(zab::Zxid zxid) { return fmt::format("{:#x}", zxid.value); }

std::string text(const Position& position) {
    if (position.is_empty()) return "the empty history";
    const char* unknown = position.is_known() ? "" : ", which nobody proposed";
    return fmt::format("{:#x} (prefix {:#018x}{})", position.zxid.value, position.prefix, unknown);
}

}  // namespace analysis
