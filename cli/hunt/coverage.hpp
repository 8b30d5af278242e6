#pragma once

#include "sim/coverage/sites.hpp"
#include "sim/coverage/tuple_set.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// All that a campaign may reach: the (role, phase, input) tuples that nothing forbids, then the
/// sites. An item is a place in this list, which changes with the code only.
class CoverageTable {
  public:
    static const CoverageTable& of_this_build();

    std::size_t size() const { return tuples_.size() + sim::site_count; }
    std::size_t tuples() const { return tuples_.size(); }
    bool is_site(std::size_t item) const { return item >= tuples_.size(); }
    std::size_t site(std::size_t item) const { return item - tuples_.size(); }
    sim::Tuple tuple(std::size_t item) const { return sim::tuple_of(tuples_[item]); }
    /// "follower serving: receive proposal", or a site's name.
    std::string name(std::size_t item) const;
    /// Differs from another build's if the lists do.
    const std::string& id() const { return id_; }

    /// What a run came by, as a seed's result keeps it: this table's id and six items a character.
    std::string encode(const sim::TupleSet& tuples, const sim::SiteSet& sites) const;
    /// Nothing: it is of another table, or damaged.
    std::optional<std::vector<bool>> decode(std::string_view text) const;

  private:
    CoverageTable();

    std::vector<std::uint32_t> tuples_;
    std::string id_;
};

/// What the seeds of a campaign reached: the same for the same results in any order.
class CampaignCoverage {
  public:
    struct Item {
        std::uint64_t seeds = 0;  ///< That reached it.
        std::uint64_t first_seed = 0;
    };
    CampaignCoverage();

    /// `text` as a result keeps it.
    void add(std::uint64_t seed, std::string_view text);

    /// Seeds whose results tell what they reached: those of another build do not, nor do those that
    /// ended their process.
    std::size_t seeds() const { return seeds_.size(); }
    const std::vector<Item>& items() const { return items_; }
    std::size_t reached_tuples() const;
    std::size_t reached_sites() const;
    std::size_t reached() const { return reached_tuples() + reached_sites(); }
    /// The greatest of all first seeds.
    std::uint64_t newest() const;
    /// How many items the `count` lowest seeds reached together.
    std::size_t reached_by_lowest(std::size_t count) const;

  private:
    std::vector<Item> items_;
    std::vector<std::uint64_t> seeds_;
};

}  // namespace cli
