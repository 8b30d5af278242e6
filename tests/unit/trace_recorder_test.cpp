#include "sim/trace/recorder.hpp"
#include "tests/support/trace_samples.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <set>

namespace trace {

namespace {

RunHash hash_of(std::span<const Record> records) {
    Recorder recorder;
    for (const Record& record : records) recorder.add(record);
    return recorder.hash();
}

struct Seen final : Sink {
    std::vector<RecordId> ids;
    void observe(const Record&, RecordId id) override { ids.push_back(id); }
};

}  // namespace

TEST_CASE("a recorder numbers records from 0 and counts them by kind") {
    Recorder recorder;

    CHECK(recorder.add(Record({.kind = Kind::looking})) == 0);
    CHECK(recorder.add(Record({.kind = Kind::ack})) == 1);
    CHECK(recorder.add(Record({.kind = Kind::ack})) == 2);

    CHECK(recorder.next_id() == 3);
    CHECK(recorder.counts()[static_cast<std::size_t>(Kind::ack)] == 2);
    CHECK(recorder.counts()[static_cast<std::size_t>(Kind::looking)] == 1);
    CHECK(recorder.counts()[static_cast<std::size_t>(Kind::commit)] == 0);
}

TEST_CASE("a copied recorder goes on as the original does") {
    const auto run = tests::sample_run(200, 1);
    Recorder original;
    for (std::size_t i = 0; i < 100; ++i) original.add(run[i]);

    Recorder copy = original;
    for (std::size_t i = 100; i < 200; ++i) {
        original.add(run[i]);
        copy.add(run[i]);
    }

    CHECK((copy == original));
    CHECK((copy.hash() == hash_of(run)));
}

TEST_CASE("the hash of a fixed sequence never changes without raising the behaviour") {
    tests::Random random(7);
    std::vector<Record> run;
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        std::array<std::uint64_t, 8> words{};
        for (std::uint64_t& word : words) word = random.next();
        words[1] = (words[1] & ~std::uint64_t{0xff}) | (i % 32);
        run.push_back(std::bit_cast<Record>(words));
    }

    CHECK(hash_of({}).value == 0xc5bbeffece033e97);
    CHECK(hash_of(run).value == 0xc26b4955c51cc6e7);
}

TEST_CASE("exchanging any two neighbours changes the hash") {
    auto run = tests::sample_run(100, 2);
    const RunHash before = hash_of(run);

    for (std::size_t i = 0; i + 1 < run.size(); ++i) {
        std::swap(run[i], run[i + 1]);
        CHECK((hash_of(run) != before));
        std::swap(run[i], run[i + 1]);
    }
}

TEST_CASE("one more, one less or one repeated record changes the hash") {
    const auto run = tests::sample_run(50, 3);
    const RunHash before = hash_of(run);
    auto longer = run;
    longer.emplace_back();

    CHECK((hash_of(longer) != before));
    CHECK((hash_of(std::span(run).first(49)) != before));
    longer.back() = run.back();
    CHECK((hash_of(longer) != before));
}

TEST_CASE("every single bit of every word changes about half of the hash") {
    auto run = tests::sample_run(3 * kind_count, 4);
    const std::uint64_t before = hash_of(run).value;
    const Record middle = run[kind_count + 5];
    std::set<std::uint64_t> hashes;
    int changed = 0;

    for (std::size_t word = 0; word < 8; ++word) {
        for (unsigned bit = 0; bit < 64; ++bit) {
            auto words = middle.words();
            // A kind beyond the enumeration is no record: only its lower bits may change.
            if (word == 1 && bit < 8) continue;
            words[word] ^= std::uint64_t{1} << bit;
            run[kind_count + 5] = std::bit_cast<Record>(words);
            const std::uint64_t after = hash_of(run).value;
            CHECK(after != before);
            hashes.insert(after);
            changed += std::popcount(after ^ before);
        }
    }

    constexpr int flips = 8 * 64 - 8;
    CHECK(hashes.size() == flips);
    CHECK(changed > flips * 30);
    CHECK(changed < flips * 34);
}

TEST_CASE("every kind hashes differently, even with all other fields zero") {
    std::set<std::uint64_t> hashes;
    for (const Row& row : rows()) {
        const Record record({.kind = row.kind});
        hashes.insert(hash_of(std::span(&record, 1)).value);
    }

    CHECK(hashes.size() == kind_count);
}

TEST_CASE("a sink gets the kinds that it subscribed to, and no others") {
    Seen acks, all, none;
    Outlets outlets;
    outlets.add(acks, kind_bit(Kind::ack));
    outlets.add(none, 0);

    CHECK(outlets.wanted() == kind_bit(Kind::ack));
    outlets.publish(Record({.kind = Kind::ack}), 0);
    outlets.publish(Record({.kind = Kind::commit}), 1);
    outlets.add(all, all_kinds);
    outlets.publish(Record({.kind = Kind::commit}), 2);
    outlets.publish(Record({.kind = Kind::ack}), 3);

    CHECK((acks.ids == std::vector<RecordId>{0, 3}));
    CHECK((all.ids == std::vector<RecordId>{2, 3}));
    CHECK(none.ids.empty());
}

}  // namespace trace
