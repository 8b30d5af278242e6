#include "tests/conformance/story.hpp"

#include <fmt/format.h>

namespace conformance {

// What happens while many creations are under way, told by how many there were by then.

namespace {

/// "13000 async ephemeral creates": how many, and of which kind.
const Regex& many_creates() {
    return compiled(
        "\\b([0-9]{2,6})((?: async| asynchronous| client| ephemeral| sequential| pipelined)*)"
        " (?:creates?|znodes?|nodes|writes)(?: (?:are )?(?:issued|sent|started|run|running|under "
        "way|in flight|in progress))?\\b");
}

/// "F stopped at 5000", "at 5000 F stops", "after 5000 of them F stops".
const Regex& at_count() {
    static const std::string count =
        "(?:at|after|upon) (?:the )?(?:number |create |no\\. |# ?)?([0-9]{2,6})(?:th|st|nd|rd)?"
        "(?: of them| creates?| one| txns?| writes?)?";
    return compiled("(?:^|([;,]) *)(?:and |then )*(?:" + count + ",?:? ([^;,0-9]+)|([^;,0-9]+) " +
                    count + ")(?=$|[;,])");
}

/// A text with each event at a count behind as many creations as were to come until then.
std::string with_events(const std::string& told, const std::string& kind, std::size_t& done,
                        std::size_t total) {
    std::string all, rest = told;
    Match found;
    while (regex_search(rest, found, at_count())) {
        const bool is_first = found[2].matched;
        const std::size_t count = std::stoul(is_first ? found[2] : found[5]);
        const std::string event = is_first ? found[3] : found[4];
        if (count <= done || count > total) throw Refused("step: " + told);
        all += found.prefix().str() + (all.empty() && found.prefix().length() == 0 ? "" : "; ");
        all += fmt::format("{}{} creates; {}", count - done, kind, event);
        done = count;
        rest = found.suffix();
    }
    return all + rest;
}

}  // namespace

std::vector<std::string> with_points(const std::vector<std::string>& steps) {
    std::string kind;
    std::size_t total = 0, done = 0, last = 0;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        Match found;
        const bool is_begin = total == 0 && regex_search(steps[i], found, many_creates());
        const std::string behind = is_begin ? found.suffix().str() : steps[i];
        const bool tells_points = [&] {
            for (std::size_t k = i; k < steps.size(); ++k) {
                if (regex_search(k == i ? behind : steps[k], at_count())) return true;
            }
            return false;
        }();
        if ((total == 0 && !is_begin) || !tells_points) {
            if (total != 0 && done < total && last + 1 == i) {
                all.push_back(fmt::format("{}{} creates", total - done, kind));
                done = total;
            }
            all.push_back(steps[i]);
            continue;
        }
        if (is_begin) {
            total = std::stoul(found[1]);
            kind = contains(found[2], "ephemeral") ? " ephemeral" : "";
        }
        const std::string ahead = is_begin ? found.prefix().str() : "";
        const std::string told = with_events(behind, kind, done, total);
        last = i;
        const std::string step = regex_replace(ahead + told, compiled("^[;, ]+"), "");
        if (!step.empty()) all.push_back(step);
    }
    if (total != 0 && done != 0 && done < total) {
        all.push_back(fmt::format("{}{} creates", total - done, kind));
    }
    return all;
}

}  // namespace conformance
