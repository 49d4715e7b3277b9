#include "tests/support/npz.h"

#include <memory>

#include <zip.h>

namespace milan {

std::map<std::string, NpyArray> ReadNpz(const Path& path) {
  int code = 0;
  std::unique_ptr<zip_t, decltype(&zip_discard)> archive(zip_open(path.c_str(), ZIP_RDONLY, &code),
                                                         zip_discard);
  if (!archive) throw InputError(path.string() + ": not a readable zip file");
  std::map<std::string, NpyArray> arrays;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    zip_stat_index(archive.get(), i, 0, &stat);
    std::vector<std::byte> bytes(stat.size);
    std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive.get(), i, 0),
                                                            zip_fclose);
    if (!file || zip_fread(file.get(), bytes.data(), bytes.size()) !=
                     static_cast<zip_int64_t>(bytes.size())) {
      throw InputError(path.string() + ": cannot read " + stat.name);
    }
    std::string name = stat.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    arrays[name] = ParseNpy(bytes, path.string() + ":" + stat.name);
  }
  return arrays;
}

}  // namespace milan
