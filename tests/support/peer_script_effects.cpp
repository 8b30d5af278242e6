#include "tests/support/peer_script.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace test {

// How the effects of a step are written, one a line.

void PeerScript::show(const std::string& line) {
    if (quiet_ == 0) shown_ += line + "\n";
}

zab::LinkId PeerScript::link(const std::string& name) const {
    const auto found = links_.find(name);
    REQUIRE_MESSAGE(found != links_.end(), "there is no link " << name);
    return {found->second, 1};
}

std::string PeerScript::name_of(zab::LinkId link) const {
    for (const auto& [name, slot] : links_) {
        if (slot == link.slot) return name;
    }
    return fmt::format("a closed link");
}

/// `a` is a zxid in every note but those that have none; prefixes are left to other tests.
std::string PeerScript::text(const zab::Note& note) const {
    std::string text = fmt::format("note {}", note_names()[static_cast<std::size_t>(note.kind)]);
    if (note.peer.value != 0) text += fmt::format(" of {}", note.peer.value);
    if (note.a != 0) text += " " + text_of(zab::Zxid{note.a});
    if (note.c != 0) text += fmt::format(" c={}", note.c);
    return text;
}

std::string PeerScript::text(const zab::Start& start) const {
    std::string text = fmt::format("work {}", work_names()[static_cast<std::size_t>(start.work)]);
    const bool writes_epoch = start.work == zab::Work::write_accepted_epoch ||
                              start.work == zab::Work::write_current_epoch;
    if (writes_epoch) text += fmt::format(" {}", start.argument);
    if (start.work == zab::Work::truncate_log) text += " " + text_of(zab::Zxid{start.argument});
    if (start.work == zab::Work::write_snapshot && start.argument != 0) {
        static constexpr std::string_view how[] = {"", " replacing", " synced", " unsynced"};
        text += how[start.argument];
    }
    text += fmt::format(" on {}", stage_names()[static_cast<std::size_t>(start.stage)]);
    return start.link.exists() ? text + " " + name_of(start.link) : text;
}

std::string PeerScript::text(const zab::Effect& effect) const {
    if (const auto* note = std::get_if<zab::Note>(&effect)) return text(*note);
    if (const auto* start = std::get_if<zab::Start>(&effect)) return text(*start);
    if (const auto* send = std::get_if<zab::Send>(&effect)) {
        return "send " + name_of(send->link) + ": " + text_of(send->message);
    }
    if (const auto* snap = std::get_if<zab::SendSnapshot>(&effect)) {
        return "send " + name_of(snap->link) + ": snap zxid=" + text_of(snap->zxid);
    }
    if (const auto* hand = std::get_if<zab::Hand>(&effect)) {
        const std::string stage(stage_names()[static_cast<std::size_t>(hand->stage)]);
        return "hand " + stage + (hand->link.exists() ? " " + name_of(hand->link) : "");
    }
    if (const auto* clear = std::get_if<zab::ClearStage>(&effect)) {
        return fmt::format("clear {}", stage_names()[static_cast<std::size_t>(clear->stage)]);
    }
    if (const auto* timer = std::get_if<zab::SetTimer>(&effect)) {
        return fmt::format("set {} {}", timer_names()[static_cast<std::size_t>(timer->timer)],
                           text_of(timer->earliest));
    }
    if (const auto* timer = std::get_if<zab::CancelTimer>(&effect)) {
        return fmt::format("cancel {}", timer_names()[static_cast<std::size_t>(timer->timer)]);
    }
    if (const auto* dial = std::get_if<zab::Dial>(&effect)) {
        return fmt::format("dial {} {} within {}",
                           link_kind_names()[static_cast<std::size_t>(dial->kind)],
                           dial->peer.value, text_of(dial->timeout));
    }
    if (const auto* close = std::get_if<zab::CloseLink>(&effect)) {
        return "close " + name_of(close->link);
    }
    if (const auto* wish = std::get_if<zab::SetReadTimeout>(&effect)) {
        return "read timeout " + name_of(wish->link) + " " + text_of(wish->timeout);
    }
    if (const auto* wish = std::get_if<zab::SetReading>(&effect)) {
        return (wish->on ? "read " : "stop reading ") + name_of(wish->link);
    }
    if (const auto* listen = std::get_if<zab::Listen>(&effect)) {
        return fmt::format("{} {}", listen->open ? "listen" : "stop listening",
                           link_kind_names()[static_cast<std::size_t>(listen->kind)]);
    }
    if (const auto* append = std::get_if<zab::Append>(&effect)) {
        return "append " + text_of(append->txn.zxid);
    }
    if (const auto* halt = std::get_if<zab::Halt>(&effect)) {
        return fmt::format("halt {}", halt->code);
    }
    const auto& refusal = std::get<zab::RefuseToStart>(effect);
    return fmt::format("refuse to start {} {}", static_cast<int>(refusal.reason),
                       text_of(refusal.last_zxid));
}

}  // namespace test
