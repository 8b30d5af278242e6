#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

using json::Value;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

Form<Uniform> uniform() {
    return object<Uniform>({
        .outline = {"uniform", "Every duration from min to max is equally likely.", {}},
        .keys =
            {
                key<Uniform>("min", &Uniform::min, duration(), {"The shortest.", "\"100us\""})
                    .mandatory(),
                key<Uniform>("max", &Uniform::max, duration(), {"The longest.", "\"300us\""})
                    .mandatory(),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const Uniform& uniform) {
                return uniform.min <= uniform.max ||
                       wrong_member(value, reader, "min", "above max");
            },
    });
}

Form<Exponential> exponential() {
    return object<Exponential>({
        .outline = {"exponential", "Memoryless: many short ones, few long ones.", {}},
        .keys =
            {
                key<Exponential>("mean", &Exponential::mean, duration(), {"The mean.", "\"2ms\""})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
}

Form<Normal> normal() {
    return object<Normal>({
        .outline = {"normal", "The bell curve; what falls below zero counts as zero.", {}},
        .keys =
            {
                key<Normal>("mean", &Normal::mean, duration(), {"The mean.", "\"250us\""})
                    .mandatory(),
                key<Normal>("deviation", &Normal::deviation, duration(),
                            {"The standard deviation.", "\"40us\""})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
}

Form<LogNormal> log_normal() {
    const Form<Factor> sigma = factor({0}, {10 * Factor::one_nano});
    return object<LogNormal>({
        .outline = {"log_normal", "The logarithm is normal: a long tail.", {}},
        .keys =
            {
                key<LogNormal>("median", &LogNormal::median, duration(),
                               {"The median.", "\"15ms\""})
                    .mandatory(),
                key<LogNormal>("sigma", &LogNormal::sigma, sigma,
                               {"The standard deviation of the natural logarithm.", "0.5"})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
}

Form<Pareto> pareto() {
    const Form<Factor> shape = factor({Factor::one_nano / 100}, {1'000 * Factor::one_nano});
    return object<Pareto>({
        .outline = {"pareto", "A power law: the heaviest tail.", {}},
        .keys =
            {
                key<Pareto>("min", &Pareto::min, duration(), {"The shortest.", "\"1ms\""})
                    .mandatory(),
                key<Pareto>(
                    "shape", &Pareto::shape, shape,
                    {"The smaller, the heavier the tail; the mean is infinite up to 1.", "2.5"})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
}

bool read_quantiles(const Value& value, Reader& reader, Empirical& out) {
    if (!check_list(value, reader, 2, 10'000)) {
        return false;
    }
    const Form<Probability> share = probability();
    const Form<zab::Duration> time = duration();
    bool sound = true;
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
        const Value& pair = value.elements[i];
        const Reader::Inside inside(reader, std::to_string(i));
        if (!check_list(pair, reader, 2, 2)) {
            sound = false;
            continue;
        }
        Quantile& quantile = out.quantiles.emplace_back();
        {
            const Reader::Inside first(reader, "0");
            sound = share.read(pair.elements[0], reader, quantile.probability) && sound;
        }
        const Reader::Inside second(reader, "1");
        sound = time.read(pair.elements[1], reader, quantile.value) && sound;
    }
    return sound;
}

/// Requires at least two quantiles.
bool check_quantiles(const Value& value, Reader& reader, const Empirical& spec) {
    const std::vector<Quantile>& points = spec.quantiles;
    if (points.front().probability.ppb != 0) {
        return reader.wrong(value.elements.front(), "the first quantile must be that of 0%");
    }
    if (points.back().probability.ppb != Probability::certain_ppb) {
        return reader.wrong(value.elements.back(), "the last quantile must be that of 100%");
    }
    for (std::size_t i = 1; i < points.size(); ++i) {
        if (points[i].probability <= points[i - 1].probability) {
            return reader.wrong(value.elements[i], "the shares must rise");
        }
        if (points[i].value < points[i - 1].value) {
            return reader.wrong(value.elements[i], "the durations must not fall");
        }
    }
    return true;
}

Form<Empirical> empirical() {
    Form<Empirical> form;
    form.accepted = "a list of pairs [share, duration] from 0% to 100%";
    form.read = [](const Value& value, Reader& reader, Empirical& out) {
        out.quantiles.clear();
        return read_quantiles(value, reader, out) && check_quantiles(value, reader, out);
    };
    form.write = [](const Empirical& spec) {
        Value out = json::array({});
        for (const Quantile& point : spec.quantiles) {
            out.elements.push_back(json::array(
                {json::string(to_text(point.probability)), json::string(to_text(point.value))}));
        }
        return out;
    };
    form.schema = [](Definitions& definitions) {
        Value share = probability().schema(definitions);
        Value pair = json::object(
            {json::member("type", json::string("array")),
             json::member("items", json::array({std::move(share), duration().schema(definitions)})),
             json::member("minItems", json::number(2)), json::member("maxItems", json::number(2))});
        return list_schema(std::move(pair), 2);
    };
    return form;
}

constexpr std::string_view distribution_accepted =
    "a duration such as \"250us\", or a distribution such as {\"exponential\": {\"mean\": "
    "\"2ms\"}}";

/// Rows for the distributions that need no other.
template <class Spec>
std::vector<Key<Spec>> plain_rows() {
    return {
        alternative<Spec>(
            "uniform", uniform(),
            {"Equally likely between two ends.", R"({"min": "100us", "max": "300us"})"}),
        alternative<Spec>("exponential", exponential(), {"Memoryless.", R"({"mean": "2ms"})"}),
        alternative<Spec>("normal", normal(),
                          {"The bell curve.", R"({"mean": "250us", "deviation": "40us"})"}),
        alternative<Spec>("log_normal", log_normal(),
                          {"A long tail.", R"({"median": "15ms", "sigma": 0.5})"}),
        alternative<Spec>("pareto", pareto(), {"A heavy tail.", R"({"min": "1ms", "shape": 2.5})"}),
        alternative<Spec>("empirical", empirical(),
                          {"Linear between measured quantiles.",
                           R"([["0%", "1ms"], ["90%", "2ms"], ["100%", "9ms"]])"}),
    };
}

/// A plain duration for a constant, an object with one key for all else.
template <class Spec>
Form<Spec> constant_or(std::string_view name, std::vector<Key<Spec>> rows) {
    OneOf one_of;
    for (const Key<Spec>& row : rows) {
        one_of.keys.push_back(row.name);
    }
    const Form<Spec> shaped = object<Spec>({
        .outline = {name, "A distribution of durations: exactly one key.", {one_of}},
        .keys = std::move(rows),
        .prepare = {},
        .check = {},
    });
    Form<Spec> constant = adapted<Spec, zab::Duration>(
        duration(), [](const zab::Duration& value) { return Spec(value); },
        [](const Spec&) { return zab::Duration{}; });
    Form<Spec> form = either(constant, shaped, std::string(distribution_accepted));
    form.read = [=](const Value& value, Reader& reader, Spec& out) {
        if (value.is(Value::Kind::object)) {
            return shaped.read(value, reader, out);
        }
        if (!value.is(Value::Kind::string) && !value.is(Value::Kind::number)) {
            return wrong_kind(value, reader, distribution_accepted);
        }
        return constant.read(value, reader, out);
    };
    form.write = [=](const Spec& spec) {
        const auto* plain = std::get_if<zab::Duration>(&spec);
        return plain == nullptr ? shaped.write(spec) : json::string(to_text(*plain));
    };
    return form;
}

Form<Bimodal> bimodal() {
    const Form<PlainSpec> part = constant_or("plain_distribution", plain_rows<PlainSpec>());
    return object<Bimodal>({
        .outline = {"bimodal", "Mostly fast, sometimes slow, like a disk's sync.", {}},
        .keys =
            {
                key<Bimodal>("fast", &Bimodal::fast, part, {"The usual draws.", "\"300us\""})
                    .mandatory(),
                key<Bimodal>("slow", &Bimodal::slow, part, {"The others.", "\"4ms\""}).mandatory(),
                key<Bimodal>("slow_share", &Bimodal::slow_share, probability(),
                             {"How many are slow.", "\"5%\""})
                    .mandatory(),
            },
        .prepare = {},
        .check = {},
    });
}

const std::vector<Key<DistributionSpec>>& rows() {
    static const std::vector<Key<DistributionSpec>> all = [] {
        std::vector<Key<DistributionSpec>> made = plain_rows<DistributionSpec>();
        made.push_back(alternative<DistributionSpec>(
            "bimodal", bimodal(),
            {"One of two distributions.",
             R"({"fast": "300us", "slow": "4ms", "slow_share": "5%"})"}));
        return made;
    }();
    return all;
}

DistributionSpec widened(const PlainSpec& spec) {
    return std::visit([](const auto& value) { return DistributionSpec(value); }, spec);
}

PlainSpec halved_plain(const PlainSpec& spec) {
    return std::visit(Overloaded{
                          [](zab::Duration value) -> PlainSpec { return value / 2; },
                          [](Uniform s) -> PlainSpec {
                              return Uniform{s.min / 2, s.max / 2};
                          },
                          [](Exponential s) -> PlainSpec { return Exponential{s.mean / 2}; },
                          [](Normal s) -> PlainSpec {
                              return Normal{s.mean / 2, s.deviation / 2};
                          },
                          [](LogNormal s) -> PlainSpec {
                              return LogNormal{s.median / 2, s.sigma};
                          },
                          [](Pareto s) -> PlainSpec {
                              return Pareto{s.min / 2, s.shape};
                          },
                          [](Empirical s) -> PlainSpec {
                              for (Quantile& point : s.quantiles) {
                                  point.value = point.value / 2;
                              }
                              return s;
                          },
                      },
                      spec);
}

}  // namespace

bool is_distribution_name(std::string_view key) {
    return std::any_of(rows().begin(), rows().end(),
                       [&](const Key<DistributionSpec>& row) { return row.name == key; });
}

Form<DistributionSpec> distribution() {
    static const Form<DistributionSpec> form = constant_or("distribution", rows());
    return form;
}

Distribution build(const DistributionSpec& spec) {
    const auto part = [](const PlainSpec& plain) {
        return std::visit(
            Overloaded{
                [](zab::Duration value) { return Distribution::constant(value); },
                [](const Uniform& s) { return Distribution::uniform(s.min, s.max); },
                [](const Exponential& s) { return Distribution::exponential(s.mean); },
                [](const Normal& s) { return Distribution::normal(s.mean, s.deviation); },
                [](const LogNormal& s) { return Distribution::log_normal(s.median, s.sigma); },
                [](const Pareto& s) { return Distribution::pareto(s.min, s.shape); },
                [](const Empirical& s) { return Distribution::empirical(s.quantiles); },
            },
            plain);
    };
    if (const auto* two = std::get_if<Bimodal>(&spec)) {
        return Distribution::bimodal(part(two->fast), part(two->slow), two->slow_share);
    }
    return std::visit(
        [&](const auto& value) {
            if constexpr (std::is_constructible_v<PlainSpec, decltype(value)>) {
                return part(PlainSpec(value));
            } else {
                return Distribution();
            }
        },
        spec);
}

DistributionSpec halved(const DistributionSpec& spec) {
    if (const auto* two = std::get_if<Bimodal>(&spec)) {
        return Bimodal{halved_plain(two->fast), halved_plain(two->slow), two->slow_share};
    }
    return std::visit(
        [](const auto& value) {
            if constexpr (std::is_constructible_v<PlainSpec, decltype(value)>) {
                return widened(halved_plain(PlainSpec(value)));
            } else {
                return DistributionSpec();
            }
        },
        spec);
}

}  // namespace sim::decode
