#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <array>

namespace conformance {

// Messages of mocks in other words: who sends them is told behind, or not at all; what all of them
// say stands in parentheses; and those that are too short tell how short.

namespace {

constexpr std::size_t whole_v0 = 28, whole_v1 = 40, config_at = 48;

/// Where the parts of a notification end, in bytes.
const std::array<std::pair<const char*, std::size_t>, 5> layout{
    {{"state", 4}, {"leader", 12}, {"zxid", 20}, {"round", 28}, {"peerEpoch", 36}}};

/// "peerEpoch cut after 2 bytes" of 30 bytes: so it is laid out.
void check_cut(const std::string& told, std::size_t size) {
    static const Regex cut(
        "\\b(state|leader|zxid|round|electionEpoch|peerEpoch) (?:is |was )?(?:cut|truncated|ends|"
        "broken)(?: off)? (?:after|at|behind) ([0-9]{1,3}) bytes?");
    // "two bytes of peerEpoch"
    static const Regex begun(
        "\\b([0-9]{1,3}|one|two|three|four|five|six|seven) bytes? of (?:the |its )?"
        "(state|leader|zxid|round|electionEpoch|peerEpoch)");
    Match found;
    const bool is_cut = regex_search(told, found, cut);
    if (!is_cut && !regex_search(told, found, begun)) return;
    const std::string part_told = found[is_cut ? 1 : 2];
    const std::string name = part_told == "electionEpoch" ? "round" : part_told;
    const auto count = count_in(found[is_cut ? 2 : 1]);
    std::size_t begins = 0;
    for (const auto& [part, ends] : layout) {
        if (name == part) break;
        begins = ends;
    }
    if (!count || begins + *count != size) throw Refused("it is not so long: " + told);
}

/// "12 bytes: state and leader only": so many bytes they have.
void check_contents(const std::string& told, std::size_t size) {
    if (!contains(told, "\\b(?:only|nothing (?:more|else)|no more|that is all)\\b")) return;
    std::size_t named = 0, last = 0;
    for (std::size_t i = 0; i < layout.size(); ++i) {
        if (!contains(told, fmt::format("\\b{}\\b", layout[i].first).c_str())) continue;
        ++named;
        last = i;
    }
    if (named == 0) return;
    const bool is_prefix = last + 1 == named;
    if (!is_prefix || layout[last].second != size) throw Refused("it is not so long: " + told);
}

}  // namespace

/// Whether what is told of its length makes it no notification. Throws Refused where it does not.
void Stage::note_length(const std::string& told) {
    static const Regex length(
        "(after |at )?\\b([0-9]{1,9})(?: of ([0-9]{1,9}))?[ -]bytes?\\b"
        "(?! of (?:the |its )?(?:state|leader|zxid|round|peerEpoch|config))");
    static const Regex follows("\\b([0-9]{1,9}) bytes? of config");
    static const Regex config("[cC]onfig ?[lL]ength(?: is| of| =|=|:)? ?(-?[0-9]{1,9})\\b");
    std::vector<std::size_t> sizes;
    for (MatchIterator i(told, length), end; i != end; ++i) {
        if ((*i)[1].matched) continue;  // "cut after 2 bytes"
        malformed_sizes.insert(i->str(2));
        sizes.push_back(std::stoul((*i)[2]));
        if (!(*i)[3].matched) continue;
        const std::size_t of = std::stoul((*i)[3]);
        if (of <= sizes.back() || (of != whole_v0 && of < whole_v1))
            throw Refused("so long? " + told);
    }
    Match found;
    const bool has_config = contains(told, "[cC]onfig");
    for (const std::size_t size : sizes) {
        const bool is_whole = size == whole_v0 || size == whole_v1 || size > 43;
        if (is_whole && !has_config) throw Refused("that is a whole message: " + told);
    }
    if (regex_search(told, found, config)) {
        const long count = std::stol(found[1]);
        std::size_t size = sizes.size() == 1 ? sizes.front() : 1000;
        if (Match some; regex_search(told, some, follows)) {
            size = config_at + std::stoul(some[1]);
        }
        const bool is_bad = count < 0 || static_cast<std::size_t>(count) + config_at > size;
        if (!is_bad) throw Refused("such a config may be there: " + told);
    }
    if (sizes.size() != 1) return;
    check_cut(told, sizes.front());
    check_contents(told, sizes.front());
}

/// "1 sends …", "… from 1", "valid votes": as a mock's, where it is one; `common`: what all of the
/// votes say, from parentheses.
std::string Stage::as_message(const std::string& told, std::string& common) {
    static const Regex own(
        "^([0-9]+)(?: \\(mock\\))?:? (?:and |then )?"
        "(?=sends?|answers|replies|says|broadcasts)(.*)");
    static const Regex from(
        "(?!mock )(.*\\b(?:votes?|notifications?|messages?|bytes?|config)\\b[^,;]*?) (?:from|of|by|"
        "sent by) (?:mock |node |server |peer |sid )?([0-9]+)((?:: | \\().*)?");
    static const Regex listens("\\b(?:waits?|reads?|receives?|hears?|gets?|until)\\b");
    static const Regex noun("\\b(?:votes?|notifications?|messages?|bytes?)\\b");
    static const Regex fields(
        " \\(((?:(?:with|and|round|electionEpoch|(?:peer)?[eE]poch|zxid|version|=|:|,|"
        "<[0-9]+,[0-9]+>|[0-9]+) ?)+)\\)$");
    static const Regex valid(
        "\\b(?:whole|complete|full|intact|correct|sound|regular|well formed) "
        "(?=(?:LOOKING|FOLLOWING|LEADING|votes?|notifications?|messages?)\\b)");
    std::string words = regex_replace(told, valid, "valid ");
    Match found;
    const auto is_mock = [this](const std::string& who) { return mocks_.contains(node_of(who)); };
    if (mocks_.empty() || regex_search(words, listens)) return words;
    if (regex_match(words, found, own) && is_mock(found[1])) {
        words = "mock " + found[1].str() + " " + found[2].str();
    } else if (regex_match(words, found, from) && is_mock(found[2])) {
        words = "mock " + found[2].str() + " sends " + found[1].str() + found[3].str();
    } else if (speaking_.empty() && mocks_.size() == 1 && regex_search(words, noun)) {
        speaking_ = {mocks_.begin(), mocks_.end()};
    }
    if (regex_search(words, found, fields) && contains(found[1], "[a-z]")) {
        static const Regex epoch("\\bepoch\\b");
        common = regex_replace(found[1].str(), epoch, "peerEpoch");
        words = found.prefix();
    }
    return words;
}

/// WorkerReceiver complains of a configuration that it cannot read; the vote beside it counts.
std::string Stage::without_bad_configuration(const std::string& told) {
    static const std::string bad =
        "(?:unparse?able|un-?parse?able|invalid|malformed|bad|garbage|broken|unreadable|junk|"
        "nonsense|wrong)";
    static const Regex unparsable(
        ",? (?:and )?(?:with|whose|but) (?:an? |its |the )?(?:" + bad +
        " config(?:uration)?"
        "(?: string| bytes| text)?|config(?:uration)?(?: string| bytes| text)? (?:is|that is|that|"
        "which) (?:" +
        bad + "|cannot be (?:parsed|read)))$");
    static const Regex quoted(
        ",? (?:and )?(?:with |whose )?(?:an? |its |the )?(?:" + bad +
        " )?config(?:uration)?(?: string| bytes| text)?(?: is| =|=|:)? ?[\"']([^\"']*)[\"']$");
    static const Regex is_vote("^(?:(?:an?|valid) )*(?:LOOKING|FOLLOWING|LEADING) .*");
    Match found;
    if (!regex_match(told, is_vote)) return told;
    const bool is_quoted = regex_search(told, found, quoted);
    if (!is_quoted && !regex_search(told, found, unparsable)) return told;
    // "server.1=…" may be one.
    if (is_quoted && contains(found[1], "=|^$")) throw Refused("such a config may do: " + told);
    has_bad_configuration = true;
    return found.prefix();
}

/// "LOOKING leader 1, then FOLLOWING leader 0", "valid votes, round 1": each with what is said of
/// all.
bool Stage::say_in_turn(const std::string& what, const std::string& common) {
    static const std::string sound =
        "(?:(?:valid|good|proper|well-formed|its|own|an?|and|one|first|second|followed by) )*";
    static const Regex turn(sound + "\\b(LOOKING|FOLLOWING|LEADING)\\b");
    static const Regex one(
        "(?: (votes?|notifications?|messages?))?(?:,? (?:for|with leader|leader|naming|proposing|"
        "->)(?: ?=)? ?(?:leader |node |server )?([0-9]+))?(?:[:,]| with)? ?(.*)");
    static const Regex bare(sound + "(?:votes?|notifications?|messages?)(?:,| with|:) (.*)");
    static const Regex joint("[,;:+ ]*(?: followed by| and| then)?[,;:+ ]*$");
    static const Regex before(sound + "(?:(?:votes?|notifications?|messages?):? ?)?");
    Match found;
    if (speaking_.size() != 1) return false;
    const std::string self = std::to_string(speaking_.front().value - 1);
    std::string words = what;
    if (!regex_search(words, turn) && regex_match(words, found, bare)) {
        words = "LOOKING vote for " + self + ", " + found[1].str();
    }
    std::vector<std::pair<std::string, std::string>> told;  // A state, and what follows it.
    std::size_t ends = 0;
    for (MatchIterator i(words, turn), end; i != end; ++i) {
        const auto at = i->position();
        const std::string gap = words.substr(ends, at - ends);
        if (told.empty() && !regex_match(gap, before)) return false;
        if (!told.empty()) told.back().second = regex_replace(gap, joint, "");
        told.emplace_back(i->str(1), "");
        ends = at + i->str().size();
    }
    if (told.empty()) return false;
    told.back().second = regex_replace(words.substr(ends), joint, "");
    std::vector<zab::Notification> votes;
    for (const auto& [state, rest] : told) {
        if (!regex_match(rest, found, one)) return false;
        const bool follows = state == "FOLLOWING" && !listeners().empty();
        const std::string leader = found[2].matched ? found[2].str()
                                   : follows        ? std::to_string(listeners().front().value - 1)
                                                    : self;
        std::string fields = found[3].str();
        if (!common.empty()) fields += (fields.empty() ? "" : ", ") + common;
        votes.push_back({speaking_.front(), {}, {}, 1, zab::ServerState::leading, 0});
        if (!read_vote(state + " vote for " + leader + ": " + fields, votes.back())) return false;
    }
    if (listeners().empty()) start(everybody());
    for (const zab::Notification& vote : votes) {
        said_ = {{speaking_.front(), vote}};
        say_votes();
    }
    return true;
}

}  // namespace conformance
