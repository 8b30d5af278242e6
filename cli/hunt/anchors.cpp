#include "cli/hunt/anchors.hpp"

#include "cli/hunt/capsule_file.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/scenario/json_parse.hpp"
#include "sim/scenario/units.hpp"
#include "sim/trace/record_table.hpp"
#include "sim/world/world.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace cli {

using sim::json::Value;
using trace::Kind;

namespace {

/// Steps that a reader knows, and that come in the same order whatever they cost.
constexpr std::array known_steps = {
    Kind::server_started, Kind::booted,           Kind::looking,
    Kind::elected,        Kind::following,        Kind::leading,
    Kind::established,    Kind::serving,          Kind::propose,
    Kind::append,         Kind::synced,           Kind::ack,
    Kind::commit,         Kind::deliver,          Kind::accepted_epoch,
    Kind::current_epoch,  Kind::synchronized,     Kind::truncated,
    Kind::snapshot_sent,  Kind::snapshot_written, Kind::snapshot_installed};

struct Step {
    Kind kind{};
    zab::NodeId node;
    std::uint32_t nth = 0;
    zab::Instant time;
};

/// What a fault hit, and the step before it.
struct Struck {
    zab::Instant time;
    std::vector<zab::NodeId> targets;
    std::optional<Step> before;
};

class Watch final : public trace::Sink {
  public:
    explicit Watch(std::size_t faults) : struck_(faults) {}

    static trace::KindSet kinds() {
        trace::KindSet set = trace::kind_bit(Kind::fault);
        for (const Kind kind : known_steps) set |= trace::kind_bit(kind);
        return set;
    }
    void observe(const trace::Record& record, trace::RecordId) override {
        if (record.kind() == Kind::fault) {
            strike(record);
            return;
        }
        // The server has not written it in this run: no fault waits for it.
        if (record.kind() == Kind::accepted_epoch && record.cause_back() == 0) return;
        const std::uint32_t nth = ++counts_[{record.kind(), record.node()}];
        const Step step{record.kind(), record.node(), nth, record.time()};
        last_of_[record.node()] = step;
        last_ = step;
    }
    const std::vector<Struck>& struck() const { return struck_; }

  private:
    void strike(const trace::Record& record) {
        Struck& struck = struck_[static_cast<std::size_t>(record.a())];
        const bool is_first = struck.targets.empty();
        if (!is_first && struck.time != record.time()) return;
        struck.time = record.time();
        struck.targets.push_back(record.node());
        if (!is_first) return;
        const auto own = last_of_.find(record.node());
        struck.before = own != last_of_.end() ? own->second : last_;
    }

    std::map<std::pair<Kind, zab::NodeId>, std::uint32_t> counts_;
    std::map<zab::NodeId, Step> last_of_;
    std::optional<Step> last_;
    std::vector<Struck> struck_;
};

Value pattern_of(const Step& step) {
    const std::string_view name = trace::rows()[static_cast<std::size_t>(step.kind)].name;
    Value out = sim::json::object();
    set_member(out, "record", sim::json::string(name));
    set_member(out, "node", sim::json::number(step.node.value));
    set_member(out, "nth", sim::json::number(step.nth));
    return out;
}

Value ids_of(const std::vector<zab::NodeId>& nodes) {
    std::vector<Value> ids;
    for (const zab::NodeId node : nodes) ids.push_back(sim::json::number(node.value));
    return ids.size() == 1 ? ids.front() : sim::json::array(std::move(ids));
}

/// The value that says whom a fault hits, where that is a word.
Value* symbolic_target(Value& fault) {
    static constexpr std::array<std::string_view, 6> places = {"at",   "after",  "before",
                                                               "plus", "within", "lasting"};
    for (sim::json::Member& member : fault.members) {
        if (std::find(places.begin(), places.end(), member.key) != places.end()) continue;
        Value* target = &member.value;
        if (target->is(Value::Kind::object)) {
            Value* from = target->find("from");
            target = from != nullptr ? from : target->find("target");
        }
        const bool is_word = target != nullptr && target->is(Value::Kind::string);
        return is_word && target->text != "all" ? target : nullptr;
    }
    return nullptr;
}

void anchor(Value& fault, const Struck& struck) {
    Value out = sim::json::object();
    set_member(out, "after", pattern_of(*struck.before));
    const zab::Duration later = struck.time - struck.before->time;
    if (later.ns > 0) set_member(out, "plus", sim::json::string(sim::to_text(later)));
    if (Value* target = symbolic_target(fault)) *target = ids_of(struck.targets);
    for (sim::json::Member& member : fault.members) {
        if (member.key == "at" || member.key == "within") continue;
        out.members.push_back(std::move(member));
    }
    fault = std::move(out);
}

}  // namespace

std::optional<Value> anchored(const Loaded& world, std::uint64_t seed,
                              const std::function<bool()>& interrupted) {
    constexpr std::uint64_t records_of_a_turn = 4096;
    Watch watch(world.scenario->faults.size());
    trace::Outlets outlets;
    outlets.add(watch, Watch::kinds());
    sim::World run(world.scenario, seed);
    run.set_outlets(&outlets);
    const zab::Instant end = zab::Instant{} + world.scenario->duration;
    while (!run.run_until(end, records_of_a_turn)) {
        if (interrupted()) return std::nullopt;
    }
    std::optional<Value> scenario = sim::json::parse_if_valid(world.document);
    zab::ensure(scenario.has_value(), "the loader writes JSON");
    Value* faults = scenario->find("faults");
    std::vector<Value> placed;
    for (std::size_t i = 0; faults != nullptr && i < faults->elements.size(); ++i) {
        const Struck& struck = watch.struck()[i];
        const bool was_at = world.scenario->faults[i].place.kind == sim::FaultPlace::Kind::at;
        if (was_at && struck.targets.empty()) continue;  // It waited for a target in vain.
        if (was_at && struck.before) anchor(faults->elements[i], struck);
        placed.push_back(std::move(faults->elements[i]));
    }
    if (faults != nullptr) faults->elements = std::move(placed);
    return scenario;
}

}  // namespace cli
