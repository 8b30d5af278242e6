#include "tests/unit/check_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace analysis {

namespace {

constexpr Txn a1 = then(nothing, 1, 1);
constexpr Txn a2 = then(a1, 1, 2);

Script begun() { return Script().begin().write(1, a1, {1, 2, 3}); }

bool names(const std::vector<Property>& properties, std::string_view name) {
    return std::ranges::any_of(properties, [&](const Property& p) { return p.name == name; });
}

}  // namespace

TEST_CASE("a copied set goes on independently of the original") {
    CheckerSet original = checked(begun());
    CheckerSet copy = original;
    const std::uint64_t before = original.fingerprint();

    feed(copy, Script().deliver(3, a1).records());

    CHECK(copy.violation_count("total_order") == 1);
    CHECK(original.is_clean());
    CHECK(original.fingerprint() == before);
    feed(original, Script().write(1, a2, {1, 2}).records());
    CHECK(original.is_clean());
}

TEST_CASE("an assigned set is equal to its source and independent of it") {
    const CheckerSet source = checked(begun());
    CheckerSet target(small_ensemble());

    target = source;
    CHECK(target.fingerprint() == source.fingerprint());
    feed(target, Script().propose(1, a2).records());

    CHECK(target.fingerprint() != source.fingerprint());
}

TEST_CASE("fingerprints tell states apart, and not the ways to them") {
    Script one = begun().propose(1, a2);
    Script other = begun().propose(1, a2);
    one.take(1, a2).take(2, a2);
    other.take(2, a2).take(1, a2);

    CHECK(checked(one).fingerprint() == checked(other).fingerprint());

    const std::uint64_t reached = checked(one).fingerprint();
    CHECK(checked(Script(one).synced(3, a2)).fingerprint() != reached);
    CHECK(checked(Script(one).deliver(1, a2)).fingerprint() != reached);
    CHECK(checked(Script(one).accepted(1, 2)).fingerprint() != reached);
    CHECK(checked(Script(one).commit(1, a2, 2)).fingerprint() != reached);
    CHECK(checked(Script(one).stopped(1)).fingerprint() != reached);
    const auto set = trace::Operation::set;
    CHECK(checked(Script(one).invoke(0, 1, set, 1)).fingerprint() != reached);
}

TEST_CASE("a level answers what its records can show, and names what is left out") {
    const CheckerSet at_operations(small_ensemble(), trace::Level::operations);
    const CheckerSet at_protocol(small_ensemble(), trace::Level::protocol);
    const CheckerSet at_all(small_ensemble());

    CHECK(names(at_operations.properties_checked(), "linearizable_writes"));
    CHECK_FALSE(names(at_operations.properties_checked(), "agreement"));
    CHECK(names(at_operations.properties_left_out(), "agreement"));
    CHECK(names(at_protocol.properties_checked(), "agreement"));
    CHECK(names(at_protocol.properties_checked(), "log_continuity"));
    CHECK(at_protocol.properties_left_out().empty());
    CHECK(at_all.properties_left_out().empty());
    CHECK(at_all.properties_checked().size() == all_properties().size());
    CHECK((level_needed() == trace::Level::protocol));
    CHECK((level_needed("agreement") == trace::Level::protocol));
    CHECK((level_needed("no such property") == std::nullopt));
}

TEST_CASE("no property asks for records that its level does not show") {
    for (const trace::Level level : {trace::Level::operations, trace::Level::protocol}) {
        const CheckerSet full(small_ensemble(), level);
        CheckerSet shown(small_ensemble(), level);
        const Script script = begun().propose(1, a2).append(2, a2).stopped(2).booted(2, a2, 1);

        trace::RecordId id = 0;
        for (const trace::Record& record : script.records()) {
            if (trace::row(record.kind()).level <= level) shown.observe(record, id);
            ++id;
        }

        CHECK(shown.is_clean());
    }
}

TEST_CASE("violations are counted without bound and kept within one") {
    Script script = begun();
    for (int i = 0; i < 100; ++i) script.deliver(3, a1);
    const CheckerSet checkers = checked(script);

    CHECK(checkers.violation_count("total_order") == 100);
    CHECK(checkers.violations().size() == Findings::kept_per_property);
}

TEST_CASE("records of servers that nobody declared do no harm") {
    const Script script = begun().synced(900, a1).deliver(65535, a1).serving(7, 900, 1, a1);
    const CheckerSet checkers = checked(script);

    CHECK(checkers.violation_count() > 0);
}

namespace {

/// Far more than the window of prefixes; server 3 takes part in the first ten only.
Script long_run(Txn& tenth, Txn& last) {
    Script script = Script().begin();
    for (std::uint32_t i = 1; i <= 100'000; ++i) {
        last = then(last, 1, i);
        if (i <= 10) {
            script.write(1, last, {1, 2, 3});
            tenth = last;
            continue;
        }
        script.broadcast(1, last, {1, 2}).commit(1, last, 2);
        if (i == 11) script.append(3, last).synced(3, last).stopped(3);
    }
    return script;
}

}  // namespace

TEST_CASE("a server that returns after long is checked against what it left with") {
    Txn tenth;
    Txn last;
    const CheckerSet before = checked(long_run(tenth, last));
    const Txn eleventh = then(tenth, 1, 11);
    CHECK(before.is_clean());

    CheckerSet good = before;
    feed(good, Script()
                   .booted(3, eleventh, 1)
                   .following(3, 1)
                   .installed(3, 1, last)
                   .snapshot(3, last, true)
                   .synchronized(3, 1, 1, last)
                   .history(3, last)
                   .serving(3, 1, 1, last)
                   .records());
    CHECK(good.is_clean());

    CheckerSet lagging = before;
    Script catching_up = Script().booted(3, eleventh, 1);
    for (Txn t = eleventh; t.zxid.counter() < 5000;) {
        t = then(t, 1, t.zxid.counter() + 1);
        catching_up.append(3, t).deliver(3, t).synced(3, t).ack(3, t);
    }
    feed(lagging, catching_up.records());
    CHECK(lagging.is_clean());

    CheckerSet shortened = before;
    feed(shortened, Script().booted(3, tenth, 1).records());
    CHECK(shortened.violation_count("boot_soundness") == 1);

    CheckerSet diverging = before;
    Script wrong = Script().booted(3, eleventh, 1);
    for (Txn t = then(eleventh, 1, 12, 7); t.zxid.counter() < 1500;) {
        wrong.deliver(3, t);
        t = then(t, 1, t.zxid.counter() + 1);
    }
    feed(diverging, wrong.records());
    CHECK(diverging.violation_count("integrity") == 1);
}

TEST_CASE("a divergence below the window shows at the next landmark") {
    PrefixLog log;
    constexpr std::uint32_t count = 200'000;
    for (std::uint32_t i = 1; i <= count; ++i) log.push(i, std::uint64_t{i} * 3);

    CHECK(log.last() == count);
    CHECK((log.at(count) == std::uint64_t{count} * 3));
    CHECK((log.at(1024) == 1024 * 3));
    CHECK((log.at(1023) == std::nullopt));
    CHECK((log.at(count + 1) == std::nullopt));
    CHECK((log.at(count - PrefixLog::window + 1).has_value()));
    log.settle();
    CHECK((log.at(count).has_value()));
    CHECK((log.at(count - PrefixLog::window + 1) == std::nullopt));
}

TEST_CASE("an epoch of ten million transactions is remembered at two thousand points, evenly") {
    PrefixLog log;
    constexpr std::uint32_t count = 10'000'000;
    for (std::uint32_t i = 1; i <= count; ++i) log.push(i, std::uint64_t{i} * 3);

    std::size_t known = 0;
    for (std::uint32_t i = 1024; i < count - 2 * PrefixLog::window; i += 1024) {
        known += log.at(i).has_value();
    }
    CHECK(known <= PrefixLog::most_landmarks);
    CHECK(known >= PrefixLog::most_landmarks / 4);
    for (std::uint32_t i = 8192; i < count; i += 8192) REQUIRE(log.at(i) == std::uint64_t{i} * 3);
}

}  // namespace analysis
