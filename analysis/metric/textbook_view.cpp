#include "analysis/metric/textbook_view.hpp"

namespace analysis {

void TextbookView::observe(const trace::Record& record, bool is_warm) {
    using enum trace::Kind;
    const trace::Kind kind = record.kind();
    const bool is_taken = record.detail() != 0;
    if (kind == looking) {
        if (!election_began_) election_began_ = record.time();
    } else if (kind == configuration_changed) {
        const std::size_t node = record.node().value;
        if (node >= changes_.size()) changes_.resize(node + 1);
        changes_[node] = {record.a(), record.time()};
    } else if (kind == leader_declared) {
        if (election_began_ && is_warm) {
            summary_.elections.add(record.time() - *election_began_);
        }
        election_began_.reset();
    } else if (!is_warm) {
        return;
    } else if (kind == command_sent) {
        ++summary_.commands_sent;
    } else if (kind == command_compared) {
        ++(is_taken ? summary_.commands_taken : summary_.commands_ignored);
    } else if (kind == vote_compared) {
        ++(is_taken ? summary_.votes_taken : summary_.votes_ignored);
    } else if (kind == command_agreed) {
        ++summary_.commands_agreed;
        summary_.votes_counted += record.c();
    } else if (kind == notification_compared) {
        on_notification(record);
    }
}

void TextbookView::on_notification(const trace::Record& record) {
    const std::size_t node = record.node().value;
    if (record.detail() == 0) {
        ++summary_.notifications_ignored;
    } else if (node < changes_.size() && changes_[node].number == record.a()) {
        summary_.notifications.add(record.time() - changes_[node].time);
    } else {
        ++summary_.notifications_untimed;  // Its server has sent a newer one meanwhile.
    }
}

}  // namespace analysis
