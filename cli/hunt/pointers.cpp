#include "cli/hunt/pointers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace cli {

using sim::json::Value;

namespace {

/// The steps of a pointer, unescaped.
std::vector<std::string> steps_of(std::string_view pointer) {
    std::vector<std::string> steps;
    while (pointer.starts_with('/')) {
        pointer.remove_prefix(1);
        const std::size_t end = std::min(pointer.find('/'), pointer.size());
        std::string step;
        for (std::size_t i = 0; i < end; ++i) {
            const bool is_escape = pointer[i] == '~' && i + 1 < end;
            step += !is_escape ? pointer[i] : pointer[i + 1] == '1' ? '/' : '~';
            i += is_escape ? 1 : 0;
        }
        steps.push_back(std::move(step));
        pointer.remove_prefix(end);
    }
    return steps;
}

std::size_t index_in(const Value& list, const std::string& step) {
    std::size_t index = list.elements.size();
    std::from_chars(step.data(), step.data() + step.size(), index);
    return std::min(index, list.elements.size());
}

bool says_what_it_is(std::string_view key) {
    static constexpr std::array<std::string_view, 10> keys = {
        "$schema",  "format",   "name",    "why",       "seed",
        "duration", "protocol", "release", "transport", "capsule"};
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Value* value_at(Value& root, const std::string& pointer) {
    Value* at = &root;
    for (const std::string& step : steps_of(pointer)) {
        if (at->is(Value::Kind::object)) {
            at = at->find(step);
        } else {
            const std::size_t index = index_in(*at, step);
            at = index < at->elements.size() ? &at->elements[index] : nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

bool remove_at(Value& root, const std::string& pointer) {
    const std::size_t slash = pointer.rfind('/');
    if (slash == std::string::npos) return false;
    Value* parent = value_at(root, pointer.substr(0, slash));
    const std::vector<std::string> last = steps_of(pointer.substr(slash));
    if (parent == nullptr || last.empty()) return false;
    if (parent->is(Value::Kind::object)) {
        return std::erase_if(parent->members, [&](const sim::json::Member& member) {
                   return member.key == last.front();
               }) > 0;
    }
    const std::size_t index = index_in(*parent, last.front());
    if (index == parent->elements.size()) return false;
    parent->elements.erase(parent->elements.begin() + static_cast<std::ptrdiff_t>(index));
    return true;
}

std::vector<std::string> pointers_to_keys(const Value& scenario) {
    std::vector<std::string> out;
    std::vector<std::pair<std::string, const Value*>> level = {{"", &scenario}};
    while (!level.empty()) {
        std::vector<std::pair<std::string, const Value*>> next;
        for (const auto& [pointer, value] : level) {
            for (const sim::json::Member& member : value->members) {
                if (pointer.empty() && says_what_it_is(member.key)) continue;
                out.push_back(pointer + sim::json::pointer_step(member.key));
                next.emplace_back(out.back(), &member.value);
            }
            for (std::size_t i = 0; i < value->elements.size(); ++i) {
                next.emplace_back(pointer + "/" + std::to_string(i), &value->elements[i]);
            }
        }
        level = std::move(next);
    }
    return out;
}

std::vector<std::string> pointers_to_items(const Value& scenario) {
    std::vector<std::string> out;
    for (const sim::json::Member& member : scenario.members) {
        if (says_what_it_is(member.key)) continue;
        const std::string pointer = sim::json::pointer_step(member.key);
        for (std::size_t i = 0; i < member.value.elements.size(); ++i) {
            out.push_back(pointer + "/" + std::to_string(i));
        }
        for (const sim::json::Member& inner : member.value.members) {
            out.push_back(pointer + sim::json::pointer_step(inner.key));
        }
        const bool is_leaf = member.value.elements.empty() && member.value.members.empty();
        if (is_leaf) out.push_back(pointer);
    }
    return out;
}

}  // namespace cli
