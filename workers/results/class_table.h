// Which value of the class raster stands for what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schemas/model.h"
#include "workers/results/palette.h"

namespace pushbroom {

struct ResultClass {
  uint8_t value = 0;
  std::string name;  // [0-9A-Za-z-_]+
  std::string title, description;
  Rgb color{};
};

struct ClassTable {
  std::vector<ResultClass> classes;  // by value, ascending
  // By output channel; of a one-channel model [0] below and [1] at or above
  // the threshold. As PipelineOptions::class_values wants it.
  std::vector<uint8_t> channel_values;
  uint8_t nodata = 255;  // 255, or the highest free value
};

/// The table of a model output with `channels` channels. Channels for which
/// the model names no class get "class-<n>", colours it does not give come from
/// the palette. kUnimplemented: the output is no class raster, or a class value
/// does not fit into eight bits; kInvalidArgument: the classes do not fit the
/// channels.
absl::StatusOr<ClassTable> ClassTableFor(const ModelOutput& output,
                                         int channels);

}  // namespace pushbroom
