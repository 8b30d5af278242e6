#include "cli/output.hpp"

#include <array>
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

struct Output {
    const char* option;
    const std::optional<std::string>& file;
};

std::array<Output, 4> outputs_of(const Arguments& arguments) {
    return {{{"--trace", arguments.trace},
             {"--json", arguments.json},
             {"--junit", arguments.junit},
             {"--coverage", arguments.coverage}}};
}

}  // namespace

std::string overwriting(const Arguments& arguments, const std::string& input) {
    for (const Output& output : outputs_of(arguments)) {
        if (output.file && is_same_file(*output.file, input)) {
            return std::string(output.option) + " would overwrite " + input + ": name another file";
        }
    }
    return {};
}

std::string overwriting(const Arguments& arguments) {
    for (const std::string& file : arguments.files) {
        if (std::string wrong = overwriting(arguments, file); !wrong.empty()) return wrong;
    }
    const auto outputs = outputs_of(arguments);
    for (const Output& output : outputs) {
        for (const Output& other : outputs) {
            if (&other <= &output || !output.file || !other.file ||
                !is_same_file(*output.file, *other.file)) {
                continue;
            }
            return std::string(output.option) + " and " + other.option +
                   " name one file: give each its own";
        }
    }
    return {};
}

Exit refuse_overwriting(const Arguments& arguments, const Environment& environment) {
    const std::string wrong = overwriting(arguments);
    if (wrong.empty()) return Exit::ok;
    environment.talk << "zabsim: error: " << wrong << '\n';
    return Exit::bad_input;
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
