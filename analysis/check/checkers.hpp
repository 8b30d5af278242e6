#pragma once

#include "analysis/check/checker.hpp"

#include <memory>
#include <vector>

namespace analysis {

// One property, or a tight family, a file. The statements are in the files.
std::unique_ptr<Checker> make_zab_delivery();
std::unique_ptr<Checker> make_primary_order();
std::unique_ptr<Checker> make_one_leader_per_epoch();
std::unique_ptr<Checker> make_epoch_files();
std::unique_ptr<Checker> make_acknowledgement();
std::unique_ptr<Checker> make_commit_quorum();
std::unique_ptr<Checker> make_leader_completeness();
std::unique_ptr<Checker> make_no_resurrected();
std::unique_ptr<Checker> make_log_matching();
std::unique_ptr<Checker> make_log_image();
std::unique_ptr<Checker> make_durability();
std::unique_ptr<Checker> make_boot();
std::unique_ptr<Checker> make_tree_agreement();
std::unique_ptr<Checker> make_committed_replies();
std::unique_ptr<Checker> make_client_order();
std::unique_ptr<Checker> make_watches();
std::unique_ptr<Checker> make_watch_completeness();

std::unique_ptr<Checker> make_textbook_leaders();
std::unique_ptr<Checker> make_textbook_commands();

/// All that a protocol's guarantees ask for, in the order in which reports list them.
std::vector<std::unique_ptr<Checker>> make_all_checkers(Protocol protocol);

}  // namespace analysis
