#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace conformance {

// What mocks say in an election.

zab::LinkId Stage::link_of(NodeId mock, NodeId to) {
    auto link = cluster->link_of_mock(mock, to, zab::LinkKind::election);
    if (!link.has_value()) {
        link = cluster->dial(mock, to, zab::LinkKind::election);
        cluster->send(*link, zab::Hello{mock});
    }
    return *link;
}

void Stage::say_votes() {
    events_.emplace_back("votes");
    for (const Said& one : said_) {
        for (const NodeId to : cluster->config().voters) {
            if (cluster->is_up(to)) cluster->send(link_of(one.mock, to), one.vote);
        }
    }
    cluster->run(zab::milliseconds(20));
}

namespace {

/// The last word of "for leader 1".
std::string number_of(const std::string& words) {
    return words.substr(words.find_last_of(' ') + 1);
}

}  // namespace

/// Messages are values here, not bytes: one that is no notification stands for bytes that make
/// none. It must leave no trace in whoever gets it.
void Stage::say_malformed(NodeId mock) {
    has_malformed_ = true;
    events_.emplace_back("malformed");
    for (const NodeId to : cluster->config().voters) {
        if (!cluster->is_up(to)) continue;
        const zab::LinkId link = link_of(mock, to);
        cluster->run(zab::milliseconds(5));
        const std::uint64_t before = cluster->peer(to).fingerprint();
        cluster->send(link, zab::Telegram{});
        cluster->run(zab::milliseconds(5));
        const bool is_same = cluster->is_up(to) && cluster->peer(to).fingerprint() == before;
        ignored_all_ = is_same;
        after_malformed[to] = state_of(*cluster, to);
        claim("a malformed notification is ignored", is_same);
    }
}

/// A mock that speaks hears one of these.
void Stage::await_message(const std::vector<NodeId>& from, const std::string& step) {
    if (speaking_.empty()) speaking_ = {mocks_.begin(), mocks_.end()};
    const std::size_t before = cluster->heard.size();
    const auto is_heard = [&] {
        return std::any_of(cluster->heard.begin() + static_cast<std::ptrdiff_t>(before),
                           cluster->heard.end(), [&](const auto& one) {
                               const auto [mock, other] = cluster->ends_of(one.first);
                               return is_among(mock, speaking_) && is_among(other, from);
                           });
    };
    if (!cluster->run_until(is_heard, zab::seconds(5))) {
        throw Refused("no message comes: " + step);
    }
}

/// "leader 0, zxid 0, round 1, peerEpoch 0" over what is not told; false: something else is said.
bool Stage::read_vote(const std::string& words, zab::Notification& vote) {
    static const Regex form(
        "(?:an? |the |own |its |valid |same )*(LOOKING|FOLLOWING|LEADING) (?:votes?|notifications?|"
        "messages?)(?: for (?:node |server )?([0-9]+))?:? ?(.*)");
    static const Regex field(
        "(leader|zxid|round|electionEpoch|peerEpoch|version) ?[=:]? ?([0-9]+|<[0-9]+, ?[0-9]+>)");
    Match found, one;
    if (!regex_match(words, found, form)) return false;
    vote.state = found[1] == "LOOKING"     ? zab::ServerState::looking
                 : found[1] == "FOLLOWING" ? zab::ServerState::following
                                           : zab::ServerState::leading;
    if (found[2].matched) vote.leader = node_of(found[2].str());
    const std::string all = found[3];
    for (const std::string& part : split_at(all, ",? (?:and|with) |,(?![0-9] *>|[0-9]+>) *|\\.$")) {
        if (!regex_match(part, one, field)) return false;
        const std::string name = one[1];
        const bool is_pair = one[2].str().starts_with("<");
        if (is_pair != (is_pair && name == "zxid")) return false;
        const zab::Zxid value = *zxid_in(one[2]);
        if (name == "leader") vote.leader = node_of(value.value);
        if (name == "zxid") vote.zxid = value;
        if (name == "round" || name == "electionEpoch") vote.round = value.value;
        if (name == "peerEpoch") vote.peer_epoch = {static_cast<std::uint32_t>(value.value)};
        if (name == "version" && value.value != 0) throw Refused("a vote's version: " + words);
    }
    return true;
}

namespace {

/// "12 bytes: state LOOKING, leader 0", "config length -1": bytes that make no notification.
bool is_malformed(const std::string& what) {
    static const Regex broken(
        "malformed|\\bshort\\b|truncated|partial|part "
        "of|incomplete|fragment|half|[0-9]+.bytes?|config"
        " ?[lL]ength|invalid|un?pars|garbage|broken|negative|bad ");
    static const char* const breaks =
        "an?|the|of|for|any|with|that|is|has|in|only|not|no|but|without|its|and|LOOKING|vote|"
        "notifications?|messages?|votes|"
        "bytes?|config|length|version|protocol|data|too|short|truncated|partial|malformed|invalid|"
        "garbage|broken|negative|bad|configLength|shorter|longer|a|un?parse?able|parseable|own|one|"
        "cut|claims|byte|configuration|string|part|half|fragment|incomplete|off|after|only|"
        "shortened|"
        "peerEpoch|zxid|round|sized|follows?|of config";
    // What a message of so many bytes would have said.
    static const Regex contents(
        "^((?:an? |only )?[0-9]+.bytes?)(?: (?:LOOKING|FOLLOWING|LEADING))?(?: (?:messages?|"
        "notifications?|votes?))?: (?:(?:state|leader|zxid|round|peerEpoch|version|"
        "config ?[lL]ength|LOOKING|FOLLOWING|LEADING|-?[0-9]+|one|two|three|four|five|six|seven|"
        "bytes?|of|then|only|and)[ ,]*)+(?:(?:and |but )?(?:nothing|no) "
        "(?:more|else)|only|that is all)?$");
    const std::string bare = regex_replace(what, contents, "$1");
    return regex_search(what, broken) &&
           made_of(regex_replace(bare, compiled(" / "), ", "), breaks);
}

}  // namespace

/// Each mock votes for itself, as a sound server does.
void Stage::say_for_themselves(const std::string& step) {
    if (speaking_.empty()) throw Refused("which mock? " + step);
    for (const NodeId mock : std::exchange(speaking_, {})) {
        speaking_ = {mock};
        say_each("LOOKING vote for " + std::to_string(mock.value - 1));
    }
}

/// "mock 1 sends FOLLOWING vote: leader 0, zxid 0, round 1, peerEpoch 0"; what is left out is as
/// in a first round between servers without a history.
bool Stage::play_mocks(const std::string& told) {
    static const Regex speaks(
        "(?:and |then )*(?:(?:fake|mocks?|server) ?([0-9]+(?:(?:, ?(?:and )?| and )[0-9]+)*)"
        "(?: each| both)? (?:sends?|answers?(?: with)?|replies with)|(?:sends?|answers?(?: with)?|"
        "replies with)|(?![0-9 ])) ?(.*)");
    static const Regex waits(
        "(?:mock ([0-9]+) )?(?:waits for|reads|receives) (?:one|an?|any) (?:message|notification|"
        "vote)(?: (?:of|from) (?:node |server )?([0-9]+))?");
    static const Regex follow(
        "(?:valid|good|proper|well-formed) (?:notifications?|votes?|messages?)"
        "(?: (?:follows?|comes?))?|(?:(?:mock ([0-9]+)|it) )?sends? (?:valid|good|proper|"
        "well-formed) (?:notifications?|votes?|messages?)");
    static const Regex repeats(
        "(?:and |then )?(?:both |all )?mocks? (?:[0-9 and,]+ )?(?:repeats?|sends?) "
        "same (?:messages?|votes?|notifications?)");
    std::string common;
    const std::string message = as_message(told, common);
    const std::string step = plain(message);
    Match found;
    if (regex_match(step, repeats)) {
        if (said_.empty()) throw Refused("nothing was said: " + step);
        say_votes();
        const NodeId self = said_.front().vote.leader;
        cluster->run(zab::seconds(5));
        outcomes["second"] = fmt::format("{} {}", self.value - 1, state_of(*cluster, self));
        return true;
    }
    if (regex_match(step, found, follow)) {
        if (found[1].matched) speaking_ = nodes_in(found[1]);
        say_for_themselves(step);
        return true;
    }
    if (regex_match(step, found, waits)) {
        if (found[1].matched) speaking_ = nodes_in(found[1]);
        await_message(found[2].matched ? nodes_in(found[2]) : listeners(), step);
        return true;
    }
    if (!regex_match(step, found, speaks)) return false;
    if (found[1].matched) speaking_ = nodes_in(found[1]);
    for (const NodeId mock : speaking_) {
        if (!mocks_.contains(mock)) throw Refused("not a mock: " + step);
    }
    if (speaking_.empty()) return false;
    if (listeners().empty()) start(everybody());  // Somebody must hear them.
    const std::string what = without_bad_configuration(found[2]);
    if (is_malformed(what)) {
        note_length(message);
        for (const NodeId mock : speaking_) say_malformed(mock);
        return true;
    }
    return (common.empty() && say_each(what)) || say_in_turn(what, common);
}

/// "valid LOOKING then LEADING vote: leader 1, zxid 0", "LOOKING and FOLLOWING votes for 0", "valid
/// votes for leader 1": one vote each. Others are left as they are.
std::vector<std::string> Stage::votes_in(const std::string& what) const {
    static const std::string vote = "(?: (?:votes?|notifications?|messages?))?";
    static const Regex two(
        "(?:(?:valid|good|proper|well-formed|its|an?) )*(LOOKING|FOLLOWING|LEADING)" + vote +
        "(?:, (?:and )?(?:then )?| and (?:then )?| then | followed by | )(?:an? )?"
        "(LOOKING|FOLLOWING|LEADING)" +
        vote + "(?:( for (?:leader |node |server )?[0-9]+)|(: .*))?(?: (?:follow|come))?");
    static const Regex one(
        "(?:(?:valid|good|proper|well-formed) )+(?:votes?|notifications?|messages?)(?: for|:) "
        "((?:leader |node |server )?[0-9]+)(?: (?:follow|come))?");
    Match found;
    if (regex_match(what, found, one)) return {"LOOKING vote for " + number_of(found[1])};
    if (!regex_match(what, found, two)) return {what};
    std::vector<std::string> votes;
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
        const bool is_told = found[3].matched || found[4].matched;
        // A sound server votes for itself, or for whom it follows.
        const NodeId leader = found[i] == "FOLLOWING" && !listeners().empty() ? listeners().front()
                                                                              : speaking_.front();
        const std::string whom = found[3].matched ? number_of(found[3])
                                 : is_told        ? ""
                                                  : std::to_string(leader.value - 1);
        votes.push_back(found[i].str() + " vote" + (whom.empty() ? "" : " for " + whom) +
                        found[4].str());
    }
    return votes;
}

/// "LOOKING vote: leader 1, zxid 0", "valid votes: LOOKING for 1, then FOLLOWING 0".
bool Stage::say_each(const std::string& what) {
    static const Regex several(
        "(?:(?:valid|good|its|two|proper|well-formed) )*(?:votes|notifications|messages): (.*)");
    static const Regex bare("(LOOKING|FOLLOWING|LEADING)(?: for)? ((?:node |server )?[0-9]+)");
    static const std::string for_whom =
        "((?:LOOKING|FOLLOWING|LEADING) (?:vote|notification|message) for (?:node |server "
        ")?[0-9]+)";
    static const Regex in_turn(
        "(?:(?:valid|good|proper|well-formed|an?) )*" + for_whom +
        "(?:, (?:and )?(?:then )?| (?:and )?then )(?:(?:valid|good|proper|well-formed|an?) )*" +
        for_whom);
    Match found, one;
    if (regex_match(what, found, in_turn)) return say_each(found[1]) && say_each(found[2]);
    std::vector<std::string> votes = votes_in(what);
    if (regex_match(what, found, several)) {
        votes = split_at(found[1], "[;,] *(?:and )?(?:then )?| (?:and )?then | and ");
        for (std::string& vote : votes) {
            if (!regex_match(vote, one, bare)) return false;
            vote = one[1].str() + " vote for " + one[2].str();
        }
    }
    for (const std::string& words : votes) {
        // In the format from before it had versions, as the tests of ZooKeeper send them.
        zab::Notification vote{speaking_.front(), {}, {}, 1, zab::ServerState::leading, 0};
        if (!read_vote(words, vote)) return false;
        said_.clear();
        for (const NodeId mock : speaking_) said_.push_back({mock, vote});
        say_votes();
    }
    return true;
}

}  // namespace conformance
