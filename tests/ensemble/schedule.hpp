#pragma once

#include "tests/support/cluster.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

/// How the schedules of known defects are written: servers 1, 2 and 3, of which 3 leads first.
namespace schedule {

using test::Cluster;
using zab::NodeId;

constexpr NodeId n1{1}, n2{2}, n3{3};

inline zab::Config three(std::string_view defect) {
    zab::Config config;
    config.voters = {n1, n2, n3};
    if (!defect.empty()) config.release = zab::with_defect(config.release, defect);
    return config;
}

inline bool all_serve(const Cluster& c, std::initializer_list<NodeId> nodes) {
    for (const NodeId node : nodes) {
        if (!c.serves(node)) return false;
    }
    return c.leader().has_value();
}

/// Starts these, and waits until they serve.
inline bool form(Cluster& c, std::initializer_list<NodeId> nodes) {
    for (const NodeId node : nodes) c.start(node);
    return c.run_until([&] { return all_serve(c, nodes); }, zab::seconds(60));
}

/// One transaction: the session of a new client of the leader.
inline void write(Cluster& c) {
    if (!c.leader().has_value()) return;
    c.connect(*c.leader());
    c.run(zab::milliseconds(200));
}

inline void kill_all(Cluster& c) {
    for (const NodeId node : c.members()) c.kill(node);
    c.run(zab::milliseconds(50));
}

/// A write that its leader alone has in its log; then everybody is killed.
inline void write_alone_and_die(Cluster& c) {
    c.holds = [](const Cluster::Sent& sent) { return sent.as<zab::Proposal>() != nullptr; };
    write(c);
    kill_all(c);
    c.release();
}

/// Lets things come to rest, then writes once more: what diverged shows.
inline void rest(Cluster& c) {
    c.run(zab::seconds(60));
    write(c);
    c.run(zab::seconds(5));
}

/// What `play` breaks with this defect planted; with none it must break nothing.
template <class Play>
std::set<std::string> broken_by(std::string_view defect, Play play) {
    Cluster sound(three(""));
    play(sound);
    for (const std::string& violation : sound.violations()) FAIL_CHECK("fixed: " << violation);
    Cluster planted(three(defect));
    play(planted);
    return planted.violated();
}

/// Whether one of these was broken; says what was instead.
inline void check_broken(const std::set<std::string>& broken, std::set<std::string> expected) {
    std::string all;
    bool found = false;
    for (const std::string& one : broken) {
        all += one + " ";
        found = found || expected.contains(one);
    }
    CHECK_MESSAGE(found, "broken: " << all);
}

}  // namespace schedule
