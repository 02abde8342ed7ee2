// ZIP archives of empty, stored entries: sniffing looks at names alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pushbroom::testing {

inline void Little(std::string& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out += static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

/// `claimed_size` is what every entry says that it unpacks to.
inline std::string ZipOf(const std::vector<std::string>& names,
                         uint32_t claimed_size = 0) {
  std::string out, directory;
  for (const std::string& name : names) {
    const auto offset = static_cast<uint32_t>(out.size());
    const auto header = [&](std::string& to) {
      Little(to, 20, 2);                    // version needed
      Little(to, 0, 2);                     // flags
      Little(to, claimed_size ? 8 : 0, 2);  // deflated or stored
      Little(to, 0, 4);                     // time
      Little(to, 0, 4);                     // CRC
      Little(to, 0, 4);                     // packed
      Little(to, claimed_size, 4);          // unpacked
      Little(to, static_cast<uint32_t>(name.size()), 2);
      Little(to, 0, 2);  // extra
    };
    Little(out, 0x04034b50, 4);
    header(out);
    out += name;
    Little(directory, 0x02014b50, 4);
    Little(directory, 20, 2);
    header(directory);
    Little(directory, 0, 2);  // comment
    Little(directory, 0, 2);  // disk
    Little(directory, 0, 2);
    Little(directory, 0, 4);  // attributes
    Little(directory, offset, 4);
    directory += name;
  }
  const auto start = static_cast<uint32_t>(out.size());
  out += directory;
  Little(out, 0x06054b50, 4);
  Little(out, 0, 4);  // disks
  Little(out, static_cast<uint32_t>(names.size()), 2);
  Little(out, static_cast<uint32_t>(names.size()), 2);
  Little(out, static_cast<uint32_t>(directory.size()), 4);
  Little(out, start, 4);
  Little(out, 0, 2);
  return out;
}

inline std::string TorchScript() {
  return ZipOf({"net/data.pkl", "net/code/__torch__.py", "net/constants.pkl",
                "net/data/0", "net/version"});
}

inline std::string TorchSave() {
  return ZipOf({"archive/data.pkl", "archive/data/0", "archive/version"});
}

}  // namespace pushbroom::testing
