#include "workers/results/class_table.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// A class raster has a place for every pixel, and classes in it.
bool IsClassRaster(const ModelOutput& output) {
  if (output.DimIndex("height") < 0 || output.DimIndex("width") < 0) {
    return false;
  }
  if (output.DimIndex("class") >= 0 || !output.classes.empty()) return true;
  return std::any_of(output.tasks.begin(), output.tasks.end(),
                     [](const std::string& task) {
                       return absl::StrContains(task, "segmentation");
                     });
}

ResultClass FromModel(const ModelClass& from, size_t index) {
  ResultClass to;
  to.value = static_cast<uint8_t>(from.value);
  to.name = from.name.empty() ? absl::StrCat("class-", from.value) : from.name;
  to.title = from.title;
  to.description = from.description;
  to.color = ParseColor(from.color).value_or(PaletteColor(index));
  return to;
}

uint8_t LowestFree(const std::set<int>& taken) {
  int value = 0;
  while (taken.count(value) > 0) ++value;
  return static_cast<uint8_t>(value);
}

// The classes by channel; more than there are channels never.
absl::StatusOr<std::vector<size_t>> ClassOfChannel(const ModelOutput& output,
                                                   int channels) {
  std::vector<size_t> index;
  for (int channel = 0; channel < channels; ++channel) {
    const size_t c = static_cast<size_t>(channel);
    const int at = c < output.channel_to_class.size()
                       ? output.channel_to_class[c]
                       : channel;
    if (at < 0 || static_cast<size_t>(at) >= output.classes.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("channel ", channel, " of output \"", output.name,
                       "\" has no class: the model names ",
                       output.classes.size(), " for ", channels, " channels"));
    }
    index.push_back(static_cast<size_t>(at));
  }
  return index;
}

void AddUnnamed(int count, ClassTable& table) {
  for (int n = 0; n < count; ++n) {
    ResultClass added;
    added.value = static_cast<uint8_t>(n);
    added.name = absl::StrCat("class-", n);
    added.color = PaletteColor(static_cast<size_t>(n));
    table.classes.push_back(added);
    table.channel_values.push_back(added.value);
  }
}

// One channel is the probability of the later of two classes; the model may
// name only that one.
void AddBinary(const ModelOutput& output, ClassTable& table) {
  std::vector<ModelClass> sorted = output.classes;
  std::sort(sorted.begin(), sorted.end(),
            [](const ModelClass& a, const ModelClass& b) {
              return a.value < b.value;
            });
  if (sorted.size() == 1) {
    ModelClass rest;
    rest.value = LowestFree({static_cast<int>(sorted[0].value)});
    rest.name = "background";
    sorted.insert(sorted.begin(), rest);
  }
  for (size_t i = 0; i < 2; ++i) {
    table.classes.push_back(FromModel(sorted[i], i));
    table.channel_values.push_back(table.classes.back().value);
  }
}

absl::Status ChooseNodata(ClassTable& table) {
  std::set<int> taken;
  for (const ResultClass& c : table.classes) taken.insert(c.value);
  int nodata = 255;
  while (nodata >= 0 && taken.count(nodata) > 0) --nodata;
  if (nodata < 0) {
    return absl::UnimplementedError(
        "256 classes leave no value for pixels without data");
  }
  table.nodata = static_cast<uint8_t>(nodata);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClassTable> ClassTableFor(const ModelOutput& output,
                                         int channels) {
  if (!IsClassRaster(output)) {
    return absl::UnimplementedError(
        absl::StrCat("output \"", output.name, "\" with dimensions [",
                     absl::StrJoin(output.dims, ", "), "] is no class raster"));
  }
  if (channels < 1 || channels > 256) {
    return absl::UnimplementedError(
        absl::StrCat("output \"", output.name, "\" has ", channels,
                     " channels, a class raster holds 1 to 256"));
  }
  for (const ModelClass& c : output.classes) {
    if (c.value < 0 || c.value > 255) {
      return absl::UnimplementedError(
          absl::StrCat("class value ", c.value, " of output \"", output.name,
                       "\" does not fit a class raster of 0 to 255"));
    }
  }
  ClassTable table;
  if (output.classes.empty()) {
    AddUnnamed(std::max(channels, 2), table);
  } else if (channels == 1 && output.classes.size() <= 2) {
    AddBinary(output, table);
  } else if (channels == 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("output \"", output.name, "\" has one channel for ",
                     output.classes.size(), " classes"));
  } else {
    PB_ASSIGN_OR_RETURN(const std::vector<size_t> index,
                        ClassOfChannel(output, channels));
    std::set<size_t> added;
    for (const size_t i : index) {
      const ResultClass result = FromModel(output.classes[i], i);
      if (added.insert(i).second) table.classes.push_back(result);
      table.channel_values.push_back(result.value);
    }
  }
  std::sort(table.classes.begin(), table.classes.end(),
            [](const ResultClass& a, const ResultClass& b) {
              return a.value < b.value;
            });
  PB_RETURN_IF_ERROR(ChooseNodata(table));
  return table;
}

}  // namespace pushbroom
