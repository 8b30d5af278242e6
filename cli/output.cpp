#include "cli/output.hpp"

namespace cli {

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
