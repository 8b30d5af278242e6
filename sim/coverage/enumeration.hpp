#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

/// The values of an enumeration with their names, as the compiler knows them: who adds one adds it
/// everywhere at once, and nobody keeps a second list.
namespace sim {

/// How the compiler spells a value, or how it casts to one that has no name: "(zab::Stage)8".
template <auto value>
constexpr std::string_view spelling() {
    constexpr std::string_view begin = "value = ";
    const std::string_view text = __PRETTY_FUNCTION__;
    const std::string_view rest = text.substr(text.find(begin) + begin.size());
    return rest.substr(0, rest.find_first_of(";]"));
}

template <auto value>
constexpr bool has_name() {
    return spelling<value>().find(')') == std::string_view::npos;
}

/// Requires: the values are 0, 1, 2 … and at most 64.
template <class Enumeration, std::size_t... places>
constexpr std::size_t count_values(std::index_sequence<places...>) {
    return (std::size_t{has_name<static_cast<Enumeration>(places)>()} + ...);
}
template <class Enumeration>
inline constexpr std::size_t value_count =
    count_values<Enumeration>(std::make_index_sequence<64>());

template <class Enumeration, std::size_t... places>
constexpr auto name_values(std::index_sequence<places...>) {
    const auto last_word = [](std::string_view text) { return text.substr(text.rfind(':') + 1); };
    static_assert((has_name<static_cast<Enumeration>(places)>() && ...),
                  "the values begin with 0 and have no gaps");
    return std::array<std::string_view, sizeof...(places)>{
        last_word(spelling<static_cast<Enumeration>(places)>())...};
}
/// Names of all values, in their order.
template <class Enumeration>
inline constexpr auto value_names =
    name_values<Enumeration>(std::make_index_sequence<value_count<Enumeration>>());

}  // namespace sim
