#include "workers/raster/gated_vsi.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "cpl_conv.h"
#include "cpl_vsi.h"
#include "workers/raster/remote_files.h"

namespace pushbroom {
namespace {

constexpr char kPrefix[] = "/vsigate/";
constexpr int64_t kCacheBytes = 16 * 1024 * 1024;  // per open dataset
constexpr int kParallelRanges = 4;
constexpr int64_t kMaxGap = 64 * 1024;  // cheaper to read than to ask again

/// An open file, as GDAL's callbacks see it.
struct Handle {
  std::shared_ptr<const RemoteFile> file;
  int64_t position = 0;
  bool at_end = false;
};

Handle& Of(void* handle) { return *static_cast<Handle*>(handle); }

/// What `work` gives, or `failure` where it throws: GDAL calls through C and
/// no exception may cross it.
template <typename Result, typename Work>
Result NoThrow(Result failure, const Work& work) noexcept {
  try {
    return work();
  } catch (...) {
    errno = EIO;
    return failure;
  }
}

int StatFile(void*, const char* url, VSIStatBufL* info, int) {
  return NoThrow(-1, [&] {
    std::memset(info, 0, sizeof *info);
    const auto file = RemoteFiles::Get().Open(url);
    if (!file.ok()) return -1;
    info->st_size = (*file)->size;
    info->st_mode = S_IFREG;
    return 0;
  });
}

void* OpenFile(void*, const char* url, const char* access) {
  if (std::strpbrk(access, "wa+") != nullptr) {
    errno = EACCES;
    return nullptr;
  }
  return NoThrow(static_cast<void*>(nullptr), [&]() -> void* {
    auto file = RemoteFiles::Get().Open(url);
    if (!file.ok()) {
      errno = ENOENT;
      return nullptr;
    }
    return new Handle{*std::move(file)};
  });
}

int CloseFile(void* handle) {
  delete static_cast<Handle*>(handle);
  return 0;
}

vsi_l_offset Tell(void* handle) {
  return static_cast<vsi_l_offset>(Of(handle).position);
}

int Seek(void* handle, vsi_l_offset offset, int whence) {
  Handle& h = Of(handle);
  int64_t from = 0;
  if (whence == SEEK_CUR) from = h.position;
  if (whence == SEEK_END) from = h.file->size;
  int64_t to = 0;
  if (__builtin_add_overflow(from, static_cast<int64_t>(offset), &to) ||
      to < 0) {
    return -1;
  }
  h.position = to;
  h.at_end = false;
  return 0;
}

size_t Read(void* handle, void* buffer, size_t size, size_t count) {
  Handle& h = Of(handle);
  if (size == 0 || count == 0) return 0;
  int64_t wanted = 0;
  if (__builtin_mul_overflow(size, count, &wanted)) return 0;
  return NoThrow(size_t{0}, [&]() -> size_t {
    const auto bytes =
        RemoteFiles::Get().ReadRange(*h.file, h.position, wanted);
    if (!bytes.ok()) return 0;
    std::memcpy(buffer, bytes->data(), bytes->size());
    h.position += static_cast<int64_t>(bytes->size());
    h.at_end = static_cast<int64_t>(bytes->size()) < wanted;
    return bytes->size() / size;
  });
}

int AtEnd(void* handle) { return Of(handle).at_end ? 1 : 0; }

/// Several ranges that one request fetches.
struct Fetch {
  int64_t begin = 0, end = 0;
  std::vector<int> ranges;
};

// The ranges, joined where they are near to each other; false where one of
// them does not lie in the file. The numbers come from the file: a BigTIFF may
// name any offset of 64 bits.
bool PlanFetches(int64_t file_size, int count, const vsi_l_offset* offsets,
                 const size_t* sizes, std::vector<Fetch>& fetches) {
  const auto limit = static_cast<uint64_t>(file_size);
  std::vector<int> order(count);
  for (int i = 0; i < count; ++i) {
    if (offsets[i] > limit || sizes[i] > limit - offsets[i]) return false;
    order[i] = i;
  }
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return offsets[a] < offsets[b]; });
  for (const int i : order) {
    const auto begin = static_cast<int64_t>(offsets[i]);
    const auto end = begin + static_cast<int64_t>(sizes[i]);
    if (!fetches.empty() && begin - fetches.back().end <= kMaxGap &&
        end - fetches.back().begin <= kCacheBytes) {
      fetches.back().end = std::max(fetches.back().end, end);
      fetches.back().ranges.push_back(i);
    } else {
      fetches.push_back({begin, end, {i}});
    }
  }
  return true;
}

bool FetchRanges(const RemoteFile& file, const Fetch& fetch, void** data,
                 const vsi_l_offset* offsets, const size_t* sizes) {
  return NoThrow(false, [&] {
    const int64_t length = fetch.end - fetch.begin;
    const auto bytes = RemoteFiles::Get().ReadRange(file, fetch.begin, length);
    if (!bytes.ok() || static_cast<int64_t>(bytes->size()) != length) {
      return false;
    }
    for (const int i : fetch.ranges) {
      std::memcpy(
          data[i],
          bytes->data() + (static_cast<int64_t>(offsets[i]) - fetch.begin),
          sizes[i]);
    }
    return true;
  });
}

int ReadMultiRange(void* handle, int count, void** data,
                   const vsi_l_offset* offsets, const size_t* sizes) {
  const RemoteFile& file = *Of(handle).file;
  return NoThrow(-1, [&] {
    std::vector<Fetch> fetches;
    if (!PlanFetches(file.size, count, offsets, sizes, fetches)) return -1;
    std::vector<char> failed(fetches.size(), 0);
    const auto run = [&](size_t first) {
      for (size_t k = first; k < fetches.size(); k += kParallelRanges) {
        if (!FetchRanges(file, fetches[k], data, offsets, sizes)) {
          failed[k] = 1;
          return;
        }
      }
    };
    std::vector<std::thread> threads;
    threads.reserve(kParallelRanges);
    for (size_t k = 1; k < fetches.size() && k < kParallelRanges; ++k) {
      try {
        threads.emplace_back(run, k);
      } catch (const std::system_error&) {
        run(k);  // no thread to be had
      }
    }
    run(0);
    for (std::thread& thread : threads) thread.join();
    return std::count(failed.begin(), failed.end(), 1) == 0 ? 0 : -1;
  });
}

// Nothing stands beside a URL: GDAL must not probe for sidecars.
char** NoSiblings(void*, const char*) {
  return static_cast<char**>(CPLCalloc(1, sizeof(char*)));
}

void InstallHandler() {
  VSIFilesystemPluginCallbacksStruct* callbacks =
      VSIAllocFilesystemPluginCallbacksStruct();
  callbacks->stat = &StatFile;
  callbacks->open = &OpenFile;
  callbacks->close = &CloseFile;
  callbacks->tell = &Tell;
  callbacks->seek = &Seek;
  callbacks->read = &Read;
  callbacks->eof = &AtEnd;
  callbacks->read_multi_range = &ReadMultiRange;
  callbacks->sibling_files = &NoSiblings;
  callbacks->nBufferSize = RemoteFiles::kHeadBytes;
  callbacks->nCacheSize = kCacheBytes;
  VSIInstallPluginHandler(kPrefix, callbacks);
  VSIFreeFilesystemPluginCallbacksStruct(callbacks);
}

}  // namespace

void InstallGatedVsi(HttpClient& client) {
  static const bool installed = (InstallHandler(), true);
  (void)installed;
  RemoteFiles::Get().SetClient(&client);
}

std::string GatedName(const std::string& url) { return kPrefix + url; }

absl::Status GatedError(const std::string& name) {
  if (!absl::StartsWith(name, kPrefix)) return absl::OkStatus();
  return RemoteFiles::Get().ErrorOf(name.substr(sizeof kPrefix - 1));
}

}  // namespace pushbroom
