#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

#include <utility>

namespace sim::decode {

namespace {

using json::Value;

constexpr std::string_view no_meaning = "has no meaning with protocol textbook";

Form<bool> words_for(std::string_view yes, std::string_view no) {
    return choice<bool>({{yes, true}, {no, false}});
}

bool has_any(const ServerList& servers) {
    const auto* count = std::get_if<std::uint32_t>(&servers);
    return count != nullptr ? *count > 0 : !std::get<Ids>(servers).empty();
}

/// Of the ensemble only its voters: all else configures ZooKeeper's servers. Compared as it is
/// written, so that a resolved scenario may say what is the default.
bool check_ensemble(const Value& value, Reader& reader, const Draft& draft) {
    const Value* place = value.find("ensemble");
    if (place == nullptr) {
        return true;
    }
    const Reader::Inside inside(reader, "ensemble");
    const Form<EnsembleDraft> form = ensemble();
    const Value standard = form.write({});
    bool sound = true;
    for (const json::Member& member : form.write(draft.ensemble).members) {
        const Value* usual = standard.find(member.key);
        const bool differs =
            usual == nullptr || json::compact(*usual) != json::compact(member.value);
        const bool is_wrong =
            member.key == "observers" ? has_any(draft.ensemble.observers) : differs;
        if (is_wrong && member.key != "voters") {
            sound = wrong_member(*place, reader, member.key, std::string(no_meaning));
        }
    }
    return sound;
}

bool check_start(const Value& value, Reader& reader, const Draft& draft) {
    for (const auto& [id, start] : draft.start) {
        const bool is_plain = !start.accepted_epoch && !start.current_epoch && !start.snapshot &&
                              start.history.empty();
        if (!is_plain) {
            return wrong_member(value, reader, "start",
                                "histories, snapshots and epochs are ZooKeeper's: only down has a "
                                "meaning with protocol textbook");
        }
    }
    return true;
}

/// What only ZooKeeper's servers know, and the key under which a group asks for it; empty: nothing.
std::pair<std::string_view, std::string_view> unknown_operation(const GroupDraft& group) {
    if (group.operations && group.operations->sync > 0) return {"operations", "sync"};
    if (group.operations && group.operations->watch > 0) return {"operations", "watch"};
    for (const auto& list :
         group.rest.requests.value_or(std::vector<std::vector<AskedRequest>>{})) {
        for (const AskedRequest& request : list) {
            if (request.operation == zab::Operation::sync) return {"requests", "sync"};
            if (request.operation == zab::Operation::watch) return {"requests", "watch"};
        }
    }
    return {};
}

bool check_group(const Value& value, Reader& reader, const GroupDraft& group, bool is_textbook) {
    if (!is_textbook) {
        return !group.rest.watch ||
               wrong_member(value, reader, "watch", "has a meaning only with protocol textbook");
    }
    bool sound = true;
    const auto [key, unknown] = unknown_operation(group);
    if (!unknown.empty()) {
        sound =
            wrong_member(value, reader, key,
                         "the operation " + std::string(unknown) + " " + std::string(no_meaning));
    }
    if (group.rest.leave && group.rest.leave->how == Leave::How::close_session) {
        sound = wrong_member(value, reader, "leave",
                             "there are no sessions to be closed with protocol textbook");
    }
    return sound;
}

bool check_clients(const Value& value, Reader& reader, const Draft& draft) {
    const Value* clients = value.find("clients");
    if (clients == nullptr) {
        return true;
    }
    const Reader::Inside inside(reader, "clients");
    bool sound = true;
    for (std::size_t i = 0; i < draft.clients.size(); ++i) {
        const Reader::Inside element(reader, std::to_string(i));
        const bool is_textbook = draft.protocol == Protocol::textbook;
        sound = check_group(clients->elements[i], reader, draft.clients[i], is_textbook) && sound;
    }
    return sound;
}

}  // namespace

Form<Protocol> protocol() {
    return choice<Protocol>({{"zab", Protocol::zab}, {"textbook", Protocol::textbook}});
}

Form<textbook::Options> textbook_options() {
    using O = textbook::Options;
    const auto time = duration(zab::milliseconds(1), zab::seconds(3600));
    return object<O>({
        .outline = {"textbook", "How the texts are read, where they leave something open.", {}},
        .keys =
            {
                key<O>("heartbeat", &O::heartbeat, time,
                       {"How often nodes say that they are there.", "\"200ms\""}),
                key<O>("failure_timeout", &O::failure_timeout, time,
                       {"A node that is silent for so long has failed; so has one whose connection "
                        "is reset.",
                        "\"1s\""}),
                key<O>("election_wait", &O::election_wait, time,
                       {"How long an election takes; then the greatest id that was heard of leads.",
                        "\"500ms\""}),
                key<O>("give_up", &O::give_up, time,
                       {"A client that waits for so long is disconnected. There are no retries.",
                        "\"2s\""}),
                key<O>("election_on", &O::any_failure_elects,
                       words_for("any_failure", "leader_failure"),
                       {"Whose failure starts an election: any node's, or the leader's.",
                        "\"any_failure\""}),
                key<O>("returning", &O::remembers, words_for("remembers", "forgets"),
                       {"What a node knows when it comes back: what it had executed, or nothing. "
                        "Nobody tells it what it missed.",
                        "\"remembers\""}),
                key<O>("leader_votes", &O::leader_votes, flag(),
                       {"Whether sending a command is the leader's own vote for it.", "true"}),
            },
        .prepare = {},
        .check =
            [](const Value& value, Reader& reader, const O& options) {
                return options.heartbeat < options.failure_timeout ||
                       wrong_member(
                           value, reader, "heartbeat",
                           "not below failure_timeout, " + to_text(options.failure_timeout));
            },
    });
}

bool check_protocol(const Value& value, Reader& reader, const Draft& draft) {
    bool sound = check_clients(value, reader, draft);
    if (draft.protocol != Protocol::textbook) {
        return (!draft.textbook.has_value() ||
                wrong_member(value, reader, "textbook",
                             "has a meaning only with protocol textbook")) &&
               sound;
    }
    sound = check_ensemble(value, reader, draft) && sound;
    sound = check_start(value, reader, draft) && sound;
    const bool is_released = draft.release.base == "fixed" && draft.release.defects.empty();
    return (is_released || wrong_member(value, reader, "release", std::string(no_meaning))) &&
           sound;
}

}  // namespace sim::decode
