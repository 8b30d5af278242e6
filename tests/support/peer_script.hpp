#pragma once

#include "protocol/peer.hpp"
#include "sim/disk/disk.hpp"
#include "tests/support/peer_script_text.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace test {

/// Plays a conversation with one server. A script is text, one line each:
///
///     # why
///     after other.txt            first plays that script, without showing it
///     self 1, voters 1 2 3, observers 4, tick 2000, snap_count 100000, log_count 500
///     log 1.1 1.2                transactions on its disk; `snapshot 1.1`: those up to there
///                                are in a snapshot; `accepted 1`, `current 1`: epoch files,
///                                else as the log says; `no_epoch_files`: none
///     sessions 1/1 2/1           that its snapshot holds, one from before the log if no other
///     release 3.8.0              whose behaviour it has; else `fixed`
///     started                    then the inputs:
///     up L learner from 2        link L stands: dialled by server 2 (`to 2`: dialled by us)
///     down L reset, dial_failed learner 2 refused
///     L: ack zxid=1.2            a message from L; a snapshot with `snap holds=1.1,1.2`
///     ran main, ran handler L    the next item of a stage; `run`: all that was handed over
///     done sync_log              a piece of work that it has started
///     timer finalize             a timer that it has set
///     state                      shows its role, and what memory and disk hold
///     quiet, loud                hides and shows what follows
///
/// A line `----` ends it; below stands what the server wanted at each input. Only what it asked
/// for may happen: a timer must be set, work started, an item handed over.
class PeerScript {
  public:
    explicit PeerScript(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Plays the lines of a script and returns what was shown.
    std::string play(const std::string& script);

  private:
    using Work = zab::Start;

    void play_line(const std::string& line);
    bool set_up(const Words& words);
    void play_after(const std::string& file);
    void feed(const Words& words, const std::string& line);
    void receive(const std::string& name, const std::string& text);
    void start();
    void link_up(const Words& words);
    void run_handed(zab::Hand item);
    void run_all();
    void finish_work(const Words& words);
    void fire_timer(zab::TimerKind timer);
    void show_state();

    void step(const zab::Input& input, const std::string& shown);
    void take(const zab::Effect& effect);
    std::string text(const zab::Effect& effect) const;
    std::string text(const zab::Note& note) const;
    std::string text(const zab::Start& start) const;
    void show(const std::string& line);
    zab::LinkId link(const std::string& name) const;
    std::string name_of(zab::LinkId link) const;

    std::filesystem::path folder_;
    std::string shown_;
    int quiet_ = 0;

    zab::Config config_;
    zab::NodeId self_{};
    std::vector<zab::Zxid> log_;
    zab::Zxid snapshot_{};
    std::vector<zab::Session> sessions_;
    std::optional<zab::Epoch> accepted_, current_;
    bool has_epoch_files_ = true;

    std::unique_ptr<zab::Peer> peer_;
    sim::Disk disk_;
    zab::Effects effects_;
    std::map<std::string, std::uint32_t> links_;  // By name: the slot.
    std::map<std::uint32_t, zab::LinkKind> kinds_;
    std::deque<zab::Hand> handed_;
    std::vector<Work> works_;
    std::vector<std::uint64_t> appended_;  // When each of `works_` began.
    std::vector<zab::TimerKind> timers_;
};

/// The history of these transactions, as scripts name them.
zab::Snapshot snapshot_of(const std::vector<zab::Zxid>& zxids);

}  // namespace test
