#pragma once

#include "tests/unit/check_script.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace analysis {

inline constexpr Txn a1 = then(nothing, 1, 1);
inline constexpr Txn a2 = then(a1, 1, 2);
inline constexpr Txn a3 = then(a2, 1, 3);
inline constexpr Txn b1 = then(a1, 2, 1);  // Epoch 2 begins without a2.
inline constexpr Txn x1 = then(nothing, 1, 1, 7);

struct Case {
    std::string name;
    std::string_view property;
    Script script;
    std::string release = "fixed";
};

inline Script begun() { return Script().begin(); }

inline Script with(const std::function<void(Script&)>& act) {
    Script script = begun()
                        .write(1, a1, {1, 2, 3})
                        .write(1, a2, {1, 2, 3})
                        .write(1, a3, {1, 2, 3})
                        .connected(0, 1, 8)
                        .connected(1, 2, 9);
    act(script);
    return script;
}

std::vector<Case> planted_in_watches();

}  // namespace analysis
