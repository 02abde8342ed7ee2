// Which band's grid is the grid of the job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schemas/model.h"
#include "workers/raster/raster_info.h"

namespace pushbroom {

struct ReferenceChoice {
  int band = 0;
  int decimation = 1;
  std::string note;  // for people; empty: nothing to say
};

/// Where the model's bands state a ground sampling distance (the smallest
/// counts), the band whose pixels are nearest to it, else the one with the
/// smallest; categorical bands only if there is no other. Pixels finer than the
/// model's by 1.5 or more are averaged together, unless `resolution` is given.
/// `infos` and `categorical` are per band.
ReferenceChoice ChooseReference(const std::vector<ModelBand>& bands,
                                const std::vector<const RasterInfo*>& infos,
                                const std::vector<bool>& categorical,
                                bool resolution_given);

}  // namespace pushbroom
