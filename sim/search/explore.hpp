#pragma once

#include "protocol/types/digest.hpp"
#include "sim/search/fingerprint_set.hpp"
#include "sim/search/small_world.hpp"
#include "sim/trace/record.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Exhaustive search: every state that the shipped peers can reach within stated bounds.
namespace sim {

/// What judges a run while it is explored: a value that can be copied and told apart.
template <class T>
concept Observer = std::copyable<T> &&
    requires(T observer, const T& seen, const trace::Record& record, trace::RecordId id) {
    observer.observe(record, id);
    { seen.kinds() } -> std::convertible_to<trace::KindSet>;
    /// Equal for observers that will judge every continuation alike.
    { seen.fingerprint() } -> std::convertible_to<std::uint64_t>;
    /// What is wrong, if anything: the property's name, and how it was broken.
    { seen.complaint() } -> std::convertible_to<std::optional<std::string>>;
};

/// Which state is looked at next: the newest (little memory) or the oldest (shortest stories).
enum class Order : std::uint8_t { depth_first, breadth_first };

struct Search {
    Order order = Order::depth_first;
    std::size_t most_states = std::numeric_limits<std::uint32_t>::max();
    /// What is wrong with a state by itself; null: nothing.
    const char* (*fault_of)(const SmallWorld&) = nullptr;
    TupleSet* tuples = nullptr;  ///< What the peers took in which phases, on all ways together.
};

/// How a state is reached, one line a step.
struct Story {
    std::string ending;
    std::vector<std::string> lines;
};

struct Exploration {
    std::size_t states = 0;    ///< Different ones.
    std::size_t steps = 0;     ///< Ways from one to another.
    std::size_t quiet = 0;     ///< Where nothing more happens, unless a fault or a timer's bound.
    std::size_t unserved = 0;  ///< Of these: where not all running servers serve under one leader.
    std::size_t longest = 0;   ///< Steps to the deepest state, as reached first.
    bool is_complete = false;  ///< A fixed point: no state is left.
    std::optional<Story> violation;  ///< The first found; it ends the search.
    std::optional<Story> first_unserved;
};

/// Explores from `start`, which `observer` has seen come about. Equal states are those of equal
/// fingerprints (64 bits: of a million states two are taken for one with probability 3e-8).
template <Observer T>
class Explorer {
  public:
    Explorer(const SmallWorld& start, const T& observer, const Search& search)
        : start_(start), search_(search) {
        work_.push_back({start, std::make_shared<const T>(observer), no_parent, 0, 0});
        seen_.insert(fingerprint(work_.back()));
        nodes_.push_back({no_parent, {}});
        work_.back().node = 0;
        scratch_.tuples = search.tuples;
    }

    Exploration run() {
        while (!work_.empty() && !found_.violation.has_value() &&
               seen_.size() < search_.most_states) {
            visit(take());
        }
        found_.states = seen_.size();
        found_.is_complete = work_.empty() && !found_.violation.has_value();
        return std::move(found_);
    }

  private:
    static constexpr std::uint32_t no_parent = 0xffffffff;
    struct State {
        SmallWorld world;
        std::shared_ptr<const T> observer;
        std::uint32_t node = 0;
        std::uint32_t depth = 0;
        trace::RecordId next_id = 0;
    };
    struct Node {
        std::uint32_t parent = no_parent;
        Choice choice;
    };

    State take() {
        const bool is_newest = search_.order == Order::depth_first;
        State state = std::move(is_newest ? work_.back() : work_.front());
        if (is_newest) {
            work_.pop_back();
        } else {
            work_.pop_front();
        }
        return state;
    }

    static std::uint64_t fingerprint(const State& state) {
        return zab::mix(state.world.fingerprint(), state.observer->fingerprint());
    }

    void visit(const State& from) {
        from.world.list_choices(choices_);
        if (is_quiet()) {
            ++found_.quiet;
            if (!from.world.is_served()) {
                ++found_.unserved;
                if (!found_.first_unserved.has_value()) {
                    found_.first_unserved = tell(from.node, "not all running servers serve");
                }
            }
        }
        for (const Choice& choice : choices_) {
            follow(from, choice);
            if (found_.violation.has_value()) {
                return;
            }
        }
    }

    bool is_quiet() const {
        for (const Choice& choice : choices_) {
            if (!choice.is_fault()) {
                return false;
            }
        }
        return true;
    }

    void follow(const State& from, const Choice& choice) {
        State to = from;
        scratch_.records.clear();
        to.world.apply(choice, scratch_);
        ++found_.steps;
        observe(to);
        to.depth = from.depth + 1;
        if (!seen_.insert(fingerprint(to))) {
            return;
        }
        to.node = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({from.node, choice});
        found_.longest = std::max<std::size_t>(found_.longest, to.depth);
        const char* fault = search_.fault_of == nullptr ? nullptr : search_.fault_of(to.world);
        if (fault != nullptr) {
            found_.violation = tell(to.node, fault);
            return;
        }
        if (const auto complaint = to.observer->complaint()) {
            found_.violation = tell(to.node, *complaint);
            return;
        }
        work_.push_back(std::move(to));
    }

    /// Shows the step's records to a copy of the observer, if it wants any of them.
    void observe(State& to) {
        std::shared_ptr<T> own;
        for (trace::Record::Fields fields : scratch_.records) {
            const trace::RecordId id = to.next_id++;
            if ((to.observer->kinds() & trace::kind_bit(fields.kind)) == 0) {
                continue;
            }
            if (own == nullptr) {
                own = std::make_shared<T>(*to.observer);
                to.observer = own;
            }
            fields.time = {static_cast<std::int64_t>(id)};
            own->observe(trace::Record(fields), id);
        }
    }

    /// Tells the way to a state by going it again.
    Story tell(std::uint32_t node, const std::string& ending) const {
        std::vector<Choice> way;
        for (; nodes_[node].parent != no_parent; node = nodes_[node].parent) {
            way.insert(way.begin(), nodes_[node].choice);
        }
        Story story{ending, {}};
        SmallWorld world = start_;
        Scratch scratch;
        for (const Choice& choice : way) {
            story.lines.push_back(world.describe(choice));
            world.apply(choice, scratch);
        }
        return story;
    }

    SmallWorld start_;
    Search search_;
    std::deque<State> work_;
    std::vector<Node> nodes_;
    FingerprintSet seen_;
    Exploration found_;
    std::vector<Choice> choices_;
    Scratch scratch_;
};

}  // namespace sim
