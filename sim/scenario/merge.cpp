#include "sim/scenario/merge.hpp"

#include "sim/scenario/json_parse.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

namespace sim::decode {

namespace {

using json::Value;

constexpr std::size_t most_files = 64;
constexpr std::size_t most_extends_depth = 16;

bool is_distribution(const Value& value) {
    return value.members.size() == 1 && is_distribution_name(value.members.front().key);
}

/// A file that is being put together: its bases first, itself last.
struct File {
    std::string path;
    Value own;
    std::vector<Value> bases;  ///< The paths that it extends; strings.
    std::size_t next_base = 0;
    Value merged = json::object();
};

/// Takes the key `extends` out of a file. Not whole: one of its paths is none.
std::vector<Value> take_bases(Value& own, Mistakes& mistakes, bool& is_whole) {
    const auto is_extends = [](const json::Member& member) { return member.key == "extends"; };
    const auto found = std::find_if(own.members.begin(), own.members.end(), is_extends);
    if (found == own.members.end()) {
        return {};
    }
    Value value = std::move(found->value);
    own.members.erase(found);
    std::vector<Value> bases;
    if (value.is(Value::Kind::array)) {
        bases = std::move(value.elements);
    } else {
        bases.push_back(std::move(value));
    }
    const auto is_path = [](const Value& base) {
        return base.is(Value::Kind::string) && !base.text.empty();
    };
    for (const Value& base : bases) {
        if (!is_path(base)) {
            is_whole = false;
            mistakes.add({base.place,
                          "/extends",
                          std::string(json::kind_name(base.kind)) + " cannot stand here",
                          "a relative path, or a list of them",
                          {}});
        }
    }
    std::erase_if(bases, [&](const Value& base) { return !is_path(base); });
    return bases;
}

/// Each file says for itself of which format it is, before another is laid over it.
void check_format(Value& own, Mistakes& mistakes) {
    const auto is_format = [](const json::Member& member) { return member.key == "format"; };
    const auto found = std::find_if(own.members.begin(), own.members.end(), is_format);
    if (found == own.members.end()) return;
    std::string reason = why_unreadable_format(found->value);
    if (reason.empty()) return;
    mistakes.add(
        {found->value.place, "/format", std::move(reason), in_quotes(scenario_format), {}});
    own.members.erase(found);
}

class Extender {
  public:
    Extender(Sources& sources, const FileReader& read_file, Mistakes& mistakes)
        : sources_(sources), read_file_(read_file), mistakes_(mistakes) {}

    Extended load() {
        open_source(sources_.front().name, 0);
        while (!open_.empty()) {
            File& file = open_.back();
            if (file.next_base < file.bases.size()) {
                const Value base = file.bases[file.next_base++];
                open_base(base);
            } else {
                close();
            }
        }
        return {std::move(result_), is_whole_};
    }

  private:
    void open_source(const std::string& path, std::uint32_t source) {
        std::optional<Value> own = json::parse(sources_[source].text, source, mistakes_);
        if (!own) {
            is_whole_ = false;
            return;
        }
        if (!own->is(Value::Kind::object)) {
            is_whole_ = false;
            mistakes_.add({own->place,
                           {},
                           std::string(json::kind_name(own->kind)) + " is no scenario",
                           "an object",
                           {}});
            return;
        }
        check_format(*own, mistakes_);
        std::vector<Value> bases = take_bases(*own, mistakes_, is_whole_);
        open_.push_back({path, std::move(*own), std::move(bases), 0, json::object()});
    }

    void open_base(const Value& base) {
        const std::filesystem::path relative(base.text);
        const auto refuse = [&](std::string reason) {
            is_whole_ = false;
            mistakes_.add({base.place, "/extends", std::move(reason), {}, {}});
        };
        if (relative.is_absolute() || base.text.find('\0') != std::string::npos) {
            return refuse(in_quotes(base.text) + " is not a relative path");
        }
        const auto folder = std::filesystem::path(open_.back().path).parent_path();
        const std::string path = (folder / relative).lexically_normal().string();
        const bool is_cycle = std::any_of(open_.begin(), open_.end(), [&](const File& file) {
            return std::filesystem::path(file.path).lexically_normal() == path;
        });
        if (is_cycle) {
            return refuse(in_quotes(base.text) + " extends this file, directly or by others");
        }
        if (open_.size() > most_extends_depth) {
            return refuse("deeper than the limit of " + std::to_string(most_extends_depth));
        }
        if (sources_.size() > most_files) {
            return refuse("more files than the limit of " + std::to_string(most_files));
        }
        FileText file = read_file_(path);
        if (!file.text) {
            return refuse("cannot read " + in_quotes(path) + ": " + file.reason);
        }
        const auto source = static_cast<std::uint32_t>(sources_.size());
        sources_.push_back({path, std::move(*file.text)});
        open_source(path, source);
    }

    void close() {
        File file = std::move(open_.back());
        open_.pop_back();
        lay_over(file.merged, std::move(file.own));
        if (open_.empty()) {
            result_ = std::move(file.merged);
        } else {
            lay_over(open_.back().merged, std::move(file.merged));
        }
    }

    Sources& sources_;
    const FileReader& read_file_;
    Mistakes& mistakes_;
    std::vector<File> open_;
    std::optional<Value> result_;
    bool is_whole_ = true;
};

/// Walks a dotted path down to the value that it names, and makes what is missing on the way.
class Descent {
  public:
    Descent(Value& root, std::uint32_t source, Mistakes& mistakes)
        : at_(&root), source_(source), mistakes_(mistakes) {}

    /// Null when there is no way down, which has been reported.
    Value* go(std::string_view path) {
        while (at_ != nullptr) {
            const std::size_t end = std::min(path.find('.'), path.size());
            at_ = step(path.substr(0, end));
            if (end == path.size()) {
                break;
            }
            path.remove_prefix(end + 1);
        }
        return at_;
    }

  private:
    Value* refuse(std::string reason, std::string accepted = {}) {
        mistakes_.add({{source_, 0}, pointer_, std::move(reason), std::move(accepted), {}});
        return nullptr;
    }

    Value* step(std::string_view key) {
        if (key.empty()) {
            return refuse("the path has an empty step", "keys joined by dots");
        }
        if (is_new_) {
            *at_ = json::object();
            at_->place = {source_, 0};
        }
        Value* next = nullptr;
        if (at_->is(Value::Kind::object)) {
            next = member(key);
        } else if (at_->is(Value::Kind::array)) {
            next = element(key);
        } else {
            const std::string kind(json::kind_name(at_->kind));
            return refuse("there is " + kind + " here, which has no keys; set it as a whole");
        }
        pointer_ += json::pointer_step(key);
        return next;
    }

    Value* member(std::string_view key) {
        Value* found = at_->find(key);
        is_new_ = found == nullptr;
        if (is_new_) {
            at_->members.push_back({std::string(key), {source_, 0}, {}});
            found = &at_->members.back().value;
        }
        return found;
    }

    Value* element(std::string_view key) {
        const std::size_t size = at_->elements.size();
        std::size_t index = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        if (error != std::errc{} || end != key.data() + key.size() || index > size) {
            return refuse("no element " + in_quotes(key) + " in this list",
                          "0 to " + std::to_string(size) + ", the last one to add an element");
        }
        is_new_ = index == size;
        if (is_new_) {
            at_->elements.emplace_back();
        }
        return &at_->elements[index];
    }

    Value* at_;
    bool is_new_ = false;
    std::uint32_t source_;
    Mistakes& mistakes_;
    std::string pointer_;
};

/// Gives a value and all in it the place of an override.
void relocate(Value& root, json::Place place) {
    std::vector<Value*> todo = {&root};
    while (!todo.empty()) {
        Value* value = todo.back();
        todo.pop_back();
        value->place = place;
        for (json::Member& member : value->members) {
            member.place = place;
            todo.push_back(&member.value);
        }
        for (Value& element : value->elements) {
            todo.push_back(&element);
        }
    }
}

}  // namespace

void lay_over(Value& base, Value over) {
    std::vector<std::pair<Value*, Value*>> todo = {{&base, &over}};
    while (!todo.empty()) {
        const auto [under, upper] = todo.back();
        todo.pop_back();
        const bool both_objects = under->is(Value::Kind::object) && upper->is(Value::Kind::object);
        if (!both_objects || (is_distribution(*under) && is_distribution(*upper) &&
                              under->members.front().key != upper->members.front().key)) {
            Value replacement = std::move(*upper);
            *under = std::move(replacement);
            continue;
        }
        under->place = upper->place;
        const std::size_t old_size = under->members.size();
        for (json::Member& member : upper->members) {
            if (under->find(member.key) == nullptr) {
                under->members.push_back({member.key, member.place, {}});
            }
        }
        // Only now: pointers into `members` stay good from here on.
        for (json::Member& member : upper->members) {
            const auto same_key = [&](const json::Member& m) { return m.key == member.key; };
            const auto found = std::find_if(under->members.begin(), under->members.end(), same_key);
            found->place = member.place;
            const auto index = static_cast<std::size_t>(found - under->members.begin());
            if (index >= old_size) {
                found->value = std::move(member.value);
            } else {
                todo.emplace_back(&found->value, &member.value);
            }
        }
    }
}

std::string why_unreadable_format(const Value& value) {
    if (!value.is(Value::Kind::string)) {
        return std::string(json::kind_name(value.kind)) + " cannot stand here";
    }
    if (value.text == scenario_format) return {};
    return in_quotes(value.text) +
           " is the format of another zabsim, and there is no conversion: run the file with that "
           "one";
}

Extended load_extended(Sources& sources, const FileReader& read_file, Mistakes& mistakes) {
    return Extender(sources, read_file, mistakes).load();
}

void apply(std::span<const Override> sets, Value& root, Sources& sources, Mistakes& mistakes) {
    for (const Override& set : sets) {
        const auto source = static_cast<std::uint32_t>(sources.size());
        sources.push_back({"--set " + set.path + "=" + set.value, set.value, false});
        std::optional<Value> value = json::parse_if_valid(set.value);
        if (!value) {
            value = json::string(set.value);
            if (!json::parse_if_valid(json::compact(*value))) {
                mistakes.add({{source, 0}, {}, "not valid UTF-8", {}, {}});
                continue;
            }
        }
        if (set.path == "extends" || set.path.starts_with("extends.")) {
            mistakes.add({{source, 0},
                          "/extends",
                          "the bases are read before anything is set",
                          "extends in a file",
                          {}});
            continue;
        }
        if (Value* target = Descent(root, source, mistakes).go(set.path)) {
            *target = std::move(*value);
            relocate(*target, {source, 0});
        }
    }
}

}  // namespace sim::decode
