#include "tests/conformance/collector.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <regex>

namespace conformance {

// What a leader's threads call one after the other: "leader calls getEpochToPropose", "observer
// calls it", "waitForEpochAck(1)"; and what has come of it behind each call.

namespace {

class Calls {
  public:
    explicit Calls(const Case& one) : collector_(with_voters(one.initial), one.release) {
        look(false, false);
    }

    /// False: it is no such call.
    static bool is_call(const std::string& step) { return std::regex_match(step, form()); }
    void play(const std::string& step) {
        std::smatch found;
        if (!std::regex_match(step, found, form())) throw Refused("step: " + step);
        const std::string call = found[found[4].matched ? 4 : 3];
        if (call != "it") call_ = call;
        if (call_.empty()) throw Refused("calls what? " + step);
        std::uint64_t sid = says(found[1], "observer") ? voters_ : 0;
        if (found[2].matched || found[5].matched)
            sid = std::stoull(found[found[2].matched ? 2 : 5]);
        if (sid > voters_) throw Refused("who calls? " + step);
        const auto id = static_cast<std::uint16_t>(sid);
        const bool acknowledges = call_ == "waitForEpochAck";
        if (acknowledges && !collector_.has_asked()) collector_.ask();  // Behind discovery.
        if (sid != 0 && !collector_.knows(id)) collector_.connect(id, collector_.accepted());
        if (sid == 0) {
            acknowledges ? collector_.acknowledge_own() : collector_.ask();
        } else if (acknowledges) {
            collector_.acknowledge(id, {zab::Zxid{}, collector_.current()});
        }
        const bool is_done = acknowledges ? collector_.is_acknowledged() : collector_.is_decided();
        const bool gives_up = sid == 0 ? collector_.leader_gives_up_after_init_limit()
                                       : collector_.gives_up_after_init_limit();
        look(!is_done && gives_up, is_done);
    }

    void check(const std::string& key, const Value& value, Verdict& verdict) const {
        if (key == "electingFollowers" || key == "connectingFollowers") {
            std::vector<std::uint64_t> wanted;
            for (const zab::NodeId id : ids(value, key)) wanted.push_back(id.value);
            const Look& last = looks_.back();
            verdict.check(key, listed(wanted),
                          listed(key.starts_with("e") ? last.electing : last.connecting));
            return;
        }
        const auto number = count_in(key);
        if (!number || *number >= looks_.size()) throw Refused("expected." + key);
        for (const std::string& words : clauses(without_remarks(value.text))) {
            check_words(words, *number, verdict);
        }
    }

  private:
    /// What could be seen behind a call.
    struct Look {
        std::vector<std::uint64_t> connecting, electing;
        zab::Epoch accepted{};
        bool waits = false;    ///< Who called last does, until initLimit is over.
        bool is_done = false;  ///< That for which callers wait has come.
    };

    static const std::regex& form() {
        static const std::regex calls(
            "(leader|observer|(?:participant|follower) ?([0-9]+)) calls "
            "(getEpochToPropose|waitForEpochAck|it)|"
            "(getEpochToPropose|waitForEpochAck)\\(([0-9]+)\\)");
        return calls;
    }
    /// The leader is server 0, the voters behind it follow, an observer comes last.
    Value with_voters(const Value& initial) {
        only("initial", initial,
             {"leader", "participant", "participants", "voters", "ensemble", "observers",
              "electingFollowers", "connectingFollowers"});
        const Value* beside = first_of(initial, {"participant", "participants"});
        const Value* all = first_of(initial, {"voters", "ensemble"});
        if (all != nullptr) voters_ = static_cast<std::uint16_t>(number(*all, "voters"));
        if (beside != nullptr) {
            voters_ = static_cast<std::uint16_t>(1 + number(*beside, "participants"));
        }
        for (const char* set : {"electingFollowers", "connectingFollowers"}) {
            const Value* given = initial.find(set);
            if (given != nullptr && !given->elements.empty()) throw Refused(set);
        }
        const Value& leader = member(initial, "leader");
        only("leader", leader, {"id", "acceptedEpoch", "currentEpoch"});
        if (number_or(leader, "id", 0) != 0) throw Refused("the leader is server 0 here");
        return sim::json::object({sim::json::member("voters", sim::json::number(voters_)),
                                  sim::json::member("leader", leader)});
    }
    void look(bool waits, bool is_done) {
        const auto all = static_cast<std::uint16_t>(voters_ + 1);
        looks_.push_back({collector_.connecting(all), collector_.electing(all),
                          collector_.accepted(), waits, is_done});
    }
    static std::string listed(const std::vector<std::uint64_t>& all) {
        std::string words;
        for (const std::uint64_t one : all) words += std::to_string(one) + " ";
        return words;
    }
    void check_words(const std::string& words, std::size_t number, Verdict& verdict) const {
        static const std::regex count("(connecting|electing) ?[fF]ollowers:? ([0-9]+)");
        static const std::regex epoch("accepted(?: ?[eE]poch)?(?: is| stays)?:? ([0-9]+)");
        const Look& now = looks_[number];
        const Look& before = looks_[number - 1];
        std::smatch found;
        if (std::regex_match(words, found, count)) {
            const auto& set = found[1] == "electing" ? now.electing : now.connecting;
            verdict.check(words, found[2], std::to_string(set.size()));
        } else if (std::regex_match(words, found, epoch)) {
            verdict.check(words, found[1], std::to_string(now.accepted.value));
        } else if (says(words, "^((still )?wait(s|ing)|time(s |d )?out|blocks)$")) {
            verdict.check(words, true, now.waits);
        } else if (says(words, "^(decided|returns|quorum|done)$")) {
            verdict.check(words, true, now.is_done);
        } else if (says(words, "^(unchanged|(observer |it )?(is )?not counted)$")) {
            verdict.require(words, now.connecting == before.connecting &&
                                       now.electing == before.electing &&
                                       now.accepted == before.accepted);
        } else {
            throw Refused("expected: " + words);
        }
    }

    std::uint16_t voters_ = 3;
    Collector collector_;
    std::string call_;
    std::vector<Look> looks_;
};

}  // namespace

std::optional<Verdict> judge_epoch_calls(const Case& one) {
    if (one.area != "ZAB" || one.level != "unit" || one.initial.find("leader") == nullptr ||
        one.stimulus.is(Value::Kind::object)) {
        return std::nullopt;
    }
    const auto steps = texts(one.stimulus, "stimulus");
    if (!std::all_of(steps.begin(), steps.end(), Calls::is_call)) return std::nullopt;
    if (one.expected.find("1") == nullptr) return std::nullopt;
    Calls calls(one);
    for (const std::string& step : steps) calls.play(step);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) calls.check(key, value, verdict);
    return verdict;
}

}  // namespace conformance
