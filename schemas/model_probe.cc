#include "schemas/model_probe.h"

#include "schemas/json_fields.h"

namespace pushbroom {

Json ToJson(const ModelProbe& probe) {
  return {{"runnable", probe.runnable},
          {"diagnostics", ToJson(probe.diagnostics)},
          {"device", probe.device},
          {"runtime", probe.runtime},
          {"tile_sizes", probe.tile_sizes},
          {"size_multiple", probe.size_multiple},
          {"output_channels", probe.output_channels},
          {"output_scale", probe.output_scale},
          {"activation", probe.activation},
          {"optimized", probe.optimized},
          {"seconds_per_tile", probe.seconds_per_tile},
          {"memory_bytes", probe.memory_bytes},
          {"batch_size", probe.batch_size}};
}

absl::StatusOr<ModelProbe> ModelProbeFromJson(const Json& json) {
  using json_fields::Get;
  if (!json.is_object()) {
    return absl::InvalidArgumentError("a probe is a JSON object");
  }
  ModelProbe probe;
  PB_RETURN_IF_ERROR(Get(json, "runnable", probe.runnable));
  if (const Json* diagnostics = Find(json, "diagnostics")) {
    probe.diagnostics = DiagnosticsFromJson(*diagnostics);
  }
  PB_RETURN_IF_ERROR(Get(json, "device", probe.device));
  PB_RETURN_IF_ERROR(Get(json, "runtime", probe.runtime));
  PB_RETURN_IF_ERROR(Get(json, "tile_sizes", probe.tile_sizes));
  PB_RETURN_IF_ERROR(Get(json, "size_multiple", probe.size_multiple));
  PB_RETURN_IF_ERROR(Get(json, "output_channels", probe.output_channels));
  PB_RETURN_IF_ERROR(Get(json, "output_scale", probe.output_scale));
  PB_RETURN_IF_ERROR(Get(json, "activation", probe.activation));
  PB_RETURN_IF_ERROR(Get(json, "optimized", probe.optimized));
  PB_RETURN_IF_ERROR(Get(json, "seconds_per_tile", probe.seconds_per_tile));
  PB_RETURN_IF_ERROR(Get(json, "memory_bytes", probe.memory_bytes));
  PB_RETURN_IF_ERROR(Get(json, "batch_size", probe.batch_size));
  return probe;
}

}  // namespace pushbroom
