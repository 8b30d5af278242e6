#include "analysis/check/checker_set.hpp"

#include "analysis/check/checkers.hpp"

#include <algorithm>

namespace analysis {

std::vector<std::unique_ptr<Checker>> make_all_checkers(Protocol protocol) {
    std::vector<std::unique_ptr<Checker>> all;
    if (protocol == Protocol::textbook) {
        all.push_back(make_textbook_leaders());
        all.push_back(make_textbook_commands());
        all.push_back(make_client_order());
        return all;
    }
    all.push_back(make_zab_delivery());
    all.push_back(make_primary_order());
    all.push_back(make_one_leader_per_epoch());
    all.push_back(make_epoch_files());
    all.push_back(make_acknowledgement());
    all.push_back(make_commit_quorum());
    all.push_back(make_leader_completeness());
    all.push_back(make_no_resurrected());
    all.push_back(make_log_matching());
    all.push_back(make_log_image());
    all.push_back(make_durability());
    all.push_back(make_boot());
    all.push_back(make_tree_agreement());
    all.push_back(make_committed_replies());
    all.push_back(make_client_order());
    all.push_back(make_watches());
    all.push_back(make_watch_completeness());
    return all;
}

std::vector<Property> all_properties(Protocol protocol) {
    std::vector<Property> all;
    for (const auto& checker : make_all_checkers(protocol)) {
        all.insert(all.end(), checker->properties().begin(), checker->properties().end());
    }
    return all;
}

trace::Level level_needed(Protocol protocol) {
    trace::Level needed = trace::Level::off;
    for (const Property& property : all_properties(protocol))
        needed = std::max(needed, property.level);
    return needed;
}

std::optional<trace::Level> level_needed(std::string_view property) {
    for (const Property& known : all_properties()) {
        if (known.name == property) return known.level;
    }
    return std::nullopt;
}

CheckerSet::CheckerSet(const Ensemble& ensemble, trace::Level level)
    : level_(level), ghost_(ensemble) {
    for (auto& checker : make_all_checkers(ensemble.protocol)) {
        const bool is_answerable = std::ranges::all_of(
            checker->properties(), [&](const Property& p) { return p.level <= level; });
        if (is_answerable) checkers_.push_back(std::move(checker));
    }
    subscribe();
}

CheckerSet::CheckerSet(const CheckerSet& other)
    : level_(other.level_), ghost_(other.ghost_), findings_(other.findings_) {
    checkers_.reserve(other.checkers_.size());
    for (const auto& checker : other.checkers_) checkers_.push_back(checker->clone());
    subscribe();
}

CheckerSet& CheckerSet::operator=(const CheckerSet& other) {
    if (this != &other) *this = CheckerSet(other);
    return *this;
}

void CheckerSet::subscribe() {
    kinds_ = checkers_.empty() ? 0 : Ghost::kinds();
    subscribers_.clear();
    for (std::size_t k = 0; k < trace::kind_count; ++k) {
        const trace::KindSet bit = trace::kind_bit(static_cast<trace::Kind>(k));
        for (const auto& checker : checkers_) {
            if ((checker->kinds() & bit) == 0) continue;
            subscribers_.push_back(checker.get());
            kinds_ |= bit;
        }
        first_[k + 1] = static_cast<std::uint16_t>(subscribers_.size());
    }
}

void CheckerSet::check(const trace::Record& record, trace::RecordId id) {
    const Position position = ghost_.place(record);
    const Step step{record, id, ghost_, position, findings_};
    const auto kind = static_cast<std::size_t>(record.kind());
    for (std::size_t i = first_[kind]; i < first_[kind + 1]; ++i) subscribers_[i]->observe(step);
    ghost_.observe(record, id, position);
}

std::vector<Property> CheckerSet::properties_checked() const {
    std::vector<Property> checked;
    for (const auto& checker : checkers_) {
        checked.insert(checked.end(), checker->properties().begin(), checker->properties().end());
    }
    return checked;
}

std::vector<Property> CheckerSet::properties_left_out() const {
    std::vector<Property> left_out = all_properties(ghost_.ensemble().protocol);
    std::erase_if(left_out, [&](const Property& p) {
        return std::ranges::any_of(properties_checked(),
                                   [&](const Property& c) { return c.name == p.name; });
    });
    return left_out;
}

bool CheckerSet::has_judged() const {
    return fingerprint() != CheckerSet(ghost_.ensemble(), level_).fingerprint();
}

std::uint64_t CheckerSet::fingerprint() const {
    Fingerprint fingerprint;
    fingerprint.add(ghost_.fingerprint());
    for (const auto& checker : checkers_) fingerprint.add(checker->fingerprint());
    fingerprint.add(findings_.total());
    return fingerprint.value();
}

}  // namespace analysis
