#include "sim/scenario/target_form.hpp"

#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

using json::Value;
using Kind = Target::Kind;

constexpr std::string_view target_accepted =
    "\"leader\", \"follower\", \"any_voter\", \"minority\", \"majority\", \"last_crashed\", "
    "\"all\", a server's id, a list of ids, {\"region\": \"…\"}, or, of a network fault, "
    "\"clients\" or {\"clients\": \"…\"}";

Form<Kind> symbolic_target() {
    return choice<Kind>({{"leader", Kind::leader},
                         {"follower", Kind::follower},
                         {"any_voter", Kind::any_voter},
                         {"minority", Kind::minority},
                         {"majority", Kind::majority},
                         {"last_crashed", Kind::last_crashed},
                         {"all", Kind::all},
                         {"clients", Kind::clients}});
}

Form<Target> region_target() {
    return object<Target>({
        .outline = {"region_target", "The servers of a region.", {}},
        .keys =
            {key<Target>("region", &Target::region, name(), {"Its name.", "\"VA\""}).mandatory()},
        .prepare = [](const Value&, Target& out) { out.kind = Kind::region; },
        .check = {},
    });
}

Form<Target> group_target() {
    return object<Target>({
        .outline = {"group_target", "The clients of a group, in network faults.", {}},
        .keys =
            {key<Target>("clients", &Target::group, name(), {"Its name.", "\"far\""}).mandatory()},
        .prepare = [](const Value&, Target& out) { out.kind = Kind::clients; },
        .check = {},
    });
}

/// A name of which only its owner knows whether it exists.
Form<std::string> known_name(std::string_view what,
                             std::span<const std::string_view> KnownNames::*known) {
    Form<std::string> form = name();
    form.accepted = what;
    const auto read_name = form.read;
    form.read = [=](const Value& value, Reader& reader, std::string& out) {
        if (!read_name(value, reader, out)) {
            return false;
        }
        const auto names = reader.known().*known;
        if (names.empty() || std::find(names.begin(), names.end(), out) != names.end()) {
            return true;
        }
        return unknown_word(value, reader, {names.begin(), names.end()});
    };
    const auto any_name = form.schema;
    form.schema = [=](Definitions& definitions) {
        const auto names = definitions.known().*known;
        return names.empty() ? any_name(definitions) : words_schema({names.begin(), names.end()});
    };
    return form;
}

std::vector<Key<RecordPattern>> pattern_rows() {
    using P = RecordPattern;
    const Form<std::string> message = known_name("a kind of message", &KnownNames::messages);
    Key<P> message_row =
        key<P>("message", &P::message, message, {"The kind of message received.", "\"proposal\""});
    message_row.write = [](const P& pattern) -> std::optional<Value> {
        return pattern.message.empty() ? std::nullopt
                                       : std::optional(json::string(pattern.message));
    };
    return {
        key<P>("node", &P::node, server_id(), {"The server at which it happens.", "3"}),
        key<P>("peer", &P::peer, server_id(), {"The other server.", "1"}),
        key<P>("zxid", &P::zxid, zxid(), {"The transaction.", "\"1:5\""}),
        std::move(message_row),
        key<P>("nth", &P::nth, integer<std::uint32_t>(1, 4'000'000'000),
               {"Which of those that match, from 1.", "2"}),
    };
}

}  // namespace

Form<Target> target() {
    const Form<Kind> word = symbolic_target();
    const Form<Ids> ids = server_ids();
    const Form<Target> region = region_target();
    const Form<Target> group = group_target();
    Form<Target> form;
    form.accepted = target_accepted;
    form.read = [=](const Value& value, Reader& reader, Target& out) {
        out = Target{};
        switch (value.kind) {
            case Value::Kind::string: return word.read(value, reader, out.kind);
            case Value::Kind::number:
            case Value::Kind::array: return ids.read(value, reader, out.servers);
            case Value::Kind::object:
                return value.find("clients") != nullptr ? group.read(value, reader, out)
                                                        : region.read(value, reader, out);
            case Value::Kind::null:
            case Value::Kind::boolean: break;
        }
        return wrong_kind(value, reader, target_accepted);
    };
    form.write = [=](const Target& value) {
        if (value.kind == Kind::region) {
            return region.write(value);
        }
        if (value.kind == Kind::clients && !value.group.empty()) {
            return group.write(value);
        }
        return value.kind == Kind::server ? ids.write(value.servers) : word.write(value.kind);
    };
    form.schema = [=](Definitions& definitions) {
        return definitions.refer("target", [&] {
            Value choices = any_of({word.schema(definitions), ids.schema(definitions),
                                    region.schema(definitions), group.schema(definitions)});
            choices.members.insert(choices.members.begin(),
                                   json::member("description", json::string(target_accepted)));
            return choices;
        });
    };
    return form;
}

Form<RecordPattern> record_pattern() {
    using P = RecordPattern;
    const Form<std::string> record = known_name("a kind of trace record", &KnownNames::records);
    std::vector<Key<P>> rows = pattern_rows();
    rows.insert(rows.begin(),
                key<P>("record", &P::record, record, {"The kind of trace record.", "\"commit\""})
                    .mandatory());
    return object<P>({
        .outline = {"record_pattern",
                    "Matches records of a kind: what else is left out matches all.",
                    {}},
        .keys = std::move(rows),
        .prepare = {},
        .check = {},
    });
}

Form<RecordPattern> message_pattern() {
    return object<RecordPattern>({
        .outline = {"message_pattern", "Matches messages: what is left out matches all.", {}},
        .keys = pattern_rows(),
        .prepare = {},
        .check = {},
    });
}

}  // namespace sim::decode
