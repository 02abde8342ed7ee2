#include "workers/pipeline/tile_grid.h"

#include "gtest/gtest.h"
#include "workers/pipeline/pipeline.h"

namespace pushbroom {
namespace {

TEST(TileAxisTest, CoversEveryPixelOnceByFinalParts) {
  for (int64_t length : {1, 2, 63, 64, 65, 100, 128, 1000, 1001}) {
    for (int overlap : {0, 2, 16, 32}) {
      const TileAxis axis(length, 64, overlap);
      int64_t next = 0;
      for (int k = 0; k < axis.count(); ++k) {
        EXPECT_EQ(axis.Begin(k), next);
        EXPECT_GT(axis.Inside(k), 0);
        next += axis.Final(k);
      }
      EXPECT_EQ(next, length) << "length " << length << " overlap " << overlap;
    }
  }
}

TEST(TileAxisTest, NeedsOneTileForAShortScene) {
  EXPECT_EQ(TileAxis(64, 64, 16).count(), 1);
  EXPECT_EQ(TileAxis(65, 64, 16).count(), 2);
}

TEST(TileAxisTest, TheLastTileAddsSomethingNew) {
  for (int64_t length = 1; length < 400; ++length) {
    const TileAxis axis(length, 64, 16);
    if (axis.count() > 1) {
      EXPECT_GT(axis.Inside(axis.count() - 1), 16) << length;
    }
  }
}

TEST(RisingWeightsTest, SumToOneWithTheirMirrorImage) {
  for (int overlap : {2, 16, 64, 96}) {
    const auto weights = RisingWeights(overlap);
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_FLOAT_EQ(weights[i] + weights[weights.size() - 1 - i], 1.0f);
    }
  }
}

TEST(ReflectTest, MirrorsWithoutRepeatingTheEdge) {
  EXPECT_EQ(Reflect(-1, 5), 1);
  EXPECT_EQ(Reflect(5, 5), 3);
  EXPECT_EQ(Reflect(8, 5), 0);
  EXPECT_EQ(Reflect(9, 5), 1);
  EXPECT_EQ(Reflect(7, 1), 0);
}

TEST(ChooseTileSizeTest, TakesTheSmallestThatHoldsTheScene) {
  EXPECT_EQ(ChooseTileSize({64, 128, 512}, 64, 64), 64);
  EXPECT_EQ(ChooseTileSize({64, 128, 512}, 65, 10), 128);
  EXPECT_EQ(ChooseTileSize({64, 128, 512}, 5000, 10), 512);
}

TEST(PlannedTilesTest, IsTheProductOfBothAxes) {
  EXPECT_EQ(PlannedTiles(100, 64, 64, 16), 2);
  EXPECT_EQ(PlannedTiles(100, 100, 64, 16), 4);
}

}  // namespace
}  // namespace pushbroom
