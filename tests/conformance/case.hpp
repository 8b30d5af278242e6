#pragma once

#include "protocol/release/release.hpp"
#include "protocol/types/ids.hpp"
#include "sim/scenario/json_value.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Cases from ZooKeeper's own tests, as data: an initial state, what happens, what must come of it.
/// The runner interprets their fields and words; it knows no case by its id.
namespace conformance {

using sim::json::Value;

struct Case {
    std::string id, area, source, level;
    Value initial, stimulus, expected;
    zab::Release release;  ///< Whose behaviour is tried.
};

/// Something in a case that the runner has no meaning for, by name. The case counts as failed.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// A file that does not have the form of such cases.
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The cases of a file's text. Throws Malformed, with the place.
std::vector<Case> cases_of(const std::string& file, const std::string& text);

/// What was expected, and what was seen instead. Empty: all of it was seen.
class Verdict {
  public:
    void check(std::string_view what, const std::string& expected, const std::string& got) {
        if (expected == got) return;
        if (!text_.empty()) text_ += "; ";
        text_ += std::string(what) + ": expected " + expected + " got " + got;
    }
    void check(std::string_view what, bool expected, bool got) {
        check(what, std::string(expected ? "true" : "false"), std::string(got ? "true" : "false"));
    }
    /// For what a case says in words.
    void require(const std::string& words, bool holds) {
        if (!holds) check(words, std::string("so"), std::string("not so"));
    }
    bool is_clean() const { return text_.empty(); }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

/// `all`: a case that passes is played again without each of its words and numbers, and refused
/// where one made no difference.
enum class Doubts : std::uint8_t { none, all };

/// Runs one case; throws Refused.
Verdict run(const Case& one, Doubts doubts = Doubts::all);
/// "ok ID", or "FAIL ID …" on one line, whatever happens.
std::string line_of(const Case& one, bool& passed, Doubts doubts = Doubts::all);
/// Within a doctest case: the case of this id in tests/conformance/cases.json passes.
void check_by_id(const std::string& id);

// Values. `what` names them when they are not what they should be.
bool is_text(const Value& value);
std::uint64_t number(const Value& value, std::string_view what);
/// A server's: 2, "S2", "server 2".
std::uint64_t server_number(const Value& value, std::string_view what);
bool truth(const Value& value, std::string_view what);
/// A server's id as it is held here. Throws Refused for a greater one: it would be another's.
std::uint16_t server_id(std::uint64_t id);
constexpr std::uint64_t most_servers = 255;  ///< As many as ZooKeeper has ids for.
constexpr std::uint64_t most_repeats = 100;
/// So many. Throws Refused for more than can be played: it would take all memory or time.
std::size_t bounded(std::uint64_t count, std::uint64_t most, std::string_view what);
/// `[epoch, counter]`, or a number.
zab::Zxid zxid(const Value& value, std::string_view what);
std::vector<zab::Zxid> zxids(const Value& value, std::string_view what);
std::vector<zab::NodeId> ids(const Value& value, std::string_view what);
/// The words of a list of texts, or of one.
std::vector<std::string> texts(const Value& value, std::string_view what);
/// The parts of a text between matches of a regular expression, without empty ones.
std::vector<std::string> split_at(const std::string& words, const std::string& separator);
const Value& member(const Value& value, std::string_view key);
std::string text(zab::Zxid zxid);
/// `<epoch,counter>` or a number, in words.
std::optional<zab::Zxid> zxid_in(const std::string& words);

}  // namespace conformance
