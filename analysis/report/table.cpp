#include "analysis/report/table.hpp"

#include "protocol/types/ensure.hpp"

#include <algorithm>

namespace analysis {

void Table::add(std::vector<std::string> cells) {
    zab::ensure(cells.size() == columns_.size(), "a row has a cell for each column");
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::vector<std::size_t> widths;
    std::vector<std::string> titles;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = columns_[i].title.size();
        for (const auto& row : rows_) width = std::max(width, row[i].size());
        widths.push_back(width);
        titles.push_back(columns_[i].title);
    }
    std::string out = line(titles, widths);
    for (const auto& row : rows_) out += line(row, widths);
    return out;
}

std::string Table::line(const std::vector<std::string>& cells,
                        const std::vector<std::size_t>& widths) const {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string blanks(widths[i] - cells[i].size(), ' ');
        out += "  ";
        out += columns_[i].align == Align::right ? blanks + cells[i] : cells[i] + blanks;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + '\n';
}

}  // namespace analysis
