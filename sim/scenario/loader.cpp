#include "sim/scenario/loader.hpp"

#include "sim/scenario/draw.hpp"
#include "sim/scenario/json_parse.hpp"
#include "sim/scenario/merge.hpp"
#include "sim/scenario/resolve.hpp"
#include "sim/scenario/tables.hpp"

#include <filesystem>
#include <fstream>
#include <utility>

namespace sim {

namespace {

/// A file's name without its ending, where that can be a scenario's name.
std::string name_from(const std::string& path) {
    const std::string stem = std::filesystem::path(path).stem().string();
    const bool is_text = json::parse_if_valid(json::compact(json::string(stem))).has_value();
    return is_text && !stem.empty() && stem.size() <= 200 ? stem : "scenario";
}

/// Of a document that lacks what it extends only what stands there is judged. An override may be
/// meant for what is missing.
void decode_part(const json::Value& root, const KnownNames& known, Mistakes& mistakes) {
    decode::Draft draft;
    decode::Reader reader(mistakes, known, false);
    decode::scenario().read(root, reader, draft);
}

/// Decodes a merged document; what is wrong is in `mistakes`.
void decode_document(const json::Value& root, const std::string& path, const KnownNames& known,
                     Mistakes& mistakes, LoadResult& out) {
    decode::Draft draft;
    decode::Reader reader(mistakes, known);
    decode::scenario().read(root, reader, draft);
    if (draft.name.empty()) {
        draft.name = name_from(path);
    }
    Scenario scenario = decode::resolve(draft, root, mistakes);
    if (mistakes.empty()) {
        out.resolved = json::compact(decode::scenario().write(draft));
        out.scenario = std::move(scenario);
        out.chaos = std::move(draft.chaos);
        out.capsule = std::move(draft.capsule);
    }
}

}  // namespace

FileText read_regular_file(const std::string& path) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
        return {std::nullopt, "no such file"};
    }
    if (!std::filesystem::is_regular_file(status)) {
        return {std::nullopt, "not a regular file"};
    }
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error || size > json::most_bytes) {
        const std::string limit = std::to_string(json::most_bytes >> 20) + " MiB";
        return {std::nullopt, error ? error.message() : "larger than the limit of " + limit};
    }
    std::ifstream file(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(size), '\0');
    if (!file.read(text.data(), static_cast<std::streamsize>(size))) {
        return {std::nullopt, "cannot be read"};
    }
    return {std::move(text), {}};
}

LoadResult load_scenario(const std::string& path, std::span<const Override> sets,
                         const LoadOptions& options) {
    FileText file = options.read_file(path);
    if (!file.text) {
        LoadResult out;
        out.mistakes.push_back(printable(path) + ": error: " + file.reason);
        return out;
    }
    return load_scenario_text(std::move(*file.text), path, sets, options);
}

LoadResult load_scenario_text(std::string text, const std::string& path,
                              std::span<const Override> sets, const LoadOptions& options) {
    LoadResult out;
    Mistakes mistakes;
    Sources sources;
    sources.push_back({path, std::move(text)});
    decode::Extended extended = decode::load_extended(sources, options.read_file, mistakes);
    std::optional<json::Value>& root = extended.root;
    if (root && !extended.is_whole) {
        decode_part(*root, options.known, mistakes);
    } else if (root) {
        decode::apply(sets, *root, sources, mistakes);
        if (options.drawn_with && mistakes.empty()) {
            decode::draw_chaos(*root, *options.drawn_with, options.known);
        }
        if (root->find("format") == nullptr) {
            json::Value format = json::string(std::string(decode::scenario_format));
            root->members.insert(root->members.begin(), json::member("format", std::move(format)));
        }
        out.document = json::compact(*root);
        decode_document(*root, path, options.known, mistakes, out);
    }
    out.mistakes = mistakes.messages(sources);
    return out;
}

}  // namespace sim
