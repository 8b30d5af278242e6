#pragma once

#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "protocol/message.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// How the scripts of tests/scripts write protocol values. Words are separated by blanks; zxids
/// are written `epoch.counter`, sessions `server/number`.
namespace test {

/// `key=value` words and plain ones of one line.
class Words {
  public:
    explicit Words(const std::string& line);

    const std::vector<std::string>& plain() const { return plain_; }
    /// The plain word at `index`; empty when there is none.
    std::string at(std::size_t index) const;
    bool has(const std::string& key) const { return named_.contains(key); }
    std::string text(const std::string& key) const;
    std::uint32_t number(const std::string& key) const;
    zab::NodeId node(const std::string& key) const;
    zab::Epoch epoch(const std::string& key) const { return {number(key)}; }
    zab::Zxid zxid(const std::string& key) const;
    zab::SessionId session(const std::string& key) const;

  private:
    std::vector<std::string> plain_;
    std::map<std::string, std::string> named_;
};

zab::Zxid zxid_of(const std::string& text);
zab::SessionId session_of(const std::string& text);
std::uint32_t number_of(const std::string& text);
std::string text_of(zab::Zxid zxid);
std::string text_of(zab::SessionId session);
std::string text_of(zab::Duration duration);

/// The place of a name in one of the name lists below; fails the test for an unknown one.
std::size_t index_of(const std::vector<std::string_view>& names, const std::string& name);
const std::vector<std::string_view>& stage_names();
const std::vector<std::string_view>& timer_names();
const std::vector<std::string_view>& work_names();
const std::vector<std::string_view>& link_kind_names();
const std::vector<std::string_view>& reason_names();
const std::vector<std::string_view>& note_names();

/// A message from its words: the first is its kind.
zab::Message message_of(const Words& words);
std::string text_of(const zab::Message& message);

}  // namespace test
