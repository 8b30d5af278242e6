#pragma once

#include "analysis/metric/summary.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/quorum.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// What a record changed about the ensemble as a whole. Several may hold at once.
struct EnsembleChange {
    std::optional<Trouble> trouble;  ///< It may be, or is, the end of acknowledgements.
    bool quorum_looking = false;     ///< From now on a quorum of voters looks for a leader.
    bool self_elected = false;       ///< The server knows that it is to lead.
    bool leading = false;
    bool established = false;
    bool serving = false;  ///< The leader, not a learner, serves clients.
};

/// True for what makes acknowledgements impossible by itself.
constexpr bool is_break(Trouble trouble) { return trouble >= Trouble::leader_stopped; }

/// The ensemble as an onlooker in true time sees it: who runs, who looks, who leads.
class EnsembleView {
  public:
    static constexpr trace::KindSet kinds =
        trace::kind_bit(trace::Kind::fault) | trace::kind_bit(trace::Kind::server_stopped) |
        trace::kind_bit(trace::Kind::server_paused) | trace::kind_bit(trace::Kind::server_resumed) |
        trace::kind_bit(trace::Kind::looking) | trace::kind_bit(trace::Kind::elected) |
        trace::kind_bit(trace::Kind::leading) | trace::kind_bit(trace::Kind::established) |
        trace::kind_bit(trace::Kind::serving) | trace::kind_bit(trace::Kind::leader_compared) |
        trace::kind_bit(trace::Kind::leader_declared);

    explicit EnsembleView(const zab::Quorum& quorum) : quorum_(quorum) {}

    EnsembleChange observe(const trace::Record& record);

    /// The established leader of the highest epoch; nothing before the first and after its end.
    std::optional<zab::NodeId> leader() const;
    bool has_led() const { return !reigns_.empty(); }
    bool is_quorum_looking() const;
    const std::vector<Reign>& reigns() const { return reigns_; }

    /// When this server last learned that it is elected, and last became `leading`.
    std::optional<zab::Instant> self_elected(zab::NodeId server) const;
    std::optional<zab::Instant> leading(zab::NodeId server) const;

  private:
    struct Server {
        bool is_down = false;  ///< It stopped, and has not been heard of again.
        bool is_paused = false;
        bool is_looking = false;
        bool has_elected = false;  ///< Since its last start or `looking`: it can acknowledge.
        bool is_to_lead = false;   ///< And it was itself that was elected.
        std::optional<zab::Instant> self_elected;
        std::optional<zab::Instant> leading;

        bool can_acknowledge() const { return has_elected && !is_paused; }
        bool can_vote() const { return !is_down && !is_paused; }
    };

    EnsembleChange on_stopped(const trace::Record& record);
    EnsembleChange on_paused(const trace::Record& record);
    EnsembleChange on_looking(const trace::Record& record);
    EnsembleChange on_elected(const trace::Record& record);
    EnsembleChange on_established(const trace::Record& record);
    EnsembleChange on_serving(const trace::Record& record);
    EnsembleChange on_leader_taken(const trace::Record& record);
    EnsembleChange on_leader_declared(const trace::Record& record);

    Server& at(zab::NodeId id);
    void end_reigns_of(zab::NodeId server, zab::Instant time, ReignEnd end);
    /// Whether it leads; before the first leader, whether it is about to.
    bool is_head(zab::NodeId server);
    /// Whether a quorum could acknowledge a proposal; before the first leader, whether it could
    /// elect one.
    bool has_quorum() const;
    bool has_lost_quorum(bool before) const;

    std::vector<Server> servers_;  ///< By id.
    zab::Quorum quorum_;
    std::vector<Reign> reigns_;
};

}  // namespace analysis
