#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property one_leader{"one_leader", "at most one server leads at a time",
                              trace::Level::protocol};
constexpr Property no_former_leader{"no_former_leader",
                                    "a server never goes back to the leader of a former election",
                                    trace::Level::protocol};
constexpr Property family[] = {one_leader, no_former_leader};

/// Elections by the greatest id. A server leads from the moment at which it declares itself until
/// it stops, begins an election or takes another leader. Nothing numbers the elections of these
/// servers: an onlooker in true time can, by the order in which their winners declare themselves.
class TextbookLeaders final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({leader_declared, leader_compared, looking, server_stopped});
    }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<TextbookLeaders>(*this);
    }

    void observe(const Step& step) override {
        const std::size_t node = step.record.node().value;
        if (node >= servers_.size()) servers_.resize(node + 1);
        const trace::Kind kind = step.record.kind();
        if (kind == leader_declared) return on_declared(step);
        if (kind == leader_compared) return on_compared(step);
        servers_[node].declared = no_record;
        if (kind == server_stopped) servers_[node].reign = 0;
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (const Server& server : servers_) {
            fingerprint.add(server.declared == no_record ? 0u : 1u);
            fingerprint.add(server.reign);
        }
        for (const Reign& reign : reigns_) {
            fingerprint.add(std::uint64_t{reign.leader});
            fingerprint.add(std::uint64_t{reign.round});
        }
        return fingerprint.value();
    }

  private:
    struct Server {
        trace::RecordId declared = no_record;  ///< While it leads: since when.
        std::uint64_t reign = 0;               ///< Whose it is in; counted from 1.
    };
    struct Reign {
        std::uint16_t leader = 0;
        std::uint32_t round = 0;
        trace::RecordId declared = no_record;
    };
    static constexpr std::uint16_t leader_taken = 2;  // Of trace::names::leader_comparisons.
    static constexpr std::uint16_t election_ignored = 0;

    void on_declared(const Step& step) {
        const std::uint16_t node = step.record.node().value;
        for (std::size_t other = 0; other < servers_.size(); ++other) {
            if (other == node || servers_[other].declared == no_record) continue;
            step.report(one_leader, {servers_[other].declared}, [&] {
                return fmt::format("server {} leads while server {} leads", node, other);
            });
        }
        reigns_.push_back({node, step.record.c(), step.id});
        servers_[node] = {step.id, reigns_.size()};
    }

    void on_compared(const Step& step) {
        Server& server = servers_[step.record.node().value];
        const std::uint16_t outcome = step.record.detail();
        if (outcome == election_ignored) return;
        if (step.record.a() != step.record.node().value) server.declared = no_record;
        if (outcome == leader_taken) on_leader_taken(step, server);
    }

    void on_leader_taken(const Step& step, Server& server) const {
        std::size_t reign = reigns_.size();
        while (reign > 0 && (reigns_[reign - 1].leader != step.record.a() ||
                             reigns_[reign - 1].round != step.record.c())) {
            --reign;
        }
        if (reign == 0) return;  // Nobody declared that: whose message it is, nobody knows.
        if (reign < server.reign) {
            const Reign& now = reigns_[server.reign - 1];
            step.report(no_former_leader, {reigns_[reign - 1].declared, now.declared}, [&] {
                return fmt::format(
                    "server {} takes server {} for its leader by a message of a former election; "
                    "server {} has been elected since",
                    step.record.node().value, step.record.a(), now.leader);
            });
        }
        server.reign = reign;
    }

    std::vector<Server> servers_;  ///< By id.
    std::vector<Reign> reigns_;    ///< In the order in which they were declared.
};

}  // namespace

std::unique_ptr<Checker> make_textbook_leaders() { return std::make_unique<TextbookLeaders>(); }

}  // namespace analysis
