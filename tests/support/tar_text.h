#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace milan {

// Tar archives byte by byte, so that tests can also make those that no program would write.

/// A member's 512-byte header. `type` is tar's: '0' file, '1' hard link, '2' link, '5' folder, 'L'
/// GNU long name, 'x' pax attributes, 'g' pax attributes of all.
inline std::string TarHeader(const std::string& name, const std::string& octal_size,
                             char type = '0', const std::string& target = "",
                             const std::string& prefix = "") {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 7, "0000644");
  header.replace(108, 7, "0000000");
  header.replace(116, 7, "0000000");
  header.replace(124, octal_size.size(), octal_size);
  header.replace(136, 11, "00000000000");
  header.replace(148, 8, "        ");
  header[156] = type;
  header.replace(157, target.size(), target);
  header.replace(257, 8,
                 std::string("ustar\0"
                             "00",
                             8));
  header.replace(345, prefix.size(), prefix);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char checksum[8];
  std::snprintf(checksum, sizeof(checksum), "%06o", sum);
  header.replace(148, 7, checksum, 7);
  return header;
}

inline std::string OctalSize(uint64_t size) {
  char octal[16];
  std::snprintf(octal, sizeof(octal), "%011llo", static_cast<unsigned long long>(size));
  return octal;
}

/// Content padded to whole blocks.
inline std::string TarBlocks(const std::string& content) {
  return content + std::string((512 - content.size() % 512) % 512, '\0');
}

inline std::string TarMember(const std::string& name, const std::string& content, char type = '0') {
  return TarHeader(name, OctalSize(content.size()), type) + TarBlocks(content);
}

/// One attribute of a pax header, which begins with its own length.
inline std::string PaxAttribute(const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) ++length;
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

/// What follows the last member.
inline std::string TarEnd() { return std::string(1024, '\0'); }

}  // namespace milan
