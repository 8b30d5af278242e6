#pragma once

#include "tests/conformance/case.hpp"

#include <optional>
#include <string>
#include <vector>

/// How cases tell of epoch files that cannot be written.
namespace conformance {

/// Which of a server's epoch files cannot be written. That of 0, as a fresh server writes it, can.
struct Unwritable {
    bool accepted = false, current = false;
    bool is_any() const { return accepted || current; }
};
/// Nothing where the words tell of no such failure.
Unwritable unwritable_in(const std::string& told);

/// "writing acceptedEpoch fails at node 2": which files, and whose.
struct Whose {
    Unwritable files;
    std::uint64_t sid = 0;
};
std::optional<Whose> whose_in(const Value& disk);

/// The steps, each of one kind, in the words that the player knows: "third server starts" is "2
/// starts"; and that its disk fails, which may be a step of its own, belongs to its start.
std::vector<std::string> failure_steps(const Value& stimulus);
/// "must not have changed" is "0", as it was; "keeps on trying to join the quorum" is "keeps
/// trying".
std::string failure_clause(const std::string& words);
/// Whom a key names: "third", "node2", "server 2" are "2".
std::string failure_key(const std::string& key);
/// {"nodes": {"0,1": "quorum"}, "committed": ["/x"]} is "started": "0 and 1 up with data".
Value failure_initial(const Value& initial);
/// "LEADERINFO <1,0> reaches 2": it starts, and is told of this epoch.
struct Informed {
    std::uint64_t sid = 0;
    std::size_t epoch = 1;
};
std::optional<Informed> informed_in(const std::string& step);
/// "joins the ensemble", without a name.
bool tells_join(const std::string& step);
/// "create /e"; "create at server 0", and where.
bool tells_create(const std::string& step);
std::optional<std::uint64_t> where_created(const std::string& step);
/// Stories of other failures are played by others.
bool tells_failing_epochs(const Case& one);
/// Of 3, [0, 1, 2], or {"voters": …, "quorum": "majority"}.
void require_three(const std::string& key, const Value& value);

}  // namespace conformance
