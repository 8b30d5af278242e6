#include "tests/conformance/epoch_failures.hpp"

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"
#include "tests/support/cluster.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

namespace conformance {

// An ensemble of which some servers cannot write their epoch files: "server 2 starts, every write
// of a non-zero acceptedEpoch fails (I/O error)".

namespace {

class Failures {
  public:
    explicit Failures(const Case& one) {
        zab::Config config;
        config.release = one.release;
        for (std::uint16_t i = 1; i <= servers; ++i) config.voters.push_back({i});
        cluster_ = std::make_unique<test::Cluster>(config);
        cluster_->fails = [this](zab::NodeId node, const zab::Start& work) {
            const auto found = unwritable_.find(node);
            if (found == unwritable_.end() || work.argument == 0) return false;
            return (found->second.accepted && work.work == zab::Work::write_accepted_epoch) ||
                   (found->second.current && work.work == zab::Work::write_current_epoch);
        };
        cluster_->on_sent = [this](const test::Cluster::Sent& sent) {
            if (sent.as<zab::LeaderInfo>() != nullptr) ++informed_[sent.to];
            if (sent.as<zab::AckEpoch>() != nullptr) acked_.insert(sent.from);
        };
        std::vector<zab::NodeId> started;
        const Value initial = failure_initial(one.initial);
        for (const auto& [key, place, value] : initial.members) {
            static const Regex faults(
                "nodes|faulty|(injected ?)?(faults?|failures?|errors?)|broken|unwritable|disks?|"
                "io|failing|inject(ion|ed)?",
                Regex::icase);
            if (value.is(Value::Kind::object) && regex_match(key, faults)) {
                for (const auto& [sid, at, words] : value.members) fail_at(sid, words);
            } else if (is_text(value) && says(key, "^(nodes|servers|quorum|started|running)$")) {
                begin(value.text);
            } else if (key == "nodes" || key == "servers" || key == "voters" || key == "config") {
                require_three(key, value);
            } else if (value.is(Value::Kind::array) && says(key, "^(started|quorum|running)$")) {
                for (const zab::NodeId id : ids(value, key)) started.push_back(known(id.value));
            } else if (key == "disk" || regex_match(key, faults)) {
                fail_alone(value);
            } else {
                fail_at(key, value);
            }
        }
        if (!started.empty()) lead(started);
    }
    /// "0 and 1 up with data; 2 cannot write acceptedEpoch".
    void begin(const std::string& words) {
        for (const std::string& part :
             split_at(words, "; *|, (?=(?:node |server |S)?[0-9] [a-z])")) {
            const auto told = whose_in(sim::json::string(part));
            if (told) {
                unwritable_[known(told->sid)] = told->files;
            } else if (!says(part, "^(3|three)( (nodes|servers|voters))?$|^majority$")) {
                play(part);
            }
        }
    }
    /// Whose disk it is may not be told: then it is that of who joins the others.
    void fail_alone(const Value& disk) {
        if (const auto told = whose_in(disk)) {
            unwritable_[known(told->sid)] = told->files;
            return;
        }
        joining_ = known(servers - 1);
        unwritable_[*joining_] = unwritable_in(plain(disk.text));
    }
    void fail_at(const std::string& sid, const Value& words) {
        const std::string told = failure_key(sid);
        const Value number = sim::json::string(told == "server" ? "2" : told);
        const zab::NodeId node = known(server_number(number, "initial." + sid));
        unwritable_[node] = unwritable_in(plain(words.text));
        if (!unwritable_[node].is_any()) throw Refused("initial." + sid);
    }
    void lead(const std::vector<zab::NodeId>& nodes) {
        for (const zab::NodeId node : nodes) {
            if (!cluster_->is_up(node)) cluster_->start(node);
        }
        cluster_->run(zab::seconds(30));
        if (!cluster_->leader().has_value()) throw Refused("no server leads");
    }

    void play(const std::string& step) {
        static const Regex one(
            "(?:start|boot) (?:server |node |S)?([0-9]+)(?:(?:,? (?:whose|with|but)|[,;](?! "
            "[0-9])) (?:its "
            "|the )*(.*))?");
        static const Regex all(
            "(?:start|boot) (?:all|everybody)(?: (?:3|three))?(?: servers| nodes)?|"
            "all(?: (?:3|three))?(?: servers| nodes)? (?:start|boot|come up)");
        static const Regex several(
            "(?:start |quorum (?:of )?)?(?:servers |nodes )?([0-9](?:, ?| and )[0-9])"
            "(?: (?:form (?:an? )?quorum|elect(?: and serve)?|(?:elect and )?serve|start|run|"
            "(?:come|are)? ?(?:up|started|running)))?"
            "( with (?:some )?data)?(?:,? (?:and |in |at |with )?epoch ([0-9]+))?");
        std::string words = plain(step);
        Match found;
        if (joining_ && tells_join(words)) {
            lead({known(0), known(1)});
            words = "2 starts";
        }
        if (regex_match(words, found, one)) {
            words = found[1].str() + " starts" + (found[2].matched ? ", " + found[2].str() : "");
        }
        if (regex_match(words, all)) {
            start_all();
        } else if (regex_match(words, found, several)) {
            lead(listed(found[1]));
            if (found[2].matched) create();
            if (found[3].matched) require_epoch(std::stoul(found[3]));
        } else if (tells_create(words)) {
            create();
        } else if (const auto at = where_created(words)) {
            create(known(*at));
        } else if (const auto whose = whose_in(sim::json::string(words));
                   whose && !cluster_->is_up(known(whose->sid))) {
            unwritable_[known(whose->sid)] = whose->files;
        } else if (const auto informed = informed_in(words)) {
            inform(known(informed->sid), informed->epoch);
        } else if (says(words,
                        "^(its |the )?(epoch |file )?(write|writing)( of it)? (fails|throws)$")) {
            if (!late_ || !unwritable_.contains(*late_)) throw Refused("whose? " + step);
        } else if (!start(words)) {
            throw Refused("step: " + step);
        }
    }

    void check(const std::string& told, const Value& value, Verdict& verdict) const {
        const std::string key = failure_key(told);
        static const Regex several("[0-9](?:(?:, ?| and )[0-9])+");
        static const Regex epochs_of("epochs(?: ?[oO]f| ?[aA]t)? ?(?:S|server |node )?([0-9])");
        static const Regex late(
            "server|node|boot|service|state|outcome|result|serving|up|joins|joined|ready|starts|"
            "serverUp");
        static const Regex named("(?:server |node |S)?([0-9]) (.*)");
        // Of who came last.
        const bool is_late =
            late_.has_value() &&
            (says(key, "^(epochs|(accepted|current)Epoch)$") || regex_match(key, late));
        if (regex_match(key, several)) {
            for (const zab::NodeId node : listed(key)) check_at(node, key, value, verdict);
            return;
        }
        Match found;
        if (regex_match(key, found, epochs_of)) {
            return check_at(known(std::stoull(found[1])), "epochs", value, verdict);
        }
        if (is_late && is_text(value) && regex_match(value.text, found, named)) {
            const zab::NodeId node = known(std::stoull(found[1]));
            return check_at(node, key, sim::json::string(found[2].str()), verdict);
        }
        const zab::NodeId node =
            is_late ? *late_ : known(server_number(sim::json::string(key), "expected." + key));
        if (is_late && value.is(Value::Kind::boolean)) {
            return verdict.check(key, truth(value, key), cluster_->serves(node));
        }
        if (is_late && says(key, "^(accepted|current)Epoch$")) {
            check_epoch_value(node, key, value, verdict);
            return;
        }
        check_at(node, key, value, verdict);
    }
    /// "2 joins; LEADERINFO arrives".
    void check_informed(Verdict& verdict) const {
        for (const zab::NodeId node : to_inform_) {
            verdict.require("LEADERINFO arrives", informed_.contains(node));
        }
    }

  private:
    static constexpr std::uint16_t servers = 3;
    /// Ids here are one higher than in the cases: no server is called 0.
    static zab::NodeId known(std::uint64_t sid) {
        if (sid >= servers) throw Refused("there is no server " + std::to_string(sid));
        return {static_cast<std::uint16_t>(sid + 1)};
    }
    static std::vector<zab::NodeId> listed(const std::string& words) {
        std::vector<zab::NodeId> nodes;
        for (const std::uint64_t id : numbers_in(words)) nodes.push_back(known(id));
        return nodes;
    }
    /// "2 starts; its acceptedEpoch write fails", "2 joins 0 and 1"; false: it is no such step.
    bool start(const std::string& words) {
        static const Regex starts(
            "(?:server |node |S)?([0-9]+) (?:(?:is )?start(?:s|ed)?(?: and joins)?|(?:tries to "
            ")?joins?"
            "(?: (?:them|(?:the )?(?:quorum|ensemble)|([0-9](?:, ?| and )[0-9])))?|"
            "comes up)(?:[,;]? (?:but |and )?(.*))?");
        Match found;
        if (!regex_match(words, found, starts)) return false;
        const zab::NodeId node = known(std::stoull(found[1]));
        if (cluster_->is_up(node)) throw Refused("it runs already: " + words);
        if (found[2].matched && !cluster_->leader()) lead(listed(found[2]));
        late_ = node;
        if (found[3].matched) {
            static const Regex informed(
                "^(?:(?:(?:at|on|after|when|upon) )?LEADERINFO(?: is)?(?: arrives| comes| read| "
                "received)?[;,]? )(?:but |and |then |its )*");
            const std::string rest = regex_replace(found[3].str(), informed, "");
            if (rest != found[3]) to_inform_.push_back(node);
            unwritable_[node] = unwritable_in(rest);
            if (!unwritable_[node].is_any()) throw Refused("step: " + words);
        }
        cluster_->start(node);
        cluster_->run(zab::seconds(30));
        return true;
    }
    /// It starts, and is told of this epoch.
    void inform(zab::NodeId node, std::size_t epoch) {
        require_epoch(epoch);
        start(std::to_string(node.value - 1) + " starts");
        to_inform_.push_back(node);
    }
    void require_epoch(std::size_t epoch) const {
        const zab::Peer& peer = cluster_->peer(*cluster_->leader());
        if (peer.server().current_epoch.value != epoch) throw Refused("it is another epoch");
    }
    /// At once: who cannot write is the one that is spoken of.
    void start_all() {
        if (unwritable_.size() != 1) throw Refused("whose epoch files cannot be written?");
        for (const zab::NodeId node : cluster_->members()) {
            if (cluster_->is_up(node)) throw Refused("it runs already");
            cluster_->start(node);
        }
        late_ = unwritable_.begin()->first;
        cluster_->run(zab::seconds(30));
    }
    void create(std::optional<zab::NodeId> at = std::nullopt) {
        if (!cluster_->leader()) throw Refused("nobody leads that could create");
        if (at && !cluster_->serves(*at)) throw Refused("it does not serve");
        const std::uint64_t client = cluster_->connect(at.value_or(*cluster_->leader()));
        cluster_->run(zab::seconds(1));
        const std::size_t asked = cluster_->ask(client, zab::Operation::create, 1);
        cluster_->run(zab::seconds(1));
        const auto& reply = cluster_->asked(asked).reply;
        if (!reply.has_value() || reply->outcome != zab::Outcome::ok) {
            throw Refused("the node is not created");
        }
    }
    void check_at(zab::NodeId node, const std::string& key, const Value& value,
                  Verdict& verdict) const {
        for (const auto& [what, place, wanted] : value.members) {
            if (what == "serving" || what == "up") {
                verdict.check(key + "." + what, truth(wanted, what), cluster_->serves(node));
            } else if (says(what, "^(accepted|current)(Epoch)?$")) {
                const std::string file = what.substr(0, what.find('E')) + "Epoch";
                check_epoch_value(node, file, wanted, verdict);
            } else if (says(what, "^(server|state|boot|epochs)$")) {
                check_at(node, key + "." + what, wanted, verdict);
            } else {
                throw Refused("expected." + key + "." + what);
            }
        }
        if (value.is(Value::Kind::object)) return;
        const Value told = value.is(Value::Kind::number) ? sim::json::string(value.text) : value;
        for (const std::string& part : texts(told, key)) {
            static const Regex numbers(" ?\\(((?:both )?[0-9]+(?: ?/ ?[0-9]+)?)\\)");
            const std::string whole =
                without_remarks(regex_replace(part, numbers, ", both epochs $1"));
            for (const std::string& clause : clauses(whole)) {
                static const Regex both("^(?:both |stay |are |still )*([0-9]+)$");
                std::string words = failure_clause(clause);
                if (key.ends_with("epochs")) {
                    words = regex_replace(words, both, "both epochs $1");
                }
                check_words(node, words, verdict);
            }
        }
    }
    void check_words(zab::NodeId node, const std::string& words, Verdict& verdict) const {
        static const Regex fate(
            "(?:it )?(?:(does not|never|cannot|will not|fails to|refuses to) )?"
            "(?:comes?|gets?|serves?|joins?|starts?|becomes? (?:an? )?follower|follows?)(?: up)?"
            "(?: serving| (?:the )?(?:quorum|ensemble))?|(?:is |stays |remains |still )*"
            "(not |never )?(?:up|serving|running|in service|(?:a )?part of (?:the )?(?:quorum|"
            "ensemble))|(?:is |stays |remains )*(out|down)(?: of service)?|(fails)|"
            "(?:is |are |stays? |remains? )*unaffected|keeps? serving");
        static const Regex others(
            "(?:the )?(?:quorum|others)(?: (?:of |formed by )?([0-9](?:, ?| and )[0-9]))? "
            "(?:(?:is|are|stays?|remains?|still|keeps?|goes|go) )*(?:unaffected|up|serv(?:es?|ing)|"
            "on)");
        static const Regex tries(
            "(?:it |but |and )*(?:keeps (?:trying|looking|retrying)|retries|tries again|"
            "(?:(?:stays|is|keeps|remains|goes|falls|back|to|still|again) )*LOOKING(?: again)?)");
        static const Regex epoch(
            "(?:(?:its|and|in|memory:?) )*(both|accepted|current|acceptedEpoch and current|) "
            "?[eE]pochs?"
            "(?: is| are| stays?| =|:)? ?(?:still |both )?([0-9]+)(?: (?:in memory|(on disk)))?");
        static const Regex unacked(
            "(?:it )?(?:sends |and )*no ACKEPOCH(?: (?:is )?sent)?|(?:it )?(?:never|does not) "
            "(?:sends?|answers? with) (?:an? )?ACKEPOCH|ACKEPOCH (?:is )?(?:never|not) sent");
        Match found;
        if (regex_match(words, unacked)) {
            verdict.require(words, !acked_.contains(node));
        } else if (regex_match(words, found, fate)) {
            const bool is_denied =
                found[1].matched || found[2].matched || found[3].matched || found[4].matched;
            verdict.check(words, !is_denied, cluster_->serves(node));
        } else if (regex_match(words, found, others)) {
            for (const zab::NodeId other : cluster_->members()) {
                if (!(other == node)) verdict.check(words, true, cluster_->serves(other));
            }
            const auto told = listed(found[1]);
            const bool is_one = std::find(told.begin(), told.end(), node) != told.end();
            if (is_one) throw Refused("expected: " + words);
        } else if (regex_match(words, tries)) {
            const auto attempts = informed_.find(node);
            verdict.require(words, cluster_->is_up(node) && !cluster_->serves(node) &&
                                       attempts != informed_.end() && attempts->second > 1);
        } else if (regex_match(words, found, epoch)) {
            const bool on_disk = found[3].matched;
            if (found[1] != "current") {
                check_epoch(node, "acceptedEpoch", found[2], verdict, on_disk);
            }
            if (found[1] != "accepted") {
                check_epoch(node, "currentEpoch", found[2], verdict, on_disk);
            }
        } else {
            throw Refused("expected: " + words);
        }
    }
    /// 0, "unchanged", "0; not updated".
    void check_epoch_value(zab::NodeId node, const std::string& which, const Value& value,
                           Verdict& verdict) const {
        if (!is_text(value)) {
            return check_epoch(node, which, std::to_string(number(value, which)), verdict);
        }
        static const Regex told("(?:(?:stays?|is|still|remains?) )*([0-9]+)");
        for (const std::string& clause : clauses(value.text)) {
            const std::string words = failure_clause(clause);
            Match found;
            if (!regex_match(words, found, told)) throw Refused(which + ": " + value.text);
            check_epoch(node, which, found[1], verdict);
        }
    }
    /// A server that has ended remembers nothing in memory.
    void check_epoch(zab::NodeId node, const std::string& which, const std::string& wanted,
                     Verdict& verdict, bool on_disk = false) const {
        const bool is_accepted = which == "acceptedEpoch";
        if (on_disk) {
            const zab::DiskImage image = cluster_->disk(node).image();
            const auto stored = is_accepted ? image.accepted_epoch : image.current_epoch;
            return verdict.check(which + " on disk", wanted,
                                 stored ? std::to_string(stored->value) : "none");
        }
        if (!cluster_->is_up(node)) {
            return verdict.check(which, wanted, std::string("no server"));
        }
        const zab::Server& server = cluster_->peer(node).server();
        const zab::Epoch epoch = is_accepted ? server.accepted_epoch : server.current_epoch;
        verdict.check(which, wanted, std::to_string(epoch.value));
    }

    std::unique_ptr<test::Cluster> cluster_;
    std::map<zab::NodeId, Unwritable> unwritable_;
    std::map<zab::NodeId, std::size_t> informed_;  ///< How often LEADERINFO was on its way to it.
    std::vector<zab::NodeId> to_inform_;           ///< So it must have been to these.
    std::set<zab::NodeId> acked_;                  ///< Whoever has sent ACKEPOCH.
    std::optional<zab::NodeId> late_;              ///< Started last.
    std::optional<zab::NodeId> joining_;  ///< Whose disk the case tells of, without a number.
};

}  // namespace

std::optional<Verdict> judge_epoch_failures(const Case& one) {
    const bool is_told = one.area == "ZAB" || (one.area == "REC" && tells_failing_epochs(one));
    if (!is_told || one.level != "cluster") return std::nullopt;
    if (is_text(one.initial) && tells_failing_epochs(one)) {
        Case plain = one;
        plain.initial = sim::json::object({sim::json::member("nodes", one.initial)});
        return judge_epoch_failures(plain);
    }
    if (!one.initial.is(Value::Kind::object)) return std::nullopt;
    const Value* disk = one.initial.find("disk");
    const bool is_other = disk != nullptr && !whose_in(*disk) &&
                          !(is_text(*disk) && unwritable_in(plain(disk->text)).is_any());
    if (is_other) return std::nullopt;
    Failures failures(one);
    for (const std::string& step : failure_steps(one.stimulus)) failures.play(step);
    Verdict verdict;
    for (const auto& said : one.expected.members) failures.check(said.key, said.value, verdict);
    failures.check_informed(verdict);
    return verdict;
}

}  // namespace conformance
