#include "workers/raster/gated_vsi.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
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

int StatFile(void*, const char* url, VSIStatBufL* info, int) {
  std::memset(info, 0, sizeof *info);
  const auto file = RemoteFiles::Get().Open(url);
  if (!file.ok()) return -1;
  info->st_size = (*file)->size;
  info->st_mode = S_IFREG;
  return 0;
}

void* OpenFile(void*, const char* url, const char* access) {
  if (std::strpbrk(access, "wa+") != nullptr) {
    errno = EACCES;
    return nullptr;
  }
  auto file = RemoteFiles::Get().Open(url);
  if (!file.ok()) {
    errno = ENOENT;
    return nullptr;
  }
  return new Handle{*std::move(file)};
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
  const auto by = static_cast<int64_t>(offset);
  int64_t to = by;
  if (whence == SEEK_CUR) to = h.position + by;
  if (whence == SEEK_END) to = h.file->size + by;
  if (to < 0) return -1;
  h.position = to;
  h.at_end = false;
  return 0;
}

size_t Read(void* handle, void* buffer, size_t size, size_t count) {
  Handle& h = Of(handle);
  if (size == 0 || count == 0) return 0;
  const auto wanted = static_cast<int64_t>(size * count);
  const auto bytes = RemoteFiles::Get().ReadRange(*h.file, h.position, wanted);
  if (!bytes.ok()) return 0;
  std::memcpy(buffer, bytes->data(), bytes->size());
  h.position += static_cast<int64_t>(bytes->size());
  h.at_end = static_cast<int64_t>(bytes->size()) < wanted;
  return bytes->size() / size;
}

int AtEnd(void* handle) { return Of(handle).at_end ? 1 : 0; }

/// Several ranges that one request fetches.
struct Fetch {
  int64_t begin = 0, end = 0;
  std::vector<int> ranges;
};

int ReadMultiRange(void* handle, int count, void** data,
                   const vsi_l_offset* offsets, const size_t* sizes) {
  const RemoteFile& file = *Of(handle).file;
  std::vector<int> order(count);
  for (int i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return offsets[a] < offsets[b]; });
  std::vector<Fetch> fetches;
  for (const int i : order) {
    const auto begin = static_cast<int64_t>(offsets[i]);
    const auto end = begin + static_cast<int64_t>(sizes[i]);
    if (end > file.size) return -1;
    if (!fetches.empty() && begin - fetches.back().end <= kMaxGap &&
        end - fetches.back().begin <= kCacheBytes) {
      fetches.back().end = std::max(fetches.back().end, end);
      fetches.back().ranges.push_back(i);
    } else {
      fetches.push_back({begin, end, {i}});
    }
  }
  std::vector<char> failed(fetches.size(), 0);
  const auto run = [&](size_t first) {
    for (size_t k = first; k < fetches.size(); k += kParallelRanges) {
      const Fetch& fetch = fetches[k];
      const auto bytes = RemoteFiles::Get().ReadRange(file, fetch.begin,
                                                      fetch.end - fetch.begin);
      if (!bytes.ok()) {
        failed[k] = 1;
        return;
      }
      for (const int i : fetch.ranges) {
        std::memcpy(
            data[i],
            bytes->data() + (static_cast<int64_t>(offsets[i]) - fetch.begin),
            sizes[i]);
      }
    }
  };
  std::vector<std::thread> threads;
  for (size_t k = 1; k < fetches.size() && k < kParallelRanges; ++k) {
    threads.emplace_back(run, k);
  }
  run(0);
  for (std::thread& thread : threads) thread.join();
  return std::count(failed.begin(), failed.end(), 1) == 0 ? 0 : -1;
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
