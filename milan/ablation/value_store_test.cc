#include "milan/ablation/value_store.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/parallel.h"

namespace milan {
namespace {

Array ValueOf(int64_t photo, int64_t size) {
  Array array{{1, size}, {}};
  for (int64_t i = 0; i < size; ++i) {
    array.values.push_back(static_cast<float>(photo * 1000 + i) / 7);
  }
  array.values[0] = photo % 2 == 0 ? -0.0F : std::numeric_limits<float>::infinity();
  return array;
}

TEST(ValueStore, GivesBackWhatWasPutWhereverItLies) {
  constexpr int64_t kPhotos = 40;
  constexpr uint64_t kBytesPerPhoto = (5 + 300) * sizeof(float);
  for (const uint64_t limit : {uint64_t{0}, 10 * kBytesPerPhoto, UINT64_MAX}) {
    ValueStore store(kPhotos, limit);
    ParallelFor(4, kPhotos, [&](int, int64_t photo) {
      const Array small = ValueOf(photo, 5);
      const Array large = ValueOf(photo, 300);
      const std::vector<ArrayView> values = {small.View(), large.View()};
      store.Put(photo, values);
    });
    EXPECT_LE(store.memory_bytes(), limit);
    EXPECT_EQ(store.memory_bytes() + store.disk_bytes(), kPhotos * kBytesPerPhoto);
    EXPECT_EQ(store.memory_bytes() / kBytesPerPhoto,
              std::min<uint64_t>(limit / kBytesPerPhoto, kPhotos));
    std::vector<float> buffer;
    for (int64_t photo = kPhotos - 1; photo >= 0; --photo) {
      const std::vector<ArrayView> values = store.Get(photo, &buffer);
      ASSERT_EQ(values.size(), 2U);
      const Array large = ValueOf(photo, 300);
      EXPECT_EQ(values[0].shape, (Shape{1, 5}));
      EXPECT_EQ(values[1].shape, large.shape);
      EXPECT_EQ(std::memcmp(values[1].values.data(), large.values.data(), 300 * sizeof(float)), 0);
    }
  }
}

}  // namespace
}  // namespace milan
