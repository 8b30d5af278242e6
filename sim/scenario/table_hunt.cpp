#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

using json::Value;
using Row = Key<ChaosSpec>;

Form<std::vector<FaultFamily>> families() {
    using F = FaultFamily;
    return list(choice<F>({{"crash", F::crash},
                           {"power_loss", F::power_loss},
                           {"pause", F::pause},
                           {"restart_storm", F::restart_storm},
                           {"partition", F::partition},
                           {"one_way", F::one_way},
                           {"swizzle", F::swizzle},
                           {"flapping", F::flapping},
                           {"delay", F::delay},
                           {"loss", F::loss},
                           {"clog", F::clog},
                           {"reset", F::reset},
                           {"rate", F::rate},
                           {"disk_stall", F::disk_stall},
                           {"slow_disk", F::slow_disk},
                           {"slow_cpu", F::slow_cpu},
                           {"anchored", F::anchored},
                           {"core", F::core},
                           {"disk_error", F::disk_error},
                           {"disk_full", F::disk_full},
                           {"torn", F::torn},
                           {"corrupt", F::corrupt},
                           {"clock_drift", F::clock_drift},
                           {"client_burst", F::client_burst},
                           {"lying", F::lying},
                           {"lost_writes", F::lost_writes},
                           {"lost_tail", F::lost_tail}}),
                0, fault_family_count);
}

Form<std::vector<Varied>> varied() {
    using V = Varied;
    return list(choice<V>({{"ensemble", V::ensemble},
                           {"network", V::network},
                           {"disk", V::disk},
                           {"process", V::process},
                           {"clients", V::clients}}),
                0, varied_count);
}

Form<std::uint32_t> count(std::uint32_t least, std::uint32_t most) {
    return integer<std::uint32_t>(least, most);
}

std::vector<Key<Capsule>> capsule_rows() {
    using C = Capsule;
    using I = Capsule::Item;
    const Form<I> item = object<I>({
        .outline = {"certified_item", "What the failure needs.", {}},
        .keys =
            {
                key<I>("item", &I::item, text(1'000), {"A place in this file.", "\"/faults/0\""})
                    .mandatory(),
                key<I>("gone", &I::gone, count(0, 1'000),
                       {"In so many runs the failure was gone without it.", "20"}),
                key<I>("tries", &I::tries, count(0, 1'000),
                       {"Of so many, each with its own noise.", "20"}),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const I& one) {
                return one.gone <= one.tries ||
                       wrong_member(value, reader, "gone", "more than the tries");
            },
    });
    return {
        key<C>("format", &C::format, count(1, 1'000'000), {"The version of this format.", "1"})
            .mandatory(),
        key<C>("expected", &C::expected, text(200),
               {"\"clean\", or the class of the failure: the guarantee, and the role of the server "
                "that broke it.",
                "\"log_matching@follower\""})
            .mandatory(),
        key<C>("hash", &C::hash, text(18), {"Of the trace.", "\"0x0123456789abcdef\""}),
        key<C>("behaviour", &C::behaviour, count(0, 1'000'000),
               {"Of the engine that has this hash.", "7"}),
        key<C>("found_by", &C::found_by, text(10'000), {"The line that found it.", "\"\""}),
        key<C>("certificate", &C::certificate, list(item, 0, Limits::list),
               {"What the failure needs, by a count.", "[]"}),
    };
}

/// "clean", or a class: a word, "@", and a word or the name of a file.
bool is_class(std::string_view text) {
    const auto is_word = [](std::string_view word) {
        return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        });
    };
    const std::size_t at = text.find('@');
    return text == clean_class || (at != std::string_view::npos && is_word(text.substr(0, at)) &&
                                   is_word(text.substr(at + 1)));
}

bool is_hash(std::string_view text) {
    constexpr std::size_t digits = 18;
    return text.empty() ||
           (text.size() == digits && text.starts_with("0x") &&
            text.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos);
}

bool check_capsule(const Value& value, Reader& reader, const Capsule& capsule) {
    if (capsule.format != Capsule::newest_format) {
        return wrong_member(value, reader, "format",
                            "this zabsim reads capsules of format " +
                                std::to_string(Capsule::newest_format) +
                                ": convert it by `zabsim freeze` of the zabsim that wrote it, and "
                                "`zabsim shrink` of this one");
    }
    if (!is_class(capsule.expected)) {
        return wrong_member(value, reader, "expected",
                            "neither \"clean\" nor a class such as \"log_matching@follower\"");
    }
    return is_hash(capsule.hash) ||
           wrong_member(value, reader, "hash", "not \"0x\" and 16 digits in lower case");
}

}  // namespace

Form<ChaosSpec> chaos() {
    using C = ChaosSpec;
    return object<C>({
        .outline = {"chaos", "What is drawn for each seed.", {}},
        .keys =
            {
                key<C>("families", &C::families, families(),
                       {"The faults that may come.", R"(["crash", "partition"])"}),
                key<C>("beyond", &C::beyond, flag(),
                       {"Whether lying, lost_writes and lost_tail are drawn too: disks forget what "
                        "was acknowledged, which Zab does not promise to survive. Durability that "
                        "falls after them is excused.",
                        "false"}),
                key<C>("off", &C::off, probability(),
                       {"How likely each family is left out of a run.", "\"50%\""}),
                key<C>("faults", &C::faults, count(1, 1'000),
                       {"Of one family in one run, at most.", "8"}),
                key<C>("vary", &C::vary, varied(),
                       {"The parts of the scenario that are drawn, too.",
                        R"(["ensemble", "clients"])"}),
                key<C>("fewest_voters", &C::fewest_voters, count(1, 99),
                       {"Of an ensemble that is drawn.", "2"}),
                key<C>("most_voters", &C::most_voters, count(1, 99),
                       {"Of an ensemble that is drawn.", "7"}),
                key<C>("most_observers", &C::most_observers, count(0, 99),
                       {"Of an ensemble that is drawn.", "2"}),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const C& spec) {
                const bool goes_beyond =
                    std::any_of(spec.families.begin(), spec.families.end(), is_beyond_budget);
                if (goes_beyond && !spec.beyond) {
                    return wrong_member(value, reader, "families",
                                        "lying, lost_writes and lost_tail are beyond the fault "
                                        "budget: they need \"beyond\": true");
                }
                return spec.fewest_voters <= spec.most_voters ||
                       wrong_member(value, reader, "fewest_voters",
                                    "above most_voters, " + std::to_string(spec.most_voters));
            },
    });
}

Form<Capsule> capsule() {
    return object<Capsule>({
        .outline = {"capsule", "One failure as one file.", {}},
        .keys = capsule_rows(),
        .prepare = {},
        .check = check_capsule,
    });
}

}  // namespace sim::decode
