#define PCRE2_CODE_UNIT_WIDTH 8

#include "tests/conformance/regex.hpp"

#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace conformance {

namespace {

struct Freed {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

using Code = std::unique_ptr<pcre2_code, Freed>;

// The match, and each group of a pattern: of any pattern here.
constexpr std::uint32_t most_bounds = 64;

PCRE2_SPTR units(const char* text) { return reinterpret_cast<PCRE2_SPTR>(text); }

std::string message_of(int error) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return reinterpret_cast<const char*>(message.data());
}

Code compile(const std::string& pattern, std::uint32_t options) {
    int error = 0;
    PCRE2_SIZE at = 0;
    Code code(pcre2_compile(units(pattern.data()), pattern.size(), options, &error, &at, nullptr));
    if (!code) {
        throw std::invalid_argument(
            fmt::format("the pattern '{}', character {}: {}", pattern, at, message_of(error)));
    }
    std::uint32_t groups = 0;
    pcre2_pattern_info(code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups >= most_bounds) {
        throw std::invalid_argument(fmt::format("the pattern '{}': {} groups", pattern, groups));
    }
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // Where it cannot, matching interprets.
    return code;
}

}  // namespace

// Each use has a code of its own: what is said when matching, and not when compiling, keeps PCRE2
// from using the machine code that it has made.
struct Regex::Compiled {
    std::string pattern;
    std::uint32_t options;
    Code all;
    Code some;
};

Regex::Regex(std::string pattern, Case letters) : compiled_(std::make_shared<Compiled>()) {
    compiled_->pattern = std::move(pattern);
    compiled_->options = PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF;
    if (letters == icase) compiled_->options |= PCRE2_CASELESS;
}

/// One question to PCRE2.
class Search {
  public:
    enum class Extent { all, some };

    Search(const Regex& pattern, Extent extent)
        : pattern_(pattern.compiled_->pattern), code_(code_of(*pattern.compiled_, extent)) {}

    /// The first match from there on; false: there is none.
    bool run(std::string_view words, std::size_t from, std::uint32_t options) {
        static const std::unique_ptr<pcre2_match_data, Freed> data(
            pcre2_match_data_create(most_bounds, nullptr));
        data_ = data.get();
        int count =
            pcre2_match(code_, units(words.data()), words.size(), from, options, data_, nullptr);
        if (count == PCRE2_ERROR_JIT_STACKLIMIT) {
            count = pcre2_match(code_, units(words.data()), words.size(), from,
                                options | PCRE2_NO_JIT, data_, nullptr);
        }
        if (count == PCRE2_ERROR_NOMATCH) return false;
        if (count < 0) {
            throw std::runtime_error(
                fmt::format("the pattern '{}' in '{}': {}", pattern_, words, message_of(count)));
        }
        return true;
    }

    /// What `run` has found, in these words.
    void tell(Match& found, std::string_view words) const {
        std::uint32_t groups = 0;
        pcre2_pattern_info(code_, PCRE2_INFO_CAPTURECOUNT, &groups);
        const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_);
        found.searched_ = words;
        found.bounds_.assign(bounds, bounds + 2 * (std::size_t{groups} + 1));
    }

  private:
    static pcre2_code* code_of(Regex::Compiled& compiled, Extent extent) {
        const bool is_all = extent == Extent::all;
        Code& code = is_all ? compiled.all : compiled.some;
        const std::uint32_t anchors = is_all ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0U;
        if (!code) code = compile(compiled.pattern, compiled.options | anchors);
        return code.get();
    }

    const std::string& pattern_;
    pcre2_code* code_;
    pcre2_match_data* data_ = nullptr;
};

namespace {

bool ask(std::string_view words, Match* found, const Regex& pattern, Search::Extent extent) {
    Search search(pattern, extent);
    if (found != nullptr) *found = {};
    if (!search.run(words, 0, 0)) return false;
    if (found != nullptr) search.tell(*found, words);
    return true;
}

/// "$1" and "$&" in what stands instead of a match.
void expand(std::string& into, std::string_view instead, const Match& found) {
    for (std::size_t i = 0; i < instead.size(); ++i) {
        const char next = i + 1 < instead.size() ? instead[i + 1] : '\0';
        const bool is_group = next >= '0' && next <= '9';
        if (instead[i] != '$' || (!is_group && next != '&')) {
            into += instead[i];
            continue;
        }
        into += found[is_group ? static_cast<std::size_t>(next - '0') : 0].text;
        ++i;
    }
}

std::string replaced(std::string_view words, const Regex& pattern, std::string_view instead,
                     bool is_only_first) {
    std::string all;
    std::string_view rest = words;
    for (MatchIterator i(words, pattern), end; i != end; ++i) {
        all += i->prefix().text;
        expand(all, instead, *i);
        rest = i->suffix().text;
        if (is_only_first) break;
    }
    return all += rest;
}

}  // namespace

Part Match::operator[](std::size_t group) const {
    if (group >= size() || bounds_[2 * group] == PCRE2_UNSET) return {};
    const std::size_t begin = bounds_[2 * group];
    return {searched_.substr(begin, bounds_[2 * group + 1] - begin), true};
}

Part Match::prefix() const {
    if (size() == 0) return {};
    return {searched_.substr(after_, bounds_[0] - after_), bounds_[0] != after_};
}

Part Match::suffix() const {
    if (size() == 0) return {};
    return {searched_.substr(bounds_[1]), bounds_[1] != searched_.size()};
}

bool regex_match(std::string_view words, const Regex& pattern) {
    return ask(words, nullptr, pattern, Search::Extent::all);
}

bool regex_match(const std::string& words, Match& found, const Regex& pattern) {
    return ask(words, &found, pattern, Search::Extent::all);
}

bool regex_search(std::string_view words, const Regex& pattern) {
    return ask(words, nullptr, pattern, Search::Extent::some);
}

bool regex_search(const std::string& words, Match& found, const Regex& pattern) {
    return ask(words, &found, pattern, Search::Extent::some);
}

std::string regex_replace(std::string_view words, const Regex& pattern, std::string_view instead) {
    return replaced(words, pattern, instead, false);
}

std::string regex_replace_first(std::string_view words, const Regex& pattern,
                                std::string_view instead) {
    return replaced(words, pattern, instead, true);
}

std::vector<std::string> regex_split(std::string_view words, const Regex& pattern) {
    std::vector<std::string> parts;
    std::string_view rest = words;
    for (MatchIterator i(words, pattern), end; i != end; ++i) {
        parts.push_back(i->prefix());
        rest = i->suffix().text;
    }
    if (parts.empty() || !rest.empty()) parts.emplace_back(rest);
    return parts;
}

MatchIterator::MatchIterator(const std::string& words, const Regex& pattern)
    : MatchIterator(std::string_view(words), pattern) {}

MatchIterator::MatchIterator(std::string_view words, const Regex& pattern) {
    Search search(pattern, Search::Extent::some);
    if (!search.run(words, 0, 0)) return;
    search.tell(match_, words);
    pattern_ = &pattern;
}

MatchIterator& MatchIterator::operator++() {
    const std::size_t end = match_.bounds_[1];
    const bool was_empty = match_.bounds_[0] == end;
    Search search(*pattern_, Search::Extent::some);
    if (search.run(match_.searched_, end, was_empty ? PCRE2_NOTEMPTY_ATSTART : 0)) {
        match_.after_ = end;
        search.tell(match_, match_.searched_);
    } else {
        *this = {};
    }
    return *this;
}

MatchIterator MatchIterator::operator++(int) {
    MatchIterator before = *this;
    ++*this;
    return before;
}

bool MatchIterator::operator==(const MatchIterator& other) const {
    return pattern_ == other.pattern_ && match_.bounds_ == other.match_.bounds_;
}

}  // namespace conformance
