#include "cli/witness.hpp"

#include "cli/record_line.hpp"
#include "sim/trace/reader.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace cli {

namespace {

using Lines = std::map<trace::RecordId, std::string>;

/// Reads the file up to the last of these records.
Lines lines_of(const std::string& file, const std::set<trace::RecordId>& wanted) {
    Lines lines;
    trace::Reader reader(file, {});
    if (!reader.read_header()) return {};
    trace::NumberedRecord found;
    while (lines.size() < wanted.size() && reader.next(found) == trace::Reader::Step::record) {
        if (!wanted.contains(found.id)) continue;
        lines[found.id] =
            fmt::format("{}:{}: {}", file, reader.line(), record_line(found.record, found.id));
    }
    return lines;
}

}  // namespace

std::vector<std::vector<std::string>> witness_lines(
    const std::string& file, const std::vector<analysis::Violation>& violations) {
    std::vector<std::vector<std::string>> witnesses(violations.size());
    std::set<trace::RecordId> wanted;
    std::set<std::string> seen;
    std::vector<bool> is_first(violations.size());
    for (std::size_t i = 0; i < violations.size(); ++i) {
        is_first[i] = seen.insert(violations[i].property).second;
        if (is_first[i]) wanted.insert(violations[i].witness.begin(), violations[i].witness.end());
    }
    if (file == "-" || wanted.empty()) return witnesses;
    const Lines lines = lines_of(file, wanted);
    for (std::size_t i = 0; i < violations.size(); ++i) {
        if (!is_first[i]) continue;
        for (const trace::RecordId id : violations[i].witness) {
            if (const auto line = lines.find(id); line != lines.end()) {
                witnesses[i].push_back(line->second);
            }
        }
    }
    return witnesses;
}

}  // namespace cli
