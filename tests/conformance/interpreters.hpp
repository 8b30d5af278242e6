#pragma once

#include "protocol/config.hpp"
#include "protocol/message.hpp"
#include "tests/conformance/case.hpp"

/// One interpreter for each shape of case; each tells whether the case has its shape.
namespace conformance {

/// Of one function: the order of votes, whether votes or acks make a quorum, how a learner is
/// synchronized.
std::optional<Verdict> judge_votes(const Case& one);
std::optional<Verdict> judge_tracker(const Case& one);
std::optional<Verdict> judge_quorum(const Case& one);
std::optional<Verdict> judge_plan(const Case& one);
/// Of a commit processor, loop by loop or under a load.
std::optional<Verdict> judge_commit(const Case& one);
std::optional<Verdict> judge_commit_load(const Case& one);
/// Of sessions: their timeouts, who may use them, and clients that take them elsewhere.
std::optional<Verdict> judge_sessions(const Case& one);
std::optional<Verdict> judge_roles(const Case& one);
std::optional<Verdict> judge_trackers(const Case& one);
std::optional<Verdict> judge_lives(const Case& one);
std::optional<Verdict> judge_moves(const Case& one);
/// Of a leader that collects epochs, of a disk that is read, and of a log that is cut.
std::optional<Verdict> judge_epochs(const Case& one);
std::optional<Verdict> judge_epoch_calls(const Case& one);
std::optional<Verdict> judge_disk(const Case& one);
std::optional<Verdict> judge_truncation(const Case& one);
/// Of a server in an ensemble that cannot write its epoch files.
std::optional<Verdict> judge_epoch_failures(const Case& one);
/// Of one server that talks with a scripted other side.
std::optional<Verdict> judge_talk(const Case& told);
/// Of an ensemble: elections, and histories that must agree in the end.
std::optional<Verdict> judge_election(const Case& told);
std::optional<Verdict> judge_story(const Case& one);

/// Voters and their quorum rule, from the members that say so, each id raised by `shift`:
/// ensembles here have no server 0.
zab::Config config_of(const Value& initial, std::uint16_t shift);
/// The same for one function, which takes any ids; also in words: "voters 1..5", "majority of 5".
zab::Config rule_of(const Value& initial);

/// "ok", "SESSIONEXPIRED", "SESSIONMOVED" or "UNKNOWNSESSION".
std::string session_result(const std::optional<zab::SessionRefusal>& refusal);
/// The same from a case's words: "expired", "no-op, leader decides", "not checked".
std::string wanted_session_result(const std::string& words);

}  // namespace conformance
