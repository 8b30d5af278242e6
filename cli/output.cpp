#include "cli/output.hpp"

#include <filesystem>

namespace cli {

namespace {

bool is_same_file(const std::string& one, const std::string& other) {
    std::error_code no_one;
    std::error_code no_other;
    const auto first = std::filesystem::weakly_canonical(one, no_one);
    const auto second = std::filesystem::weakly_canonical(other, no_other);
    return one != "-" && other != "-" && !no_one && !no_other && first == second;
}

}  // namespace

std::string overwriting(const Arguments& arguments) {
    const auto destroyed = [&](const std::optional<std::string>& output) -> std::string {
        for (const std::string& file : arguments.files) {
            if (output && is_same_file(*output, file)) return file;
        }
        return {};
    };
    if (const std::string file = destroyed(arguments.trace); !file.empty()) {
        return "--trace would overwrite " + file + ": name another file";
    }
    if (const std::string file = destroyed(arguments.json); !file.empty()) {
        return "--json would overwrite " + file + ": name another file";
    }
    if (arguments.trace && arguments.json && is_same_file(*arguments.trace, *arguments.json)) {
        return "--trace and --json name one file: give each its own";
    }
    return {};
}

Results::Results(const Environment& environment, const std::optional<std::string>& json,
                 bool is_array)
    : environment_(environment), is_json_(json == "-"), is_array_(is_array) {
    if (json && !is_json_) sink_ = std::make_unique<trace::ByteSink>(*json);
}

const trace::Failure& Results::failure() const { return sink_ ? sink_->failure() : none_; }

void Results::add_json(const std::string& object) {
    if (is_array_) text_ += is_first_ ? "[\n" : ",\n";
    is_first_ = false;
    text_ += object;
}

Exit Results::finish() {
    if (!wants_json()) return Exit::ok;
    if (is_array_) text_ += is_first_ ? "[]\n" : "]\n";
    if (is_json_) {
        environment_.out << text_;
        return Exit::ok;  // Whether it got there is seen at the very end.
    }
    sink_->write(text_);
    const trace::Failure failure = sink_->commit();
    if (!failure) return Exit::ok;
    environment_.talk << *failure << '\n';
    return Exit::not_written;
}

}  // namespace cli
