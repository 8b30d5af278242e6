#include "sim/trace/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace trace {

namespace {

constexpr std::size_t input_block = std::size_t{128} << 10;
constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // Some editors put it in front.

}  // namespace

ByteSource::ByteSource(const std::string& file) : input_(input_block) {
    if (file == "-") {
        descriptor_ = STDIN_FILENO;
    } else {
        descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        must_close_ = true;
    }
    if (descriptor_ < 0) {
        failure_ = fmt::format("cannot open it: {}", std::generic_category().message(errno));
        return;
    }
    recognise();
}

ByteSource::ByteSource(Text text) : text_(text.bytes), input_(input_block) { recognise(); }

ByteSource::~ByteSource() {
    if (descriptor_ >= 0 && must_close_) ::close(descriptor_);
}

void ByteSource::recognise() {
    std::size_t filled = 0;
    while (filled < zstd_magic.size()) {  // A pipe may give the first bytes one by one.
        const std::size_t got = read_raw(std::span(input_).subspan(filled));
        if (got == 0) break;
        filled += got;
    }
    pending_ = {input_.data(), filled};
    if (pending_.starts_with(byte_order_mark)) pending_.remove_prefix(byte_order_mark.size());
    if (pending_.starts_with(gzip_magic)) {
        failure_ = "it is compressed by gzip: give it to gunzip first, or write a .zst";
    }
    if (!pending_.starts_with(zstd_magic)) return;
    decompressor_ = std::make_unique<Decompressor>();
    failure_ = decompressor_->failure();
}

std::size_t ByteSource::read_raw(std::span<char> out) {
    if (failure_) return 0;
    if (descriptor_ < 0) {
        const std::size_t size = std::min(out.size(), text_.size());
        std::copy_n(text_.begin(), size, out.begin());
        text_.remove_prefix(size);
        return size;
    }
    ssize_t got = 0;
    do {
        got = ::read(descriptor_, out.data(), out.size());
    } while (got < 0 && errno == EINTR);
    if (got >= 0) return static_cast<std::size_t>(got);
    failure_ = fmt::format("cannot read it: {}", std::generic_category().message(errno));
    return 0;
}

std::size_t ByteSource::read(std::span<char> out) {
    if (!decompressor_) {
        if (pending_.empty()) return read_raw(out);
        const std::size_t size = std::min(out.size(), pending_.size());
        std::copy_n(pending_.begin(), size, out.begin());
        pending_.remove_prefix(size);
        return size;
    }
    while (!failure_) {
        const bool had_input = !pending_.empty();
        const std::size_t size = decompressor_->decompress(pending_, out);
        failure_ = decompressor_->failure();
        if (size > 0 || failure_) return size;
        if (!pending_.empty() && had_input) continue;
        refill();
        if (pending_.empty()) return 0;
    }
    return 0;
}

void ByteSource::refill() { pending_ = {input_.data(), read_raw(input_)}; }

bool ByteSource::is_cut_short() const {
    return decompressor_ && !decompressor_->is_between_frames();
}

}  // namespace trace
