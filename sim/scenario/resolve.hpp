#pragma once

#include "sim/scenario/draft.hpp"
#include "sim/scenario/json_value.hpp"
#include "sim/scenario/mistakes.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// From a draft to a scenario: names become indexes, counts become ids, and what cannot be together
/// is refused. Parts with mistakes are skipped, and so is what depends on them.
namespace sim::decode {

/// What the steps share. A mistake is placed by its JSON pointer.
class Resolution {
  public:
    Resolution(Draft& draft_to_use, const json::Value& root, Mistakes& mistakes)
        : draft(draft_to_use), root_(root), mistakes_(mistakes) {}

    bool sound(std::string_view pointer) const { return !mistakes_.any_under(pointer); }
    /// Whether nobody knows what was meant at this pointer.
    bool unreadable(std::string_view pointer) const { return mistakes_.any_at(pointer); }
    bool has_enough() const { return mistakes_.is_full(); }
    void wrong(const std::string& pointer, std::string reason, std::string accepted = {},
               std::string suggestion = {});

    bool is_server(zab::NodeId id) const { return host_of.contains(id); }
    /// Reports an id that is no server's.
    void check_server(zab::NodeId id, const std::string& pointer);
    /// The servers that stand in a region; reports when there are none.
    Ids servers_in(const std::string& region, const std::string& pointer);
    /// Reports a region that nobody declared.
    bool check_region(const std::string& region, const std::string& pointer);
    std::size_t add_host(HostSpec host);

    Draft& draft;
    Scenario out;
    /// False when hosts or regions have mistakes: what refers to them is then not judged.
    bool knows_places = true;
    bool knows_duration = true;
    std::map<zab::NodeId, std::size_t> host_of;     ///< Of each server.
    std::map<std::string, std::size_t> host_index;  ///< By name.
    std::vector<std::string> regions;               ///< Declared; ascending.

  private:
    const json::Value& root_;
    Mistakes& mistakes_;
};

std::string operator/(const std::string& pointer, std::string_view key);
std::string operator/(const std::string& pointer, std::size_t index);

/// "1,000,000".
std::string grouped(std::uint64_t number);

void resolve_servers(Resolution& in);
void resolve_hosts(Resolution& in);
void resolve_clients(Resolution& in);
/// That the clients cannot ask without end at one instant. When all else is resolved.
void check_that_time_passes(Resolution& in);
void resolve_network(Resolution& in);
void resolve_faults(Resolution& in);
void resolve_start(Resolution& in);

/// Everything. The result is of use only if no mistake was found.
Scenario resolve(Draft& draft, const json::Value& root, Mistakes& mistakes);

}  // namespace sim::decode
