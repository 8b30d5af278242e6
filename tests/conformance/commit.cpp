#include "tests/conformance/commit.hpp"

#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>

namespace conformance {

namespace {

std::uint32_t limit_of(const Value& value, const std::string& key) {
    return static_cast<std::uint32_t>(number(value, key));
}

}  // namespace

CommitPlay::CommitPlay(const Value& initial) {
    zab::CommitLimits limits;
    if (const Value* session = initial.find("session")) {
        session_ = std::stoull(session->text, nullptr, 0);
    }
    std::vector<std::string> to_queue, to_commit;
    if (const Value* queued = initial.find("queued")) to_queue = texts(*queued, "queued");
    if (const Value* told = initial.find("committed")) to_commit = commits_told(*told, to_queue);
    for (const std::string& words : to_queue) queue_all(words);
    for (const std::string& words : to_commit) commit_all(words);
    check_head();
    for (const auto& [key, place, value] : initial.members) {
        if (key.starts_with("maxCommitBatch")) {
            limits.commits = limit_of(value, key);
        } else if (key.starts_with("maxReadBatch")) {
            limits.reads.reset();
            if (value.text != "-1") limits.reads = limit_of(value, key);
        } else if (key == "pending") {
            if (!says(value.text, "^(empty|none)$")) throw Refused("initial." + key);
        } else if (key != "queued" && key != "committed" && key != "session") {
            throw Refused("initial." + key);
        }
    }
    processor_.start(true, limits);
    plays_ = true;
}

void CommitPlay::add(Item item, bool is_queued) {
    constexpr std::size_t most = 10'000;
    if (items_.size() == most) throw Refused("more requests than 10,000");
    items_.push_back(item);
    next_cxid_ = std::max(next_cxid_, item.cxid + 1);
    if (!is_queued) return;
    const auto operation = item.is_read ? zab::Operation::get : zab::Operation::set;
    processor_.submit({{item.session}, item.cxid, 0, 0, 0, operation});
}

std::size_t CommitPlay::find(std::uint64_t session, std::uint32_t cxid, bool is_read) const {
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.session == session && item.cxid == cxid && item.is_read == is_read) return i;
    }
    return items_.size();
}

void CommitPlay::loop() {
    while (processor_.queued() < refilled_) {
        add({next_cxid_ % 50 + 1, next_cxid_, true, true}, true);
    }
    while (processor_.commits_waiting() < refilled_commits_) commit_others(1);
    std::vector<std::size_t>& done = processed_.emplace_back();
    do {
        const auto step = processor_.take_next();
        if (step.turn == zab::CommitProcessor::Turn::commit) {
            const auto& txn = std::get<zab::Txn>(*step.committed);
            done.push_back(find(txn.session.value, txn.cxid, false));
        } else if (step.turn == zab::CommitProcessor::Turn::pass) {
            done.push_back(find(step.request->session.value, step.request->cxid, true));
        }
        while (const zab::Request* read = processor_.take_released()) {
            done.push_back(find(read->session.value, read->cxid, true));
        }
    } while (!processor_.is_between_loops());
    std::size_t pending = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        pending += items_[i].is_local && loop_of(i, processed_.size()) == 0 ? 1u : 0u;
    }
    left_.push_back({processor_.queued(), processor_.sessions_waiting(),
                     processor_.commits_waiting(), pending - processor_.queued()});
}

/// One part of a step: a loop, "no commit", "add s1:R7", "s2:W7 + its commit", "W1 is committed".
void CommitPlay::play_part(const std::string& part, bool& adds) {
    static const Regex loops(
        "(?:run )?(?:(?:an?|the|first|next|another|more|further|main|again|of|processor(?:'s)?) )*"
        "(?:([a-z]+|[0-9]+) )?(?:more |further |main )?(?:loops?|iterations?|runs?|run\\(\\))"
        "(?: runs?)?(?: once| again| (twice))?"
        "(?:,? (?:without|with no|no|before) (?:any |the )?commits?)?",
        Regex::icase);
    static const Regex its_commit(" *(\\+|with|and) (its|the) commit");
    Match found;
    if (regex_match(part, found, loops)) {
        std::size_t count = found[2].matched ? 2 : 1;
        if (found[1].matched) {
            const auto said = count_in(found[1]);
            const bool is_place = says(found[1], "st$|nd$|rd$|th$");  // "second loop"
            if (!said.has_value() || (is_place && *said != processed_.size() + 1)) {
                throw Refused("stimulus: " + part);
            }
            count = is_place ? 1 : *said;
        }
        for (; count > 0; --count) loop();
        return;
    }
    if (says(part,
             "^(still |but |and )?((no|without)( any| a)? commits?|nothing (is |was )?committed)"
             "( yet| so far)?$")) {
        if (processor_.commits_waiting() > 0) throw Refused("\"" + part + "\", but some wait");
        return;
    }
    const bool has_its = regex_search(part, found, its_commit);
    const std::string base = has_its ? found.prefix().str() : part;
    if (says(base, "^(add|queue|submit|enqueue)\\b|\\b(arrives?|queued)$")) {
        adds = !says(base, "^(the |its )?commit");
    } else if (says(base, "^(then )?(the |its )?commit|\\bcommit(ted|s)?$|'s commit")) {
        adds = false;
    } else if (base.find(':') != std::string::npos && !says(base, "^commit")) {
        adds = true;
    }
    static const Regex verb("^(?:add|queue|submit|enqueue|then) +| (?:arrives?|queued)$");
    const std::string what = regex_replace(base, verb, "");
    adds ? queue_all(what) : commit(what);
    if (has_its) commit("its write");
}

void CommitPlay::play(const std::string& step) {
    static const Regex adding("\\b(?:add|append|queue|put) (?:(?:its|the|an?) )?(?=commits?\\b)"),
        numbered("\\bcommit of ([0-9]+)\\b");
    const std::string told =
        regex_replace(regex_replace(plain_names(step), adding, ""), numbered, "commit of W$1");
    for (const std::string& clause : split_at(told, "; *|\\. +")) {
        bool adds = false;
        current_ = session_;
        for (const std::string& part : items_of(clause)) play_part(part, adds);
    }
}

std::size_t CommitPlay::loop_of(std::size_t item, std::size_t until) const {
    for (std::size_t loop = 1; loop <= std::min(until, processed_.size()); ++loop) {
        const auto& done = processed_[loop - 1];
        if (std::find(done.begin(), done.end(), item) != done.end()) return loop;
    }
    return 0;
}

const std::vector<std::size_t>& CommitPlay::processed_in(std::size_t loop) const {
    if (loop == 0 || loop > processed_.size()) throw Refused("there is no such loop");
    return processed_[loop - 1];
}

std::vector<std::size_t> CommitPlay::processed() const {
    std::vector<std::size_t> all;
    for (const auto& done : processed_) all.insert(all.end(), done.begin(), done.end());
    return all;
}

std::size_t CommitPlay::loops_before_commit() const {
    if (loops_before_commit_ == 0) throw Refused("no loop ran before a commit");
    return loops_before_commit_;
}

}  // namespace conformance
