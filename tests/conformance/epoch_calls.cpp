#include "tests/conformance/collector.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <set>

namespace conformance {

// What a leader's threads call one after the other: "leader calls getEpochToPropose", "observer
// calls it", "waitForEpochAck(1)", "follower 1 acks NEWLEADER"; and what has come of it behind each
// call.

namespace {

using Kind = Value::Kind;

class Calls {
  public:
    explicit Calls(const Case& one) : collector_(with_voters(one.initial), one.release) { look(); }

    /// False: it is no such call, and tells nothing of what comes of one.
    static bool is_call(const std::string& step) {
        return regex_match(active(step), form()) || regex_match(step, outcome());
    }
    void play(const std::string& told) {
        const std::string step = active(told);
        Match found;
        if (regex_match(step, found, outcome())) {
            const bool waits = found[1].matched;
            const bool is_so = waits ? looks_.back().waits : looks_.back().is_done;
            if (callers_.empty() || !is_so) throw Refused("it does not: " + step);
            return;
        }
        if (!regex_match(step, found, form())) throw Refused("step: " + step);
        const std::string call = found[found[8].matched ? 8 : found[4].matched ? 4 : 7];
        if (says(call, "^(getEpochToPropose|asks .*)$")) asked_ = Asked::epoch;
        if (says(call, "^(waitForEpochAck|acks .*epoch)$")) asked_ = Asked::ack;
        if (says(call, "NewLeaderAck|NEWLEADER")) asked_ = Asked::leader;
        if (asked_ == Asked::nothing) throw Refused("calls what? " + step);
        std::uint64_t sid = says(found[1], "observer") ? observer_ : 0;
        for (const std::size_t group : {2u, 3u, 9u}) {
            if (found[group].matched) sid = std::stoull(found[group]);
        }
        const bool is_other = says(found[1], "participant|follower") && !found[3].matched;
        if (is_other && voters_ != 2) throw Refused("which one? " + step);
        if (is_other) sid = 1;
        const bool is_observer = found[2].matched || says(found[1], "observer");
        if (sid > voters_ || is_observer != (sid == observer_)) {
            throw Refused("who calls? " + step);
        }
        call_as(server_id(sid), found[5], found[6]);
        callers_.push_back(sid);
        look();
    }

    void check(const std::string& key, const Value& value, Verdict& verdict) const {
        static const Regex behind("after(?:The)?(Leader|Observer|Follower|Participant)",
                                  Regex::icase);
        Match found;
        if (check_sequence(key, value, verdict)) return;
        std::optional<std::size_t> number = count_in(key);
        if (regex_match(key, found, behind)) number = call_of(found[1]);
        if (!number || *number >= looks_.size()) throw Refused("expected." + key);
        if (value.is(Kind::object)) {
            for (const auto& [what, place, wanted] : value.members) {
                if (!check_at(what, wanted, *number, verdict)) throw Refused("expected." + what);
            }
            return;
        }
        for (const std::string& words : clauses(without_remarks(value.text))) {
            check_words(words, *number, verdict);
        }
    }

  private:
    /// What has come of the call before it: the caller waits in vain, or it is let through.
    static const Regex& outcome() {
        static const Regex told(
            "(?:(?:it|which|and|but|call|the|he) )*(?:((?:times|timed) out(?: there)?|waits(?: in "
            "vain)?|blocks|is blocked|does not return|has to wait|InterruptedException|throws "
            "InterruptedException)|returns|gets (?:it|one|through)|is released|succeeds)"
            "(?: after initLimit(?: ?\\* ?tick(?:Time)?| ticks)?)?");
        return told;
    }
    /// "NEWLEADER acked by leader" is "leader acks NEWLEADER"; "asks as well" is what it asks for.
    static std::string active(const std::string& told) {
        static const Regex same(
            "^(.*) (?:(?:asks|calls)(?: (?:for )?(?:it|one))?(?: too| as well| next| also| "
            "afterwards)?|does (?:the same|so|too|likewise)|follows(?: suit)?|"
            "(?:also|too) (?:asks|calls)(?: (?:for )?(?:it|one))?)$");
        static const Regex bare("^(?:then |and |now |the |mock )+");
        const std::string step = regex_replace(regex_replace(told, bare, ""), same, "$1 calls it");
        static const Regex passive("(?:(NEWLEADER|epoch) )?(?:is )?acked by (?:the )?(.*)");
        Match found;
        if (!regex_match(step, found, passive)) return step;
        return found[2].str() + " acks" + (found[1].matched ? " " + found[1].str() : "");
    }
    enum class Asked : std::uint8_t { nothing, epoch, ack, leader };
    /// What could be seen behind a call.
    struct Look {
        std::vector<std::uint64_t> connecting, electing, following;
        zab::Epoch accepted{}, epoch{};
        bool is_decided = false, is_acknowledged = false, is_established = false;
        bool waits = false;    ///< Who called last does, until initLimit is over.
        bool is_done = false;  ///< That for which callers wait has come.
    };

    /// 1: who; 2, 3: its number; 4 and 7: what; 5, 6: what it tells. 8, 9: in short.
    static const Regex& form() {
        static const Regex calls(
            "(leader|observer(?: ?([0-9]+))?|(?:participant|follower)(?: ?([0-9]+))?) (?:calls "
            "(getEpochToPropose|waitForEpochAck|waitForNewLeaderAck|it)"
            "(?: ?\\((?:epoch )?([0-9]+)(?:, ?(?:zxid )?([0-9]+))?\\))?|"
            "(asks for (?:an |the |its )?(?:new )?epoch|acks(?: (?:the )?epoch| NEWLEADER)?))|"
            "(getEpochToPropose|waitForEpochAck|waitForNewLeaderAck)\\(([0-9]+)\\)");
        return calls;
    }
    /// What a caller tells: its accepted epoch, or its epoch and zxid.
    void call_as(std::uint16_t sid, const std::string& first, const std::string& second) {
        const auto number_in = [](const std::string& digits) {
            return digits.empty() ? std::nullopt : std::optional(std::stoull(digits));
        };
        const auto told = number_in(first), zxid = number_in(second);
        if (asked_ == Asked::leader && !collector_.is_acknowledged()) collector_.agree_with(1);
        if (asked_ == Asked::ack) collector_.decide_with(1);
        const zab::Epoch own = asked_ == Asked::ack ? collector_.current() : collector_.accepted();
        const zab::Epoch epoch = told ? zab::Epoch{static_cast<std::uint32_t>(*told)} : own;
        if (sid == 0 && !(epoch == own)) throw Refused("the leader's epoch is another one");
        if (zxid.value_or(0) != 0 && sid == 0) throw Refused("the leader's log is empty");
        if (asked_ == Asked::leader && told) throw Refused("an ACK of NEWLEADER tells its zxid");
        if (sid != 0 && !collector_.knows(sid)) {
            collector_.connect(sid, asked_ == Asked::epoch ? epoch : collector_.accepted());
        }
        if (asked_ == Asked::leader) {
            collector_.acknowledge_leader(sid);
        } else if (sid == 0) {
            asked_ == Asked::ack ? collector_.acknowledge_own() : collector_.ask();
        } else if (asked_ == Asked::ack) {
            collector_.acknowledge(sid, {zab::Zxid{zxid.value_or(0)}, epoch});
        }
    }
    /// The leader is server 0, the voters behind it follow, an observer comes last.
    Value with_voters(const Value& initial) {
        only("initial", initial,
             {"leader", "participant", "participants", "voters", "ensemble", "observers",
              "observer", "electingFollowers", "connectingFollowers"});
        const Value* beside = first_of(initial, {"participant", "participants"});
        const Value* all = first_of(initial, {"voters", "ensemble"});
        if (all != nullptr && all->is(Kind::array)) {
            for (const zab::NodeId id : ids(*all, "voters")) {
                if (id.value >= all->elements.size()) throw Refused("voters are 0, 1, …");
            }
            voters_ = static_cast<std::uint16_t>(all->elements.size());
        } else if (all != nullptr) {
            voters_ = server_id(bounded(number(*all, "voters"), most_servers, "voters"));
        }
        if (beside != nullptr) {
            const std::uint64_t count = number(*beside, "participants");
            voters_ = server_id(1 + bounded(count, most_servers, "participants"));
        }
        for (const char* set : {"electingFollowers", "connectingFollowers"}) {
            const Value* given = initial.find(set);
            if (given != nullptr && !given->elements.empty()) throw Refused(set);
        }
        observer_ = voters_;
        const Value* own = first_of(initial, {"observer", "observers"});
        if (own != nullptr && own->is(Kind::array)) {
            if (own->elements.size() != 1) throw Refused("one observer");
            own = &own->elements.front();
        } else if (initial.find("observer") == nullptr) {
            own = nullptr;  // How many there are.
        }
        static const Regex present(
            "(?:(?:also|is|it) )*(?:connects|connected|present|attached|there|joins|one)"
            "(?: (?:too|also|as well))?");
        if (own != nullptr && is_text(*own) && regex_match(own->text, present)) own = nullptr;
        if (own != nullptr && server_number(*own, "observer") != observer_) {
            throw Refused("the observer comes behind the voters here");
        }
        const Value* leader = initial.find("leader");
        const Value described = leader == nullptr ? sim::json::object() : *leader;
        only("leader", described, {"id", "acceptedEpoch", "currentEpoch"});
        if (number_or(described, "id", 0) != 0) throw Refused("the leader is server 0 here");
        return sim::json::object({sim::json::member("voters", sim::json::number(voters_)),
                                  sim::json::member("leader", described)});
    }
    void look() {
        const auto all = static_cast<std::uint16_t>(voters_ + 1);
        Look seen{collector_.connecting(all),   collector_.electing(all),
                  collector_.following(all),    collector_.accepted(),
                  collector_.epoch(),           collector_.is_decided(),
                  collector_.is_acknowledged(), collector_.is_established()};
        seen.is_done = asked_ == Asked::leader ? seen.is_established
                       : asked_ == Asked::ack  ? seen.is_acknowledged
                                               : seen.is_decided;
        const bool is_own = callers_.empty() || callers_.back() == 0;
        const bool gives_up = is_own ? collector_.leader_gives_up_after_init_limit()
                                     : collector_.gives_up_after_init_limit();
        seen.waits = !callers_.empty() && !seen.is_done && gives_up;
        looks_.push_back(seen);
    }
    /// The call of whom a key names.
    std::optional<std::size_t> call_of(const std::string& who) const {
        for (std::size_t i = 0; i < callers_.size(); ++i) {
            const bool is_meant = says(who, "leader")     ? callers_[i] == 0
                                  : says(who, "observer") ? callers_[i] == observer_
                                                          : callers_[i] % voters_ != 0;
            if (is_meant) return i + 1;
        }
        return std::nullopt;
    }
    static std::string listed(const std::vector<std::uint64_t>& all) {
        std::string words;
        for (const std::uint64_t one : all) words += std::to_string(one) + " ";
        return words;
    }

    static const std::vector<std::uint64_t>* set_of(const std::string& key, const Look& look) {
        if (says(key, "^connecting(?: ?followers)?$")) return &look.connecting;
        if (says(key, "^electing(?: ?followers)?$")) return &look.electing;
        return says(key, "^(newLeader ?acks|newLeaderProposal|ackSet|acks)$") ? &look.following
                                                                              : nullptr;
    }
    static std::optional<bool> truth_of(const std::string& key, const Look& look) {
        if (says(key, "^quorumFormed$")) return look.is_established;
        if (says(key, "^electionFinished$")) return look.is_acknowledged;
        if (says(key, "^(epochDecided|decided)$")) return look.is_decided;
        if (says(key, "^waitingForNewEpoch$")) return !look.is_decided;
        if (says(key, "^(waits|waiting|blocks)$")) return look.waits;
        return std::nullopt;
    }
    /// One thing behind one call: how many have called, whether it is over, which epoch it is.
    bool check_at(const std::string& key, const Value& value, std::size_t number,
                  Verdict& verdict) const {
        const Look& look = looks_[number];
        const std::string where = fmt::format("{} behind call {}", key, number);
        if (const auto* set = set_of(key, look)) {
            verdict.check(where, std::to_string(conformance::number(value, key)),
                          std::to_string(set->size()));
        } else if (const auto is_so = truth_of(key, look)) {
            verdict.check(where, truth(value, key), *is_so);
        } else if (says(key, "^(leader ?)?(accepted ?)?epoch$|^accepted$")) {
            const zab::Epoch got = says(key, "accepted") ? look.accepted : look.epoch;
            verdict.check(where, std::to_string(conformance::number(value, key)),
                          std::to_string(got.value));
        } else {
            return false;
        }
        return true;
    }
    /// What holds in the end; a list of as many as there were calls: behind each of them. A list of
    /// different servers is what a set holds in the end.
    bool check_sequence(const std::string& key, const Value& value, Verdict& verdict) const {
        static const Regex late(
            "(?:only |first )?(?:after|with|by|at) (?:the )?([a-z0-9]+)(?: call(?:er)?| one)?");
        const std::size_t calls = callers_.size();
        Match found;
        if (value.is(Kind::array)) {
            std::vector<std::uint64_t> all;
            for (const Value& one : value.elements) {
                if (!one.is(Kind::boolean)) all.push_back(server_number(one, key));
            }
            const auto* set = set_of(key, looks_.back());
            if (set != nullptr && std::set(all.begin(), all.end()).size() == all.size()) {
                verdict.check(key, listed(all), listed(*set));
                return true;
            }
            if (value.elements.size() != calls) throw Refused("expected." + key + ": of each call");
            for (std::size_t i = 0; i < calls; ++i) {
                if (!check_at(key, value.elements[i], i + 1, verdict)) return false;
            }
            return true;
        }
        if (is_text(value) && truth_of(key, looks_.back()) &&
            regex_match(value.text, found, late)) {
            const auto number = says(found[1], "^last$") ? calls : count_in(found[1]);
            if (!number || *number == 0 || *number > calls) throw Refused(key + value.text);
            for (std::size_t i = 1; i <= calls; ++i) {
                verdict.check(key, i >= *number, *truth_of(key, looks_[i]));
            }
            return true;
        }
        const bool is_plain = value.is(Kind::number) || value.is(Kind::boolean);
        return is_plain && check_at(key, value, calls, verdict);
    }
    void check_words(const std::string& words, std::size_t number, Verdict& verdict) const {
        static const Regex count("((?:connecting|electing) ?[fF]ollowers):? ([0-9]+)");
        static const Regex epoch("accepted(?: ?[eE]poch)?(?: is| stays)?:? ([0-9]+)");
        static const Regex new_epoch("(?:new )?epoch(?: is)?:? ([0-9]+)");
        const Look& now = looks_[number];
        const Look& before = looks_[number - 1];
        Match found;
        if (regex_match(words, found, count)) {
            const std::string size = std::to_string(set_of(found[1], now)->size());
            verdict.check(words, found[2], size);
        } else if (regex_match(words, found, epoch)) {
            verdict.check(words, found[1], std::to_string(now.accepted.value));
        } else if (regex_match(words, found, new_epoch)) {
            verdict.check(words, found[1],
                          now.is_decided ? std::to_string(now.epoch.value) : "undecided");
        } else if (says(words, "^((still )?wait(s|ing)|time(s |d )?out|blocks)$")) {
            verdict.check(words, true, now.waits);
        } else if (says(words, "^(decided|returns|quorum|done)$")) {
            verdict.check(words, true, now.is_done);
        } else if (says(words, "^(unchanged|(observer |it )?(is )?not counted)$")) {
            verdict.require(
                words, now.connecting == before.connecting && now.electing == before.electing &&
                           now.following == before.following && now.accepted == before.accepted);
        } else {
            throw Refused("expected: " + words);
        }
    }

    std::uint16_t voters_ = 3;
    std::uint64_t observer_ = 3;
    Collector collector_;
    Asked asked_ = Asked::nothing;
    std::vector<std::uint64_t> callers_;
    std::vector<Look> looks_;
};

/// "leader calls getEpochToPropose; times out", "leader and observer ask for the epoch": call by
/// call, and what comes of each.
std::vector<std::string> calls_told(const std::vector<std::string>& steps) {
    static const std::string who =
        "((?:the )?(?:leader|(?:observer|participant|follower)(?: ?[0-9]+)?))";
    static const Regex both("^(?:both )?" + who + "(?: and |, (?:then )?)" + who +
                            " (call|ask|ack)\\b(.*)$");
    static const Regex remark(" ?\\(((?:times|timed|waits|blocks|returns|is )[^()]*)\\)$");
    std::vector<std::string> all;
    for (const std::string& step : steps) {
        const std::string told = regex_replace(step, remark, "; $1");
        for (const std::string& part :
             split_at(told,
                      "; *|, (?:and |but |then )*(?=(?:it |which )?(?:times|timed|waits|"
                      "blocks|is blocked|does not|returns|gets|has to|is released|succeeds))|"
                      " and (?=(?:it |which )?(?:times out|waits|blocks|returns|is released))")) {
            Match found;
            if (!regex_match(part, found, both)) {
                all.push_back(part);
                continue;
            }
            for (const std::size_t caller : {1u, 2u}) {
                all.push_back(found[caller].str() + " " + found[3].str() + "s" + found[4].str());
            }
        }
    }
    return all;
}

}  // namespace

std::optional<Verdict> judge_epoch_calls(const Case& one) {
    if (one.area != "ZAB" || one.level != "unit" || one.initial.find("disk") != nullptr ||
        !one.stimulus.is(Value::Kind::array)) {
        return std::nullopt;
    }
    const auto steps = calls_told(texts(one.stimulus, "stimulus"));
    if (steps.empty() || !std::all_of(steps.begin(), steps.end(), Calls::is_call)) {
        return std::nullopt;
    }
    Calls calls(one);
    for (const std::string& step : steps) calls.play(step);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) calls.check(key, value, verdict);
    return verdict;
}

}  // namespace conformance
