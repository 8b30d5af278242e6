#include "tests/support/peer_script.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <type_traits>

namespace test {

namespace {

std::vector<zab::Zxid> zxids_of(const std::string& list) {
    std::vector<zab::Zxid> zxids;
    std::istringstream stream(list);
    for (std::string word; std::getline(stream, word, ',');) zxids.push_back(zxid_of(word));
    return zxids;
}

zab::Txn plain_txn(zab::Zxid zxid) { return {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set}; }

std::vector<zab::NodeId> nodes_of(const Words& words) {
    std::vector<zab::NodeId> nodes;
    for (std::size_t i = 1; i < words.plain().size(); ++i) {
        nodes.push_back({static_cast<std::uint16_t>(number_of(words.at(i)))});
    }
    return nodes;
}

std::string role_name(const zab::Peer& peer) {
    static constexpr std::string_view names[] = {"booting", "looking", "learning",
                                                 "leading", "leaving", "ended"};
    return std::string(names[static_cast<std::size_t>(peer.role())]);
}

}  // namespace

zab::Snapshot snapshot_of(const std::vector<zab::Zxid>& zxids) {
    zab::Database database;
    for (const zab::Zxid zxid : zxids) database.apply(plain_txn(zxid));
    return database.snapshot();
}

std::string PeerScript::play(const std::string& script) {
    std::istringstream stream(script);
    for (std::string line; std::getline(stream, line) && line != "----";) {
        INFO("script line: ", line);
        if (!line.empty() && line[0] != '#') play_line(line);
    }
    return shown_;
}

void PeerScript::play_line(const std::string& line) {
    const Words words(line);
    if (words.at(0) == "after") {
        play_after(words.at(1));
    } else if (words.at(0) == "quiet") {
        ++quiet_;
    } else if (words.at(0) == "loud") {
        --quiet_;
    } else if (!set_up(words)) {
        feed(words, line);
    }
}

void PeerScript::play_after(const std::string& file) {
    std::ifstream stream(folder_ / file);
    REQUIRE_MESSAGE(stream.good(), "no script " << file);
    ++quiet_;
    play({std::istreambuf_iterator<char>(stream), {}});
    --quiet_;
}

/// The initial state; false when the line is not about it.
bool PeerScript::set_up(const Words& words) {
    const std::string& what = words.plain().front();
    const auto number = [&words] { return number_of(words.at(1)); };
    if (what == "self") {
        self_ = {static_cast<std::uint16_t>(number())};
    } else if (what == "voters") {
        config_.voters = nodes_of(words);
    } else if (what == "observers") {
        config_.observers = nodes_of(words);
    } else if (what == "snap_count") {
        config_.snapshot_count = number();
    } else if (what == "log_count") {
        config_.commit_log_count = number();
    } else if (what == "log") {
        for (std::size_t i = 1; i < words.plain().size(); ++i) log_.push_back(zxid_of(words.at(i)));
    } else if (what == "snapshot") {
        snapshot_ = zxid_of(words.at(1));
    } else if (what == "sessions") {
        for (std::size_t i = 1; i < words.plain().size(); ++i) {
            sessions_.push_back({session_of(words.at(i)), 10'000});
        }
    } else if (what == "accepted") {
        accepted_ = zab::Epoch{number()};
    } else if (what == "current") {
        current_ = zab::Epoch{number()};
    } else if (what == "no_epoch_files") {
        has_epoch_files_ = false;
    } else if (what == "release") {
        config_.release = zab::release_named(words.at(1));
    } else {
        return false;
    }
    return true;
}

void PeerScript::feed(const Words& words, const std::string& line) {
    const std::string& what = words.plain().front();
    if (what == "started") {
        start();
    } else if (what == "up") {
        link_up(words);
    } else if (what == "down") {
        const zab::LinkId gone = link(words.at(1));
        const auto reason = index_of(reason_names(), words.at(2));
        const auto kind = kinds_[gone.slot];
        step(zab::LinkDown{gone, kind, static_cast<zab::DownReason>(reason), {}}, line);
        links_.erase(words.at(1));
    } else if (what == "dial_failed") {
        const auto kind = static_cast<zab::LinkKind>(index_of(link_kind_names(), words.at(1)));
        const auto reason = static_cast<zab::DownReason>(index_of(reason_names(), words.at(3)));
        step(zab::DialFailed{kind, {static_cast<std::uint16_t>(number_of(words.at(2)))}, reason},
             line);
    } else if (what == "ran") {
        const auto stage = static_cast<zab::Stage>(index_of(stage_names(), words.at(1)));
        run_handed({stage, words.at(2).empty() ? zab::LinkId{} : link(words.at(2))});
    } else if (what == "run") {
        run_all();
    } else if (what == "done") {
        finish_work(words);
    } else if (what == "timer") {
        fire_timer(static_cast<zab::TimerKind>(index_of(timer_names(), words.at(1))));
    } else if (what == "state") {
        show_state();
    } else {
        REQUIRE_MESSAGE(what.back() == ':', "no such line: " << line);
        receive(what.substr(0, what.size() - 1), line.substr(line.find(':') + 1));
    }
}

void PeerScript::start() {
    zab::History log;
    zab::Database database;
    std::optional<zab::Snapshot> snapshot;
    for (const zab::Zxid zxid : log_) {
        database.apply(plain_txn(zxid));
        log.push(plain_txn(zxid));
        if (zxid == snapshot_) {
            snapshot = database.snapshot();
            log.reset(snapshot->position);
        }
    }
    if (!sessions_.empty()) {
        if (!snapshot.has_value()) snapshot = zab::Snapshot{};
        snapshot->sessions = sessions_;
    }
    if (has_epoch_files_) {
        const zab::Epoch of_log = log_.empty() ? zab::Epoch{} : log_.back().epoch();
        if (!accepted_.has_value()) accepted_ = of_log;
        if (!current_.has_value()) current_ = of_log;
    }
    disk_.preset(log, snapshot, accepted_, current_);
    const auto config = std::make_shared<const zab::Config>(config_);
    peer_ = std::make_unique<zab::Peer>(self_, config);
    step(zab::Started{&disk_.image(), 0}, "started");
}

void PeerScript::link_up(const Words& words) {
    const auto slot = static_cast<std::uint32_t>(kinds_.size());
    const auto kind = static_cast<zab::LinkKind>(index_of(link_kind_names(), words.at(2)));
    const bool accepted = words.at(3) == "from";
    const auto peer = static_cast<std::uint16_t>(number_of(words.at(4)));
    links_[words.at(1)] = slot;
    kinds_[slot] = kind;
    step(zab::LinkUp{{slot, 1}, kind, {peer}, accepted},
         fmt::format("up {} {} {} {}", words.at(1), words.at(2), words.at(3), words.at(4)));
}

void PeerScript::receive(const std::string& name, const std::string& text) {
    const Words words(text);
    zab::Message message = message_of(words);
    zab::Snapshot snapshot;
    zab::Received received{link(name), kinds_[link(name).slot], &message, nullptr};
    if (auto* snap = std::get_if<zab::Snap>(&message)) {
        snapshot = snapshot_of(zxids_of(words.text("holds")));
        if (snap->zxid == zab::Zxid{}) snap->zxid = snapshot.position.zxid;
        received.snapshot = &snapshot;
    }
    step(received, name + ": " + text_of(message));
}

void PeerScript::run_handed(zab::Hand item) {
    const auto found = std::find_if(handed_.begin(), handed_.end(), [&item](const zab::Hand& h) {
        return h.stage == item.stage && h.link == item.link;
    });
    REQUIRE_MESSAGE(found != handed_.end(), "nothing was handed to this stage");
    handed_.erase(found);
    const std::string stage(stage_names()[static_cast<std::size_t>(item.stage)]);
    const std::string whose = item.link.exists() ? " " + name_of(item.link) : "";
    step(zab::Ran{item.stage, item.link}, "ran " + stage + whose);
}

void PeerScript::run_all() {
    for (int turns = 0; !handed_.empty(); ++turns) {
        REQUIRE_MESSAGE(turns < 1000, "the server hands over work for ever");
        run_handed(handed_.front());
    }
}

void PeerScript::finish_work(const Words& words) {
    const auto work = static_cast<zab::Work>(index_of(work_names(), words.at(1)));
    const bool of_link = !words.at(2).empty();
    const auto found = std::find_if(works_.begin(), works_.end(), [&](const Work& w) {
        return w.work == work && (!of_link || w.link == link(words.at(2)));
    });
    REQUIRE_MESSAGE(found != works_.end(), "no such work was started");
    const Work start = *found;
    const std::size_t place = static_cast<std::size_t>(found - works_.begin());
    const std::uint64_t appended = appended_[place];
    works_.erase(found);
    appended_.erase(appended_.begin() + static_cast<std::ptrdiff_t>(place));
    const zab::Epoch epoch{static_cast<std::uint32_t>(start.argument)};
    if (work == zab::Work::sync_log) disk_.complete_sync(appended);
    if (work == zab::Work::write_accepted_epoch) disk_.write_accepted_epoch(epoch);
    if (work == zab::Work::write_current_epoch) disk_.write_current_epoch(epoch);
    if (work == zab::Work::truncate_log)
        disk_.truncate_after({start.argument}, config_.release.truncation);
    if (work == zab::Work::write_snapshot) {
        disk_.add_snapshot(peer_->server().database.snapshot(),
                           static_cast<zab::SnapshotWrite>(start.argument), 0);
    }
    zab::Done done{work, start.stage, start.link};
    done.disk = &disk_.image();
    step(done, "done " + words.at(1) + (start.link.exists() ? " " + name_of(start.link) : ""));
}

void PeerScript::fire_timer(zab::TimerKind timer) {
    REQUIRE_MESSAGE(std::erase(timers_, timer) == 1, "this timer is not set");
    step(zab::TimerFired{timer},
         fmt::format("timer {}", timer_names()[static_cast<std::size_t>(timer)]));
}

void PeerScript::show_state() {
    const zab::Server& server = peer_->server();
    const zab::DiskImage& disk = disk_.image();
    const auto file = [](const std::optional<zab::Epoch>& epoch) {
        return epoch.has_value() ? std::to_string(epoch->value) : std::string("none");
    };
    show("> state");
    show(fmt::format("  {} round={} processed={} applied={} accepted={} current={}",
                     role_name(*peer_), server.round, text_of(server.database.last_processed()),
                     text_of(server.database.position().zxid), server.accepted_epoch.value,
                     server.current_epoch.value));
    show(fmt::format("  disk: log={}..{} durable={} snapshot={} accepted={} current={}",
                     text_of(disk.log.base().zxid), text_of(disk.log.last().zxid),
                     text_of(disk_.durable_end().zxid),
                     disk.snapshot ? text_of(disk.snapshot->position.zxid) : "none",
                     file(disk.accepted_epoch), file(disk.current_epoch)));
}

void PeerScript::step(const zab::Input& input, const std::string& shown) {
    REQUIRE_MESSAGE(peer_ != nullptr, "the server must be started first");
    show("> " + shown);
    effects_.clear();
    peer_->step(input, {}, effects_);
    for (const zab::Effect& effect : effects_.list()) {
        show("  " + text(effect));
        take(effect);
    }
}

/// What the world would do: remembers what may happen from now on, and keeps the log.
void PeerScript::take(const zab::Effect& effect) {
    if (const auto* hand = std::get_if<zab::Hand>(&effect)) {
        handed_.push_back(*hand);
    } else if (const auto* clear = std::get_if<zab::ClearStage>(&effect)) {
        std::erase_if(handed_, [clear](const zab::Hand& h) { return h.stage == clear->stage; });
    } else if (const auto* timer = std::get_if<zab::SetTimer>(&effect)) {
        std::erase(timers_, timer->timer);
        timers_.push_back(timer->timer);
    } else if (const auto* cancelled = std::get_if<zab::CancelTimer>(&effect)) {
        std::erase(timers_, cancelled->timer);
    } else if (const auto* start = std::get_if<zab::Start>(&effect)) {
        works_.push_back(*start);
        appended_.push_back(disk_.appended());
    } else if (const auto* append = std::get_if<zab::Append>(&effect)) {
        disk_.append(append->txn);
    } else if (const auto* close = std::get_if<zab::CloseLink>(&effect)) {
        std::erase_if(links_, [close](const auto& l) { return l.second == close->link.slot; });
    }
}

}  // namespace test
