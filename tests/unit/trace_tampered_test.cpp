#include "sim/trace/reader.hpp"

#include <doctest/doctest.h>

#include <string>

namespace trace {

namespace {

constexpr std::string_view sound =
    R"({"record":"header","format":"zabsim.trace/1.4","engine":{"behaviour":1,"commit":"c"},)"
    R"("seed":"0x1","level":"all","scenario":{}})"
    "\n"
    R"({"id":0,"t_ns":0,"kind":"server_started","node":1})"
    "\n"
    R"({"id":1,"t_ns":5,"kind":"timer","node":1,"cause":0,"timer_ns":5,"timer":"tick"})"
    "\n"
    R"({"id":2,"t_ns":9,"kind":"complete","node":2,"held_by":1,"operation":"get",)"
    R"("outcome":"ok","zxid":"0x1","client":7,"cxid":1})"
    "\n"
    R"({"record":"end","records":3,"lines":3,"t_ns":9,"verdict":"holds","hash":"0x1",)"
    R"("counts":{"server_started":1,"timer":1,"complete":1}})"
    "\n";

std::string message_for(std::string_view text) {
    Reader reader("t", ByteSource::Text{text}, {});
    if (!reader.read_header()) return reader.error().message;
    NumberedRecord found;
    while (true) {
        switch (reader.next(found)) {
            case Reader::Step::record: break;
            case Reader::Step::end: return "";
            case Reader::Step::error: return reader.error().message;
        }
    }
}

/// The sound trace with the first `from` made `to`.
struct Case {
    std::string_view from, to;
    std::string_view message;
};

void check_all(std::span<const Case> cases) {
    for (const Case& c : cases) {
        std::string text(sound);
        const std::size_t at = text.find(c.from);
        REQUIRE(at != std::string::npos);
        text.replace(at, c.from.size(), c.to);
        CHECK(message_for(text) == c.message);
    }
}

}  // namespace

TEST_CASE("the sound trace, of which the others are made, is accepted") {
    CHECK(message_for(sound) == "");
}

TEST_CASE("a line that is not JSON is refused with its place") {
    static constexpr Case cases[] = {
        {"{\"id\":0,", "x{\"id\":0,",
         "t:2:1: error: a line is one JSON object, beginning with '{'"},
        {"{\"id\":0,", "{id:0,", "t:2:2: error: a key in quotes is missing"},
        {"\"id\":0,", "\"id\" 0,", "t:2:7: error: ':' is missing after the key"},
        {"\"id\":0,", "\"id\":0;", "t:2:8: error: ',' or '}' is missing"},
        {"\"id\":0,", "\"id\":,", "t:2:7: error: this is not a JSON value"},
        {"\"id\":0,", "\"id\":00,", "t:2:8: error: a number has a leading zero"},
        {"\"id\":0,", "\"id\":-,", "t:2:8: error: a digit is missing"},
        {"\"id\":0,", "\"id\":1e,", "t:2:9: error: a digit is missing"},
        {"\"node\":1}", "\"node\":1,}", "t:2:51: error: a key in quotes is missing"},
        {"\"node\":1}", "\"node\":1}}", "t:2:51: error: nothing may follow the object on its line"},
        {"\"node\":1}", "\"x\":[1,{\"y\":]}", "t:2:54: error: this is not a JSON value"},
        {"\"node\":1}", "\"x\":[1,2}", "t:2:50: error: ',' or ']' is missing"},
        {"\"server_started\",", "\"server_started,", "t:2:42: error: ',' or '}' is missing"},
        {"\"tick\"", "\"ti\tck\"", "t:3:76: error: a string holds a control character"},
        {"\"tick\"", "\"ti\\xck\"", "t:3:78: error: a string holds an unknown escape"},
        {"\"tick\"", "\"ti\\u12g4\"", "t:3:80: error: \\u needs four hexadecimal digits"},
    };
    check_all(cases);
}

TEST_CASE("a record that breaks the table is refused with its place") {
    static constexpr Case cases[] = {
        {"\"id\":0,", "", "t:2:1: error: \"id\" is missing"},
        {",\"t_ns\":0", "", "t:2:1: error: \"t_ns\" is missing"},
        {"\"kind\":\"server_started\",", "", "t:2:1: error: \"kind\" is missing"},
        {",\"node\":1", "", "t:2:1: error: \"node\" is missing"},
        {",\"outcome\":\"ok\"", "", "t:4:1: error: \"outcome\" is missing"},
        {"\"id\":0,", "\"id\":0,\"id\":0,", "t:2:9: error: \"id\" stands twice"},
        {"server_started", "server_begun", "t:2:25: error: unknown kind \"server_begun\""},
        {"\"server_started\"", "7", "t:2:25: error: \"kind\" must be a string"},
        {"\"id\":0", "\"id\":18446744073709551616",
         "t:2:7: error: \"id\" must be an integer from 0 to 18446744073709551615"},
        {"\"t_ns\":0", "\"t_ns\":9223372036854775808",
         "t:2:16: error: \"t_ns\" must be an integer from 0 to 9223372036854775807"},
        {"\"t_ns\":0", "\"t_ns\":-1",
         "t:2:16: error: \"t_ns\" must be an integer from 0 to 9223372036854775807"},
        {"\"t_ns\":5", "\"t_ns\":5.0",
         "t:3:16: error: \"t_ns\" must be an integer from 0 to 9223372036854775807"},
        {"\"node\":1", "\"node\":65536",
         "t:2:49: error: \"node\" must be an integer from 0 to 65535"},
        {"\"node\":1", "\"node\":\"1\"",
         "t:2:49: error: \"node\" must be an integer from 0 to 65535"},
        {"\"cxid\":1", "\"cxid\":4294967296",
         "t:4:121: error: \"cxid\" must be an integer from 0 to 4294967295"},
        {"\"zxid\":\"0x1\"", "\"zxid\":1",
         "t:4:97: error: \"zxid\" must be a string \"0x…\" of 1 to 16 hexadecimal digits"},
        {"\"zxid\":\"0x1\"", "\"zxid\":\"0x\"",
         "t:4:97: error: \"zxid\" must be a string \"0x…\" of 1 to 16 hexadecimal digits"},
        {"\"zxid\":\"0x1\"", "\"zxid\":\"0x12345678901234567\"",
         "t:4:97: error: \"zxid\" must be a string \"0x…\" of 1 to 16 hexadecimal digits"},
        {"\"zxid\":\"0x1\"", "\"zxid\":\"0x1g\"",
         "t:4:97: error: \"zxid\" must be a string \"0x…\" of 1 to 16 hexadecimal digits"},
        {"\"outcome\":\"ok\"", "\"outcome\":\"great\"",
         "t:4:85: error: \"outcome\" must be one of: ok, node_exists, no_node, connection_loss, "
         "session_expired"},
        {"\"timer_ns\":5", "\"timer_ns\":5,\"disk_ns\":0",
         "t:3:75: error: a record has one of wire_ns, disk_ns, timer_ns"},
    };
    check_all(cases);
}

TEST_CASE("a record that contradicts those before it is refused with its place") {
    static constexpr Case cases[] = {
        {"\"cause\":0", "\"cause\":1",
         "t:3:50: error: \"cause\" is 1, which is not before the record's own id 1"},
        {"\"held_by\":1", "\"held_by\":3",
         "t:4:55: error: \"held_by\" is 3, which is not before the record's own id 2"},
        {"\"id\":1,", "\"id\":5000000000,",
         "t:3:59: error: \"cause\" is 0, which is too far before the record's own id 5000000000"},
        {"\"id\":1,\"t_ns\":5,\"kind\":\"timer\",\"node\":1,\"cause\":0",
         "\"id\":0,\"t_ns\":5,\"kind\":\"timer\",\"node\":1",
         "t:3:7: error: id 0 after id 0: ids rise from line to line"},
        {"\"t_ns\":9", "\"t_ns\":4", "t:4:16: error: 4 ns after 5 ns: time does not fall"},
        {"\"level\":\"all\"", "\"level\":\"messages\"",
         "t:3:25: error: a trace of level messages has no timer"},
        {"\"level\":\"all\"", "\"level\":\"all\",\"from_ns\":0,\"to_ns\":9",
         "t:4:16: error: 9 ns is outside the trace's window of 0 to 9 ns"},
        {"{\"id\":1,", "{\"record\":\"header\",\"id\":1,\"x\":1}\n{\"id\":1,",
         "t:3:11: error: a second header"},
        {"{\"id\":1,", "{\"record\":\"note\"}\n{\"id\":1,",
         "t:3:11: error: \"record\" must be header, on the first line, or end"},
    };
    check_all(cases);
}

TEST_CASE("a header that is none is refused with its place") {
    static constexpr Case cases[] = {
        {"\"record\":\"header\",", "",
         "t:1:1: error: a trace begins with its header, {\"record\":\"header\",…}: this is not a "
         "trace"},
        {"\"format\":\"zabsim.trace/1.4\",", "", "t:1:1: error: \"format\" is missing"},
        {"zabsim.trace/1.4", "other/1.0", "t:1:29: error: \"format\" must be zabsim.trace/1.4"},
        {"zabsim.trace/1.4", "zabsim.trace/1",
         "t:1:29: error: \"format\" must end in a version, as in 1.0"},
        {"zabsim.trace/1.4", "zabsim.trace/99999999.0",
         "t:1:29: error: \"format\" must end in a version, as in 1.0"},
        {"{\"behaviour\":1,\"commit\":\"c\"}", "7", "t:1:57: error: \"engine\" must be an object"},
        {"\"behaviour\":1,", "", "t:1:57: error: \"behaviour\" is missing"},
        {"\"commit\":\"c\"", "\"commit\":\"\\n\"",
         "t:1:81: error: \"commit\" must be a string of plain text"},
        {"\"seed\":\"0x1\"", "\"seed\":1",
         "t:1:93: error: \"seed\" must be a string \"0x…\" of 1 to 16 hexadecimal digits"},
        {"\"level\":\"all\"", "\"level\":\"most\"",
         "t:1:107: error: \"level\" must be one of: off, operations, protocol, messages, all"},
        {"\"level\":\"all\"", "\"level\":\"all\",\"to_ns\":7",
         "t:1:1: error: \"from_ns\" is missing"},
        {",\"scenario\":{}", "", "t:1:1: error: \"scenario\" is missing"},
        {"\"seed\":", "\"level\":\"all\",\"seed\":", "t:1:113: error: \"level\" stands twice"},
    };
    check_all(cases);
}

TEST_CASE("an end that does not agree with what stands above is refused with its place") {
    static constexpr Case cases[] = {
        {"{\"id\":1,", "\n{\"id\":3,", "t:5:7: error: id 2 after id 3: ids rise from line to line"},
        {"\"lines\":3", "\"lines\":4", "t:5:37: error: 3 records stand above, not 4"},
        {"\"records\":3", "\"records\":2",
         "t:5:27: error: a run of 2 records has none with the id 2"},
        {"\"records\":3", "\"records\":4", "t:5:88: error: they add up to less than \"records\""},
        {"\"lines\":3,\"t_ns\":9", "\"lines\":3,\"t_ns\":8",
         "t:5:46: error: the run ended before its last record, at 9 ns"},
        {"\"timer\":1", "\"timer\":2", "t:5:88: error: 1 records of kind timer stand above, not 2"},
        {"\"timer\":1", "\"timers\":1", "t:5:108: error: unknown kind \"timers\""},
        {"\"hash\":\"0x1\",", "", "t:5:1: error: \"hash\" is missing"},
        {"\"complete\":1}}\n", "\"complete\":1}}\n{}\n",
         "t:6:1: error: nothing may follow the end of the trace"},
        {"{\"record\":\"end\",", "{\"record\":\"end\",\"hash\":\"0x1\",",
         "t:5:79: error: \"hash\" stands twice"},
    };
    check_all(cases);
}

}  // namespace trace
