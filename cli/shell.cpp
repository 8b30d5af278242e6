#include "cli/shell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

bool is_harmless(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./=:,@%+").find(c) != std::string_view::npos;
}

bool is_control(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

}  // namespace

std::string shell_quoted(std::string_view text) {
    if (!text.empty() && std::ranges::all_of(text, is_harmless)) return std::string(text);
    const bool has_control = std::ranges::any_of(text, is_control);
    std::string out = has_control ? "$'" : "'";
    for (const char c : text) {
        if (has_control && (c == '\'' || c == '\\')) {
            out += '\\';
            out += c;
        } else if (c == '\'') {
            out += "'\\''";
        } else if (is_control(c)) {
            out += fmt::format("\\{:03o}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + "'";
}

}  // namespace cli
