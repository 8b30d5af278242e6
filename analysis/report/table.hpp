#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace analysis {

enum class Align : std::uint8_t { left, right };

struct Column {
    std::string title;
    Align align = Align::right;
};

/// Text in columns, two blanks apart, each line indented by two. Cells are ASCII.
class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// Requires as many cells as columns.
    void add(std::vector<std::string> cells);
    bool is_empty() const { return rows_.empty(); }
    std::string text() const;

  private:
    std::string line(const std::vector<std::string>& cells,
                     const std::vector<std::size_t>& widths) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace analysis
