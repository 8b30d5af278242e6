#include "sim/scenario/mistakes.hpp"

#include <algorithm>
#include <numeric>

namespace sim {

namespace {

/// Appends ":line:column" of a byte.
void append_position(std::string& out, const Source& source, std::size_t offset) {
    const std::string_view before = std::string_view(source.text).substr(0, offset);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line.
    out += ':' + std::to_string(lines + 1) + ':' + std::to_string(before.size() - line_start + 1);
}

std::string message(const Mistake& mistake, const Sources& sources) {
    const Source& source = sources[mistake.place.source];
    std::string out = printable(source.name);
    if (source.has_lines) {
        append_position(out, source, mistake.place.offset);
    }
    out += ": error: ";
    if (!mistake.pointer.empty()) {
        out += printable(mistake.pointer) + ": ";
    }
    out += mistake.reason;
    if (!mistake.accepted.empty()) {
        out += "; accepted: " + mistake.accepted;
    }
    if (!mistake.suggestion.empty()) {
        out += "; did you mean " + in_quotes(mistake.suggestion) + "?";
    }
    return out;
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
/// (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

/// Case and separators are what people get wrong most: tickTime is tick_time.
std::string folded(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') {
            out += static_cast<char>(c - 'A' + 'a');
        } else if (c != '_' && c != '-' && c != ' ') {
            out += c;
        }
    }
    return out;
}

std::string parent(const std::string& pointer) { return pointer.substr(0, pointer.rfind('/')); }

/// Where a mistake is, with the key in place of one that is mistyped.
std::string meant(const Mistake& mistake) {
    if (!mistake.is_of_key() || mistake.suggestion.empty()) {
        return mistake.pointer;
    }
    return parent(mistake.pointer) + json::pointer_step(mistake.suggestion);
}

}  // namespace

void Mistakes::add(Mistake mistake) {
    if (!is_full()) {
        mistakes_.push_back(std::move(mistake));
    }
}

bool Mistakes::any_under(std::string_view pointer) const {
    return std::any_of(mistakes_.begin(), mistakes_.end(), [&](const Mistake& mistake) {
        const std::string found = meant(mistake);
        return found.starts_with(pointer) &&
               (found.size() == pointer.size() || found[pointer.size()] == '/');
    });
}

bool Mistakes::any_at(std::string_view pointer) const {
    return std::any_of(mistakes_.begin(), mistakes_.end(), [&](const Mistake& mistake) {
        const bool is_riddle = mistake.is_of_key() && mistake.suggestion.empty();
        return (is_riddle ? parent(mistake.pointer) : meant(mistake)) == pointer;
    });
}

std::vector<std::string> Mistakes::messages(const Sources& sources) const {
    std::vector<const Mistake*> sorted;
    sorted.reserve(mistakes_.size());
    for (const Mistake& mistake : mistakes_) {
        sorted.push_back(&mistake);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Mistake* a, const Mistake* b) { return a->place < b->place; });
    std::vector<std::string> out;
    for (const Mistake* mistake : sorted) {
        if (out.size() == most_printed) {
            const std::size_t rest = sorted.size() - most_printed;
            out.push_back(printable(sources.front().name) + ": error: and " + std::to_string(rest) +
                          (is_full() ? " or more" : "") + " mistakes more");
            break;
        }
        out.push_back(message(*mistake, sources));
    }
    return out;
}

std::string printable(std::string_view text) {
    static constexpr std::size_t longest = 160;
    static constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (const char c : text.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 0xf];
        } else {
            out += c;
        }
    }
    if (text.size() > longest) {
        // Do not end inside a UTF-8 sequence.
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) {
            out.pop_back();
        }
        if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0) {
            out.pop_back();
        }
        out += "…";
    }
    return out;
}

std::string in_quotes(std::string_view text) { return '"' + printable(text) + '"'; }

std::string closest(std::string_view name, const std::vector<std::string_view>& candidates) {
    static constexpr std::size_t longest = 64;  // Nobody meant a key by more than that.
    if (name.size() > longest) {
        return {};
    }
    const std::string wanted = folded(name);
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(wanted, folded(candidate));
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return std::string(best);
}

std::string listed(const std::vector<std::string_view>& names) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) {
            out += i + 1 == names.size() ? " or " : ", ";
        }
        out += names[i];
    }
    return out;
}

}  // namespace sim
