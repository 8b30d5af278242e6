#include "sim/trace/byte_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace trace {

namespace {

constexpr mode_t file_mode = 0666;  // Less the user's umask.

/// Where `name` leads through symbolic links, which a rename would replace.
std::string resolved(const std::string& name) {
    const std::unique_ptr<char, decltype(&std::free)> path(::realpath(name.c_str(), nullptr),
                                                           &std::free);
    return path ? std::string(path.get()) : name;
}

bool is_device_or_pipe(const std::string& name) {
    struct stat status {};
    return ::stat(name.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

ByteSink::ByteSink(const std::string& name) : name_(name) {
    if (name == "-") {
        descriptor_ = STDOUT_FILENO;
    } else {
        open_file();
    }
    if (name.ends_with(".zst")) {
        compressor_ = std::make_unique<Compressor>();
        if (!failure_ && compressor_->failure()) failure_ = compressor_->failure();
    }
}

ByteSink::~ByteSink() {
    if (descriptor_ >= 0 && must_close_) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void ByteSink::open_file() {
    must_close_ = true;
    if (!is_device_or_pipe(name_)) {
        open_beside(resolved(name_));
        return;
    }
    descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("open", errno);
}

void ByteSink::open_beside(const std::string& target) {
    constexpr int max_attempts = 100;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        const std::string beside = fmt::format("{}.{}-{}.tmp", target, ::getpid(), attempt);
        descriptor_ = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode);
        if (descriptor_ >= 0) {
            target_ = target;
            temporary_ = beside;
            return;
        }
        if (errno != EEXIST) break;  // Else another trace of ours, or what a killed run left.
    }
    fail("create", errno);
}

void ByteSink::write(std::string_view bytes) {
    if (!compressor_) {
        write_raw(bytes);
        return;
    }
    while (!bytes.empty() && !failure_) {
        write_raw(compressor_->compress(bytes));
        if (!failure_) failure_ = compressor_->failure();
    }
}

void ByteSink::write_raw(std::string_view bytes) {
    while (!bytes.empty() && !failure_) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            fail("write", errno);
        }
    }
}

Failure ByteSink::commit() {
    while (compressor_ && !failure_) {
        const std::string_view rest = compressor_->finish();
        if (rest.empty()) break;
        write_raw(rest);
    }
    if (compressor_ && !failure_) failure_ = compressor_->failure();
    close_file();
    if (temporary_.empty() || failure_) return failure_;
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
        fail("rename to", errno);
    } else {
        temporary_.clear();
    }
    return failure_;
}

void ByteSink::close_file() {
    if (descriptor_ < 0 || !must_close_) return;
    // Some file systems report a full disk only here.
    if (::close(descriptor_) != 0 && errno != EINTR && !failure_) fail("write", errno);
    descriptor_ = -1;
}

void ByteSink::fail(std::string_view act, int error) {
    const std::string_view shown = name_ == "-" ? std::string_view("standard output") : name_;
    failure_ = fmt::format("{}: error: cannot {} it: {}", shown, act,
                           std::generic_category().message(error));
}

}  // namespace trace
