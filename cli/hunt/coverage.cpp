#include "cli/hunt/coverage.hpp"

#include "sim/random/key.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t bits_a_digit = 6;

}  // namespace

CoverageTable::CoverageTable() {
    for (std::uint32_t number = 0; number < sim::tuple_count; ++number) {
        if (sim::why_unreachable(sim::tuple_of(number)).empty()) tuples_.push_back(number);
    }
    sim::Key key;
    for (std::size_t item = 0; item < size(); ++item) key = sim::derive(key, name(item));
    id_ = fmt::format("{:08x}", key.value >> 32);
}

const CoverageTable& CoverageTable::of_this_build() {
    static const CoverageTable table;
    return table;
}

std::string CoverageTable::name(std::size_t item) const {
    return is_site(item) ? std::string(sim::site_name(site(item))) : sim::tuple_text(tuple(item));
}

std::string CoverageTable::encode(const sim::TupleSet& tuples, const sim::SiteSet& sites) const {
    std::string out = id_ + ":";
    const std::size_t begin = out.size();
    out.resize(begin + (size() + bits_a_digit - 1) / bits_a_digit, digits[0]);
    for (std::size_t digit = 0; begin + digit < out.size(); ++digit) {
        std::size_t value = 0;
        for (std::size_t bit = 0; bit < bits_a_digit; ++bit) {
            const std::size_t item = digit * bits_a_digit + bit;
            if (item >= size()) break;
            const bool has = is_site(item) ? sites.has(site(item)) : tuples.has(tuples_[item]);
            value |= std::size_t{has} << bit;
        }
        out[begin + digit] = digits[value];
    }
    return out;
}

std::optional<std::vector<bool>> CoverageTable::decode(std::string_view text) const {
    const std::string_view::size_type begin = id_.size() + 1;
    const std::size_t expected = (size() + bits_a_digit - 1) / bits_a_digit;
    if (text.size() != begin + expected || !text.starts_with(id_ + ":")) return std::nullopt;
    std::vector<bool> out(size());
    for (std::size_t item = 0; item < size(); ++item) {
        const std::size_t value = digits.find(text[begin + item / bits_a_digit]);
        if (value == std::string_view::npos) return std::nullopt;
        out[item] = ((value >> (item % bits_a_digit)) & 1) != 0;
    }
    return out;
}

CampaignCoverage::CampaignCoverage() : items_(CoverageTable::of_this_build().size()) {}

void CampaignCoverage::add(std::uint64_t seed, std::string_view text) {
    const auto reached = CoverageTable::of_this_build().decode(text);
    if (!reached) return;
    seeds_.push_back(seed);
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (!(*reached)[i]) continue;
        Item& item = items_[i];
        item.first_seed = item.seeds == 0 ? seed : std::min(item.first_seed, seed);
        ++item.seeds;
    }
}

std::size_t CampaignCoverage::reached_tuples() const {
    const auto end = items_.end() - static_cast<std::ptrdiff_t>(sim::site_count);
    return static_cast<std::size_t>(
        std::count_if(items_.begin(), end, [](const Item& item) { return item.seeds > 0; }));
}

std::size_t CampaignCoverage::reached_sites() const {
    const auto begin = items_.end() - static_cast<std::ptrdiff_t>(sim::site_count);
    return static_cast<std::size_t>(
        std::count_if(begin, items_.end(), [](const Item& item) { return item.seeds > 0; }));
}

std::uint64_t CampaignCoverage::newest() const {
    std::uint64_t newest = 0;
    for (const Item& item : items_) {
        if (item.seeds > 0) newest = std::max(newest, item.first_seed);
    }
    return newest;
}

std::size_t CampaignCoverage::reached_by_lowest(std::size_t count) const {
    if (count == 0 || seeds_.empty()) return 0;
    std::vector<std::uint64_t> seeds = seeds_;
    const std::size_t last = std::min(count, seeds.size()) - 1;
    std::ranges::nth_element(seeds, seeds.begin() + static_cast<std::ptrdiff_t>(last));
    return static_cast<std::size_t>(std::ranges::count_if(items_, [&](const Item& item) {
        return item.seeds > 0 && item.first_seed <= seeds[last];
    }));
}

}  // namespace cli
