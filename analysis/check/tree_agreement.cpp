#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property tree_agreement{"tree_agreement",
                                  "servers that have applied the same history have the same tree",
                                  trace::Level::protocol};
constexpr Property family[] = {tree_agreement};

/// ZooKeeper checks this itself since 3.6: DataTree keeps a digest (AdHash) and compares it with
/// the leader's for the same transaction. Logs, zxids and prefixes can all be right where the tree
/// is not (ZOOKEEPER-3104). Which of two trees that differ is wrong is not known: they name each
/// other. A server that replays over a fuzzy snapshot tells no digest, as ZooKeeper compares none.
///
/// Of the latest points in a history one digest each is kept, the first that was told. Who is
/// farther behind than that is compared once it has caught up: what is wrong in a tree stays.
class TreeAgreement final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({deliver, history, snapshot_installed});
    }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<TreeAgreement>(*this);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (const Told& told : latest_) {
            fingerprint.add(told.zxid);
            fingerprint.add(told.prefix);
            fingerprint.add(std::uint64_t{told.digest});
        }
        return fingerprint.value();
    }

    void observe(const Step& step) override {
        const trace::Record& record = step.record;
        if (record.c() == 0) return;  // Not known: see the record table.
        const std::size_t place = record.zxid().counter() % kept;
        if (place >= latest_.size()) latest_.resize(place + 1);
        Told& told = latest_[place];
        if (told.prefix == record.b() && told.zxid == record.zxid() && told.digest != 0) {
            if (told.digest != record.c()) report(step, told);
        } else if (told.zxid <= record.zxid()) {
            told = {record.zxid(), record.b(), step.id, record.c(), record.node()};
        }
    }

  private:
    static constexpr std::size_t kept = 1024;

    struct Told {
        zab::Zxid zxid{};
        std::uint64_t prefix = 0;
        trace::RecordId record = no_record;
        std::uint32_t digest = 0;  ///< 0: nobody has told one yet.
        zab::NodeId node{};
    };

    static void report(const Step& step, const Told& told) {
        step.report(tree_agreement, {told.record}, [&] {
            return fmt::format(
                "after {} the tree of server {} is {:#010x}, that of server {} {:#010x}",
                text(told.zxid), step.record.node().value, step.record.c(), told.node.value,
                told.digest);
        });
    }

    std::vector<Told> latest_;  ///< By counter; no longer than the longest history yet.
};

}  // namespace

std::unique_ptr<Checker> make_tree_agreement() { return std::make_unique<TreeAgreement>(); }

}  // namespace analysis
