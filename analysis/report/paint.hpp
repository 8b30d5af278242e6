#pragma once

#include <string>
#include <string_view>

namespace analysis {

/// Colours, where they are wanted. Meaning never depends on them alone.
class Paint {
  public:
    explicit Paint(bool on) : on_(on) {}
    std::string bold(std::string_view text) const { return in("1", text); }
    std::string good(std::string_view text) const { return in("32", text); }
    std::string bad(std::string_view text) const { return in("1;31", text); }

  private:
    std::string in(std::string_view code, std::string_view text) const {
        if (!on_) return std::string(text);
        std::string out = "\x1b[";
        out += code;
        out += 'm';
        out += text;
        return out + "\x1b[0m";
    }

    bool on_;
};

/// A text from a file, made harmless for a terminal: control characters become '?'.
inline std::string printable(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = '?';
    }
    return out;
}

}  // namespace analysis
