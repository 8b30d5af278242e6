#include "protocol/service/tree.hpp"

namespace zab {

Zxid Tree::last_writer(PathId path) const {
    const std::size_t chunk = path / chunk_size;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) {
        return {};
    }
    return (*chunks_[chunk])[path % chunk_size];
}

void Tree::write(PathId path, Zxid zxid) {
    const std::size_t index = path / chunk_size;
    if (index >= chunks_.size()) {
        chunks_.resize(index + 1);
    }
    std::shared_ptr<Chunk>& chunk = chunks_[index];
    if (chunk == nullptr) {
        chunk = std::make_shared<Chunk>();
    } else if (chunk.use_count() > 1) {
        chunk = std::make_shared<Chunk>(*chunk);
    }
    Zxid& writer = (*chunk)[path % chunk_size];
    paths_ += writer == Zxid{} ? 1u : 0u;
    digest_ += digest_of(path, zxid) - digest_of(path, writer);
    writer = zxid;
}

}  // namespace zab
