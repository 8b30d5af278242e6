#pragma once

#include "tests/unit/check_script.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace analysis {

/// What the abstract Zab of tests/unit/check_model.hpp is made of.
struct ModelParts {
    using Node = std::uint16_t;
    enum class Role { down, looking, leading, following };

    struct Entry {
        Txn txn;
        std::optional<std::uint64_t> client;
        std::uint32_t cxid = 0;
    };

    struct Server {
        Role role = Role::down;
        std::vector<Entry> log;   ///< With what is only in the page cache.
        std::size_t durable = 0;  ///< How much of the log.
        std::size_t applied = 0;
        std::size_t acked = 0;
        std::uint32_t accepted = 0, current = 0;
        // As a leader.
        std::size_t committed = 0;
        std::size_t initial = 0;
        std::vector<std::size_t> acks;  ///< By node; they may arrive late.
        // As a learner.
        Node leader = 0;
    };

    struct Client {
        Node server = 0;
        std::uint64_t session = 0;
        std::uint32_t cxid = 0;
        std::deque<std::uint32_t> outstanding;
        zab::Zxid seen;
        bool watches = false;
    };

    /// Every third transaction sets what clients watch.
    static bool is_watched(Txn txn) { return txn.zxid.counter() % 3 == 0; }
};

}  // namespace analysis
