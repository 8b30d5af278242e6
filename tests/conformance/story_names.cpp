#include "tests/conformance/story.hpp"
#include "tests/conformance/story_synonyms.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Whom a case speaks of, and what it begins with.

using Kind = Value::Kind;
using zab::NodeId;

namespace {

NodeId node_of(std::uint64_t sid) { return {static_cast<std::uint16_t>(server_id(sid) + 1)}; }

zab::Txn creation(zab::Zxid zxid, zab::PathId path) {
    return {zxid, {}, zxid.counter(), path, 0, zab::TxnType::create};
}

/// "10 s", "10000", "raised to 10 s".
zab::Duration tick_told(const std::string& words, const std::string& key,
                        const zab::Config& config) {
    static const Regex form("(?:(?:is |was )*(?:raised|set|increased) to )?(.*)");
    Match found;
    regex_match(words, found, form);
    if (contains(found[1], "^[0-9]{1,7}$")) return zab::milliseconds(std::stol(found[1]));
    const auto tick = duration_in(found[1], config);
    if (!tick || !regex_match(found[1].str(), compiled(sum_of_times()))) {
        throw Refused("initial." + key + ": " + words);
    }
    return *tick;
}

/// "3": "never started": one that a step starts later.
bool is_not_started(const std::string& key, const Value& value) {
    static const Regex server("(?:node|server|S)? ?[0-9]");
    static const Regex words(
        "(?:is |was |has )*(?:never|not)(?: yet)?(?: been)* (?:started|up|running|run)(?: yet)?|"
        "(?:is )?(?:down|off|absent|empty,? not started|starts? (?:later|last))");
    return regex_match(key, server) && is_text(value) && regex_match(plain(value.text), words);
}

}  // namespace

void Story::read_initial(const Value& initial, zab::Config& config) {
    std::size_t count = 3;
    for (const auto& [key, place, value] : initial.members) {
        if (key == "nodes" || key == "servers" || key == "voters") {
            const std::size_t told = value.is(Kind::number)  ? number(value, key)
                                     : value.is(Kind::array) ? value.elements.size()
                                                             : value.members.size();
            if (is_text(value)) throw Refused("initial." + key + ": " + value.text);
            count = std::max(count, told);
            if (value.is(Kind::number)) count = told;
        } else if (key == "ensemble") {
            count = value.is(Kind::number) ? number(value, key) : value.elements.size();
        } else if (key == "forceSnap") {
            config.force_snapshot_sync = truth(value, key);
        } else if (key == "txnLogSync") {
            config.sync_from_disk = is_on(value, key);
        } else if (key == "snapshotSizeFactor") {
            if (!contains(value.text, "^-?[0-9.]+$")) throw Refused("initial." + key);
            config.sync_from_disk = !value.text.starts_with("-");
        } else if (key == "snapCount") {
            config.snapshot_count = static_cast<std::uint32_t>(number(value, key));
        } else if (contains(key, "^leader(?:'s )?(?:Tick(?:Time)?|Timeout)(?:Ms)?$")) {
            leader_tick_ = is_text(value)
                               ? tick_told(value.text, key, config)
                               : zab::milliseconds(static_cast<std::int64_t>(number(value, key)));
        } else if (is_not_started(key, value)) {
            continue;
        } else if (!contains(key,
                             "^(?:node[s0-9].*|committed|down|notStarted|restartedOnce|note|leader|"
                             "followers?|"
                             "started|up|running|before|firstServer|"
                             "tick.*|initLimit|syncLimit)$")) {
            throw Refused("initial." + key);
        }
    }
    bounded(count, most_servers, "servers");
    for (std::size_t i = 0; i < count; ++i) config.voters.push_back(node_of(i));
}

/// "started": [1, 2], or a first step "1 and 2 up", where the rest is started only later. Those.
std::vector<NodeId> Story::not_yet_started(const Value& initial) {
    static const Regex up(
        "(?:only )?(?:(?:nodes?|servers?) )?((?:[0-9](?:, ?| and ))*[0-9]) (?:are |is )?(?:up|run)"
        "(?:[;,].*)?");
    std::vector<NodeId> later = cluster_->members();
    Match found;
    std::vector<std::uint64_t> told;
    std::vector<NodeId> off;
    for (const auto& [key, place, value] : initial.members) {
        if (is_not_started(key, value)) off.push_back(server(key));
    }
    if (const Value* down = first_of(initial, {"down", "notStarted"})) {
        for (const Value& one : down->elements) {
            off.push_back(server(std::to_string(number(one, "down"))));
        }
        if (off.empty()) throw Refused("initial.down");
    }
    if (!off.empty()) return off;
    if (const Value* started = first_of(initial, {"started", "up", "running"})) {
        if (started->is(Kind::number)) return started_but(number(*started, "started"));
        for (const Value& one : started->elements) told.push_back(number(one, "started"));
        if (told.empty()) throw Refused("initial.started");
    } else if (!steps_.empty() && regex_match(steps_.front(), found, up)) {
        told = numbers_in(found[1]);
    } else {
        return started_first();
    }
    for (const std::uint64_t one : told) std::erase(later, server(std::to_string(one)));
    return later;
}

/// "3 starts for the first time": until then it does not run.
std::vector<NodeId> Story::started_first() {
    static const Regex first(
        "(?:(?:re)?start )?(?:server |node )?([0-9])(?: (?:is "
        ")?(?:up|starts?|started|joins?|boots?))? "
        "for (?:the )?first time");
    std::vector<NodeId> later;
    for (const std::string& step : steps_) {
        for (const std::string& part : split_at(step, "[;,] *")) {
            Match found;
            if (regex_match(part, found, first)) later.push_back(server(found[1]));
        }
    }
    return later;
}

/// "node1", "nodes2,3": their logs hold creations of epoch 1. Those who start only later.
std::vector<NodeId> Story::preset_logs(const Value& initial) {
    static const Regex creates(
        "(?:an? )?(?:standalone )?(?:(?:log|quorum|server|ensemble|history) )?(?:of |with "
        ")?([0-9]+) "
        "creates(?:,? (?:in |of )?epoch ([0-9]{1,4}))?");
    static const Regex digits("[0-9]+");
    std::vector<NodeId> later;
    for (const auto& [key, place, value] : initial.members) {
        Match found;
        if (!key.starts_with("node") || key == "nodes" || !is_text(value) || key == "note" ||
            is_not_started(key, value)) {
            continue;
        }
        if (!regex_match(value.text, found, creates)) {
            throw Refused("initial." + key + ": " + value.text);
        }
        const zab::Epoch epoch{found[2].matched ? static_cast<std::uint32_t>(std::stoul(found[2]))
                                                : 1};
        const std::size_t logged = bounded(std::stoul(found[1]), most_creates, "creates");
        for (MatchIterator i(key, digits), end; i != end; ++i) {
            const Value* first = initial.find("firstServer");
            const bool is_zero = first != nullptr && number(*first, "firstServer") == 0;
            const NodeId node{server_id(std::stoul(i->str()) + (is_zero ? 1 : 0))};
            zab::History log;
            for (std::uint32_t n = 1; n <= logged; ++n) {
                const zab::PathId path = path_id(fmt::format("/{}", n - 1));
                log.push(creation(zab::Zxid::of(epoch, n), path));
                values_[path][zab::Zxid::of(epoch, n).value] = "created";
            }
            cluster_->disk(node).preset(log, std::nullopt, epoch, epoch);
            names_["node" + i->str()] = node;
            if (value.text.starts_with("standalone")) later.push_back(node);
        }
    }
    return later;
}

/// `{"L": "leader", "A": "follower"}`; `{"S2": "leader epoch 1"}`.
void Story::name_servers(const Value& nodes) {
    for (const auto& [name, place, value] : nodes.members) {
        static const Regex role("(leader|follower)(?:,? (?:of |in )?epoch ([0-9]+))?");
        Match found;
        const std::string words = is_text(value) ? plain(value.text) : "";
        if (!regex_match(words, found, role)) throw Refused("nodes." + name);
        const bool leads = found[1] == "leader";
        if (found[2].matched &&
            !leaders_.contains(static_cast<std::uint32_t>(std::stoul(found[2])))) {
            throw Refused("nodes." + name + ": " + value.text);
        }
        if (leads && !contains(name, "[0-9]")) names_[name] = server("leader");
        if ((server(name) == server("leader")) != leads) {
            throw Refused(name + " is not " + value.text);
        }
    }
}

/// `"leader": "S2"`, `"followers": ["F1", "F2"]`: of letters the first is the highest follower, who
/// is the next to lead.
void Story::name_roles(const Value& initial) {
    if (const Value* leader = initial.find("leader")) {
        if (!contains(leader->text, "^\\w+(?: \\w+)*$")) throw Refused("leader: " + leader->text);
        if (!contains(leader->text, "[0-9]$")) names_[leader->text] = server("leader");
        if (!(server(leader->text) == server("leader"))) {
            throw Refused(leader->text + " does not lead");
        }
    }
    const Value* followers = first_of(initial, {"followers", "follower"});
    if (followers == nullptr || (is_text(*followers) && tells_failing_starts(followers->text))) {
        return;  // How they will be started.
    }
    auto free = cluster_->members();
    std::erase(free, server("leader"));
    static const Regex highest(" \\((?:with )?(?:the )?highe(?:r|st) (?:sid|id)\\)$");
    for (const std::string& told : texts(*followers, "followers")) {
        const std::string name = regex_replace(told, highest, "");
        if (name != told && free.back().value + 1u != server("leader").value &&
            free.size() + 1 != cluster_->members().size()) {
            throw Refused("it is not: " + told);
        }
        if (contains(name, "^S?[0-9]$")) {
            if (server(name) == server("leader")) throw Refused(name + " leads");
            continue;
        }
        if (free.empty()) throw Refused("more followers than there are");
        names_[name] = free.back();
        free.pop_back();
    }
}

/// Numbers begin at 1 where the case speaks of as many as there are servers, and of no server 0.
void Story::find_numbering(const Value& expected) {
    static const Regex numbers("[0-9]+(?:[-,][0-9]+)*");
    static const Regex named(
        "(?:(?:re)?start|stop|kill|restart|wipe|nodes?|servers?|^)[a-z ]*"
        "((?:[0-9](?:, ?| and ))*[0-9])(?: [a-z].*|[;,].*|$)");
    std::set<std::uint64_t> all;
    for (const std::string& step : steps_) {
        for (const std::string& part : split_at(plain(step), "; *|, (?=[a-z])")) {
            Match found;
            if (contains(part, "create") || !regex_match(part, found, named)) continue;
            for (const std::uint64_t number : numbers_in(found[1])) all.insert(number);
        }
    }
    for (const sim::json::Member& one : expected.members) {
        if (!regex_match(one.key, numbers)) continue;
        for (const std::uint64_t number : numbers_in(one.key)) all.insert(number);
    }
    is_one_based_ = all.contains(cluster_->members().size()) && !all.contains(0);
    static const Regex named_s("\\bS([0-9])\\b");
    std::string words = expected_;
    for (const std::string& step : steps_) words += " " + step;
    std::set<std::uint64_t> by_s;
    for (MatchIterator i(words, named_s), end; i != end; ++i) {
        by_s.insert(std::stoull(i->str(1)));
    }
    names_from_s1_ = by_s.contains(cluster_->members().size()) && !by_s.contains(0);
}

/// A letter that stands for a follower is given to the next one when it is first used; to the
/// highest, who is the next to lead, when a later step says that it leads.
NodeId Story::server(const std::string& name) {
    const auto named = names_.find(name);
    if (named != names_.end()) return named->second;
    static const Regex numbered("(?:S|node|server )?([0-9])");
    static const Regex letter("[A-Z]|F[0-9]|(?:other )?follower");
    Match found;
    if (regex_match(name, found, numbered)) {
        const std::size_t told = std::stoul(found[1]);
        const bool counts_from_one = name.starts_with("S") ? names_from_s1_ : is_one_based_;
        if (counts_from_one && told == 0) throw Refused("who is " + name + "?");
        const NodeId node = node_of(counts_from_one ? told - 1 : told);
        if (node.value > cluster_->members().size()) throw Refused("who is " + name + "?");
        return node;
    }
    const auto leader = cluster_->leader();
    if ((name == "leader" || name == "new leader") && leader) return *leader;
    if (name == "leader" && names_.contains("old leader")) return server("old leader");
    if (name == "L")
        return names_["L"] = server(names_.contains("old leader") ? "old leader" : "leader");
    if (!regex_match(name, letter)) throw Refused("who is " + name + "?");
    const NodeId first = server(names_.contains("old leader") ? "old leader" : "leader");
    std::vector<NodeId> all = cluster_->members();
    const std::string leads = "\\b" + name +
                              " (?:then |now |is |gets |may |can |could |should "
                              ")*(?:leads?|elected|becomes (?:the )?(?:new )?leader)";
    if (tells(leads.c_str())) std::reverse(all.begin(), all.end());
    for (const NodeId node : all) {
        const bool is_taken = std::any_of(names_.begin(), names_.end(),
                                          [node](const auto& one) { return one.second == node; });
        if (!(node == first) && !is_taken) return names_[name] = node;
    }
    throw Refused("who is " + name + "?");
}

std::optional<std::vector<NodeId>> Story::known_servers(const std::string& told) {
    try {
        return servers(told);
    } catch (const Refused&) {
        return std::nullopt;
    }
}

std::vector<NodeId> Story::servers(const std::string& told) {
    const bool is_again = contains(told, "^(?:it|they|them|themselves|)$") ||
                          (told == "both" && last_named_.size() == 2);
    if (!is_again) last_named_ = named(told);
    if (last_named_.empty()) throw Refused("who is it?");
    Match found;
    const bool is_counted = regex_search(told, found, compiled("\\b(both|two|three|four)\\b"));
    if (is_counted && last_named_.size() != count_named(found[1])) {
        throw Refused(fmt::format("{}: they are {}", told, last_named_.size()));
    }
    return last_named_;
}

std::vector<NodeId> Story::named(const std::string& told) {
    static const Regex range("(S?[0-9])-(S?[0-9])");
    static const Regex filler(
        "\\b(?:both|two|three|four|remaining|other|only|again|are|is|each|one by "
        "one|concurrently)\\b ?");
    static const Regex title(
        "\\b(?:followers?|servers?|nodes?|(?:old )?leader) (?=[A-Z]\\b|S?[0-9])|"
        "\\b(?:former|previous|old|earlier|original) (?=followers?\\b)");
    static const Regex ends("^\\s+|\\s+$");
    static const Regex every("^(?:all|every) (?=followers?|others?)");
    if (auto others = all_but(told)) return *others;
    if (auto some = by_start(told)) return *some;
    const bool is_other = contains(told, "\\b(?:other|remaining)\\b");
    std::string who = regex_replace(regex_replace(told, filler, ""), title, "");
    who = regex_replace(regex_replace(who, ends, ""), every, "");
    const auto except = [this](NodeId left_out) {
        std::vector<NodeId> all = cluster_->members();
        std::erase(all, left_out);
        return all;
    };
    if (contains(who,
                 "^(?:all|everybody|everyone|everything|cluster|ensemble)(?: "
                 "(?:servers|nodes|peers))?$")) {
        return cluster_->members();
    }
    static const Regex some(
        "(?:an? |one |first )?follower|first(?: one)?|(?:an?|one|any) (?:server|node|peer)");
    static const Regex another("(?:another|an?other|second|a second)(?: follower| one)?");
    if (contains(told, "^(?:server|node)$") && cluster_->members().size() == 1) {
        return cluster_->members();
    }
    if (regex_match(told, some)) return {server("follower")};
    if (regex_match(told, another)) return {server("other follower")};
    if (auto some_of_them = counted_followers(told)) return *some_of_them;
    if (contains(who, "^(?:followers?|others|rest|servers|nodes)$") &&
        (who.starts_with("follower") || is_other || who == "others" || who == "rest")) {
        const bool is_past = names_.contains("old leader") &&
                             (!cluster_->leader() || cluster_->leader() == names_.at("old leader"));
        return except(server(is_past || names_.contains("old leader") ? "old leader" : "leader"));
    }
    std::vector<NodeId> all;
    for (const std::string& name : split_at(who, "\\s*,\\s*(?:and )?|\\s+and\\s+")) {
        Match found;
        if (contains(name, "^(?:followers|others)$")) {  // "leader and followers"
            const auto group = named(name);
            all.insert(all.end(), group.begin(), group.end());
            continue;
        }
        if (!regex_match(name, found, range)) {
            all.push_back(server(name));
            continue;
        }
        const NodeId last = server(found[2]);
        for (NodeId node = server(found[1]); node.value <= last.value; ++node.value) {
            all.push_back(node);
        }
    }
    return all;
}

}  // namespace conformance
