#pragma once

#include "protocol/input.hpp"
#include "protocol/textbook/words.hpp"

#include <algorithm>
#include <vector>

namespace textbook {

/// Watcher: an application registers with a watcher id, and the server records it in the watcher
/// table. When the configuration changes, every watcher gets a notification with a rising
/// notification id: the id of the command that changed it.
class Watchers {
  public:
    /// The node whose value is the configuration: a write to it changes the configuration.
    static constexpr zab::PathId configuration = 0;

    void on_watch(zab::LinkId link, const zab::Telegram& said, zab::Effects& out) {
        on_gone(link);  // Who registers again is still one watcher.
        table_.emplace_back(link, said.number);
        out.note(zab::NoteKind::watcher_registered, said.number, said.client,
                 static_cast<std::uint32_t>(table_.size()));
    }

    void on_gone(zab::LinkId link) {
        std::erase_if(table_, [link](const Watcher& watcher) { return watcher.first == link; });
    }

    void on_executed(const zab::Telegram& command, zab::Effects& out) const {
        const bool changes =
            command.operation == zab::Operation::set && command.path == configuration;
        if (!changes || table_.empty()) {
            return;
        }
        out.note(zab::NoteKind::configuration_changed, command.number, 0,
                 static_cast<std::uint32_t>(table_.size()));
        for (const Watcher& watcher : table_) {
            out.send(watcher.first, say(Word::notification, command.number));
        }
    }

  private:
    using Watcher = std::pair<zab::LinkId, std::uint64_t>;

    std::vector<Watcher> table_;  // A connection, and the watcher id.
};

/// The application's side: takes a notification whose id is greater than its last one, and performs
/// its configuration update; ignores any other.
inline bool takes_notification(std::uint64_t id, std::uint64_t& last) {
    const bool greater = id > last;
    last = std::max(last, id);
    return greater;
}

}  // namespace textbook
