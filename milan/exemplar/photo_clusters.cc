#include "milan/exemplar/photo_clusters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/base/csv.h"
#include "milan/base/error.h"

namespace milan {
namespace {

/// Finds photos by the names that people have for them.
class PhotoIds {
 public:
  explicit PhotoIds(const PhotoSet& photos) : root_(photos.root.string() + "/") {
    for (size_t id = 0; id < photos.photos.size(); ++id) {
      ids_.emplace(photos.photos[id].name, static_cast<int32_t>(id));
    }
  }

  /// Nothing when there is no such photo.
  std::optional<int32_t> Find(std::string_view name) const {
    if (name.starts_with(root_)) name.remove_prefix(root_.size());
    while (name.starts_with("./")) name.remove_prefix(2);
    const auto found = ids_.find(std::string(name));
    if (found == ids_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::string root_;
  std::unordered_map<std::string, int32_t> ids_;
};

std::optional<int64_t> AsNumber(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || next != end) return std::nullopt;
  return number;
}

/// Orders 2 before 10, and both before names that are no numbers.
struct NameOrder {
  bool operator()(const std::string& a, const std::string& b) const { return Key(a) < Key(b); }
  static std::tuple<bool, int64_t, std::string_view> Key(const std::string& name) {
    const auto number = AsNumber(name);
    return {!number, number.value_or(0), name};
  }
};

class Reader {
 public:
  Reader(const CsvTable& table, const PhotoSet& photos)
      : table_(table),
        photos_(photos),
        ids_(photos),
        photo_(table.Column("photo")),
        cluster_(table.Column("cluster")),
        score_(table.FindColumn("score")) {}

  bool has_scores() const { return score_ >= 0; }

  std::map<std::string, std::vector<ClusterMember>, NameOrder> Read() {
    std::map<std::string, std::vector<ClusterMember>, NameOrder> clusters;
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      const auto id = ids_.Find(Field(row, photo_));
      if (!id) {
        missing_.insert(Field(row, photo_));
        continue;
      }
      const std::string& cluster = Field(row, cluster_);
      if (!seen_.emplace(cluster, *id).second) {
        throw InputError(fmt::format("{}: photo {} comes a second time in cluster {}", Place(row),
                                     Field(row, photo_), cluster));
      }
      clusters[cluster].push_back({*id, Score(row)});
    }
    if (!missing_.empty()) throw MissingPhotos();
    if (clusters.empty()) throw InputError(table_.name + ": has no rows, so there is no cluster");
    return clusters;
  }

 private:
  std::string Place(size_t row) const {
    return fmt::format("{}: row {}", table_.name, row + 1);  // the header is not counted
  }

  const std::string& Field(size_t row, size_t column) const {
    const std::string& field = table_.rows[row][column];
    if (field.empty()) {
      throw InputError(fmt::format("{}: has no {}", Place(row), table_.header[column]));
    }
    return field;
  }

  float Score(size_t row) const {
    if (score_ < 0) return 1;
    const std::string& text = Field(row, static_cast<size_t>(score_));
    float score = 0;
    const char* end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, score);
    if (error != std::errc() || next != end || !std::isfinite(score)) {
      throw InputError(fmt::format("{}: score '{}' is not a finite number", Place(row), text));
    }
    return score;
  }

  Error MissingPhotos() const {
    constexpr size_t kShown = 3;
    std::vector<std::string> shown(
        missing_.begin(),
        std::next(missing_.begin(), static_cast<ptrdiff_t>(std::min(kShown, missing_.size()))));
    return InputError(fmt::format(
        "{}: {} of its photos are not in {}: {}{}; photos there are called {} and the like",
        table_.name, missing_.size(), photos_.root.string(), fmt::join(shown, ", "),
        missing_.size() > kShown ? ", ..." : "", photos_.photos.front().name));
  }

  const CsvTable& table_;
  const PhotoSet& photos_;
  PhotoIds ids_;
  size_t photo_;
  size_t cluster_;
  int score_;
  std::set<std::string> missing_;
  std::set<std::pair<std::string, int32_t>> seen_;
};

}  // namespace

ClusterTable ReadClusters(const Path& path, const PhotoSet& photos, bool ascending) {
  const CsvTable table = ReadCsv(path);
  Reader reader(table, photos);
  if (ascending && !reader.has_scores()) {
    throw UsageError(path.string() + ": has no column 'score' to order by");
  }
  ClusterTable result;
  result.has_scores = reader.has_scores();
  for (auto& [name, members] : reader.Read()) {
    std::sort(members.begin(), members.end(), [&](const auto& a, const auto& b) {
      if (a.score != b.score) return ascending ? a.score < b.score : a.score > b.score;
      return a.photo < b.photo;
    });
    result.clusters.push_back({name, std::move(members)});
  }
  return result;
}

}  // namespace milan
