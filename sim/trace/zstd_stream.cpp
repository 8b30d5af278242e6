#include "sim/trace/zstd_stream.hpp"

#include <fmt/format.h>
#include <zstd.h>

namespace trace {

namespace {

struct FreeCompression {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

struct FreeDecompression {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// The first level is nearly as fast as the writer, and higher ones gain little on traces.
constexpr int compression_level = 1;

}  // namespace

struct Compressor::Context {
    std::unique_ptr<ZSTD_CCtx, FreeCompression> zstd{ZSTD_createCCtx()};
};

Compressor::Compressor() : context_(std::make_unique<Context>()), output_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx* const zstd = context_->zstd.get();
    if (zstd == nullptr ||
        ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, compression_level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1))) {
        failure_ = "zstd cannot be set up";
    }
}

Compressor::~Compressor() = default;

std::string_view Compressor::step(std::string_view& input, bool last) {
    if (failure_ || is_finished_) {
        input = {};
        return {};
    }
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output_.data(), output_.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(context_->zstd.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) {
        failure_ = fmt::format("zstd: {}", ZSTD_getErrorName(left));
        input = {};
        return {};
    }
    input.remove_prefix(in.pos);
    is_finished_ = last && left == 0;
    return {output_.data(), out.pos};
}

std::string_view Compressor::finish() {
    std::string_view nothing;
    return step(nothing, true);
}

struct Decompressor::Context {
    std::unique_ptr<ZSTD_DCtx, FreeDecompression> zstd{ZSTD_createDCtx()};
};

Decompressor::Decompressor() : context_(std::make_unique<Context>()) {
    if (!context_->zstd) failure_ = "zstd cannot be set up";
}

Decompressor::~Decompressor() = default;

std::size_t Decompressor::decompress(std::string_view& input, std::span<char> out) {
    // Without input the library would begin a frame that nobody announced.
    if (failure_ || (input.empty() && is_between_frames_)) return 0;
    ZSTD_inBuffer from{input.data(), input.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_->zstd.get(), &to, &from);
    if (ZSTD_isError(left)) {
        failure_ = fmt::format("the zstd data are damaged: {}", ZSTD_getErrorName(left));
        return 0;
    }
    input.remove_prefix(from.pos);
    is_between_frames_ = left == 0;
    return to.pos;
}

}  // namespace trace
