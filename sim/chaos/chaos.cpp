#include "sim/chaos/chaos.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

ChaosSpec::ChaosSpec() : off{Probability::certain_ppb / 2} {
    for (std::size_t i = 0; i < fault_family_count; ++i) {
        const auto family = static_cast<FaultFamily>(i);
        if (!is_beyond_budget(family)) families.push_back(family);
    }
    for (std::size_t i = 0; i < varied_count; ++i) {
        vary.push_back(static_cast<Varied>(i));
    }
}

namespace chaos {

namespace {

bool varies(const ChaosSpec& spec, Varied part) {
    return std::find(spec.vary.begin(), spec.vary.end(), part) != spec.vary.end();
}

/// Those that the spec names; of those beyond the budget all, if it asks for them and names none.
std::vector<FaultFamily> families_of(const ChaosSpec& spec) {
    std::vector<FaultFamily> families = spec.families;
    if (spec.beyond && std::none_of(families.begin(), families.end(), is_beyond_budget)) {
        for (const auto family :
             {FaultFamily::lying, FaultFamily::lost_writes, FaultFamily::lost_tail}) {
            families.push_back(family);
        }
    }
    return families;
}

std::vector<std::uint32_t> draw_minority(Dice dice, std::vector<std::uint32_t> voters) {
    for (std::size_t i = voters.size(); i > 1; --i) {
        std::swap(voters[i - 1], voters[dice.below(i)]);
    }
    voters.resize((voters.size() - 1) / 2);
    std::sort(voters.begin(), voters.end());
    return voters;
}

}  // namespace

std::uint64_t least_duration_ms(const ChaosSpec& spec, Setting setting) {
    if (varies(spec, Varied::ensemble)) least_limits(setting);
    if (varies(spec, Varied::clients)) setting.session_ms = least_session_ms;
    return calm_ms(setting) + 2 * first_fault_ms;
}

Drawn draw(const ChaosSpec& spec, std::uint64_t seed, Setting setting) {
    std::vector<std::string> parts;
    if (varies(spec, Varied::ensemble)) {
        parts.push_back(draw_ensemble(spec, Dice(seed, "ensemble"), setting));
    }
    if (varies(spec, Varied::clients)) {
        parts.push_back(draw_clients(Dice(seed, "clients"), setting));
    }
    if (varies(spec, Varied::network)) {
        parts.push_back(draw_network(Dice(seed, "network"), setting));
    }
    if (varies(spec, Varied::disk)) {
        parts.push_back(draw_disk(Dice(seed, "disk"), setting));
    }
    if (varies(spec, Varied::process)) {
        parts.push_back(draw_process(Dice(seed, "process")));
    }
    setting.weak = draw_minority(Dice(seed, "weak"), setting.voters);
    Drawn out;
    out.overrides = fmt::format("{{{}}}", fmt::join(parts, ", "));
    const std::uint64_t calm = calm_ms(setting);
    const std::uint64_t last = setting.duration_ms > calm ? setting.duration_ms - calm : 0;
    for (const FaultFamily family : families_of(spec)) {
        const Dice dice = Dice(seed, "faults").of(static_cast<std::uint64_t>(family));
        if (happens(spec.off, dice.of("off").word())) {
            continue;
        }
        std::vector<std::string> drawn = draw_faults(family, dice, setting, spec.faults, last);
        std::move(drawn.begin(), drawn.end(), std::back_inserter(out.faults));
    }
    return out;
}

}  // namespace chaos

}  // namespace sim
