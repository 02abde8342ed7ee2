// What a model is after reading: the one type that every dialect of STAC model
// metadata is normalised into. Workers see this and no dialect.
//
// The JSON form (ToJson, ModelFromJson) crosses from the service to workers and
// is stored with the jobs that use the model. Field names are those of the
// structs below in snake_case; unknown members are ignored and absent ones take
// the defaults, so that a worker of the previous version still reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "schemas/diagnostics.h"
#include "service/core/base/json.h"

namespace pushbroom {

/// STAC data types a tensor or a band may have; kOther covers complex types
/// and whatever is not in the list.
enum class DataType {
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
  kOther
};
absl::string_view NameOf(DataType type);            // "float32"
DataType DataTypeFromName(absl::string_view name);  // kOther if unknown

/// Canonical dimension names: batch, bands, variables, time, height, width,
/// depth, class, score, embedding, …; other names are kept as they are.
using Dimensions = std::vector<std::string>;

/// A code that is not ours to run unless `format` is one we evaluate.
struct ProcessingExpression {
  std::string format;  // "rio-calc", "gdal-calc", "python", "docker", "uri"
  Json expression;     // a string, or an object for uri and openeo
  std::string description;
};

/// One value of an input channel comes from one band.
struct ModelBand {
  std::string name;
  std::string common_name;  // STAC eo common name; may be empty
  std::optional<ProcessingExpression> expression;  // computed from other bands
  DataType source_dtype = DataType::kOther;        // of the training imagery
  std::optional<double> nodata;
  std::optional<double> scale;  // physical = scale * stored + offset
  std::optional<double> offset;
  std::string unit;
  std::optional<double> center_wavelength;  // micrometres
  std::optional<double> gsd;                // metres
};

/// One step of scaling of one channel. x is the band's value.
struct ScalingOp {
  enum class Kind {
    kMinMax,    // (x - minimum) / (maximum - minimum), does not clip
    kZScore,    // (x - mean) / stddev
    kClip,      // min(max(x, minimum), maximum)
    kClipMin,   // max(x, minimum)
    kClipMax,   // min(x, maximum)
    kOffset,    // x - value   (MLM subtracts; raster:offset adds)
    kScale,     // x / value   (MLM divides; raster:scale multiplies)
    kMultiply,  // x * value   (scaling_factor of the older dialects)
  };
  Kind kind = Kind::kScale;
  double minimum = 0, maximum = 0, mean = 0, stddev = 0, value = 0;
};
using ScalingChain = std::vector<ScalingOp>;  // in order; empty: as it is

struct ModelInput {
  std::string name;
  std::string description;
  std::vector<ModelBand> bands;  // order is the channel order
  std::vector<int64_t> shape;    // -1: any size
  Dimensions dims;               // as long as shape
  DataType dtype = DataType::kFloat32;
  std::vector<ScalingChain> scaling;  // empty, or one per band
  std::string resize;                 // MLM resize_type; empty: none
  std::vector<ProcessingExpression> preprocessing;

  /// Index of the named dimension, or -1.
  int DimIndex(absl::string_view dim) const;
  /// Size of the named dimension: -1 if free, 0 if there is none.
  int64_t DimSize(absl::string_view dim) const;
  bool is_imagery() const { return !bands.empty(); }
};

struct ModelClass {
  int64_t value = 0;
  std::string name;  // [0-9A-Za-z-_]+
  std::string title;
  std::string description;
  std::string color;  // RRGGBB, upper case; empty: we choose
  bool nodata = false;
};

struct ModelOutput {
  std::string name;
  std::string description;
  std::vector<std::string> tasks;
  std::vector<int64_t> shape;
  Dimensions dims;
  DataType dtype = DataType::kFloat32;
  std::vector<ModelBand> bands;  // what the channels are, if not classes
  std::vector<ModelClass> classes;
  std::vector<int> channel_to_class;  // channel → index into classes
  std::vector<ProcessingExpression> postprocessing;

  int DimIndex(absl::string_view dim) const;
  int64_t DimSize(absl::string_view dim) const;
};

struct ModelArtifact {
  std::string asset_key;
  std::string href;  // absolute URL, or absolute local path
  std::string media_type;
  std::string artifact_type;  // "torch.jit.save", …; empty: not said
  std::optional<int64_t> size_bytes;
  std::string sha256;  // hex; empty: the item gives none
};

struct ModelLink {
  std::string rel, href, type, title;
};

struct Model {
  std::string id;         // process id: valid by IsValidId
  std::string item_id;    // of the STAC item
  std::string item_href;  // where the item was read from; may be empty
  std::string collection;
  std::string title, description, version, license;
  std::vector<std::string> keywords;
  Json providers = Json::array();
  // Recommended context, informative: where and when the model is meant to be
  // used. GeoJSON geometry and RFC 3339 times, empty where the item is silent.
  Json geometry;
  std::vector<double> bbox;
  std::string start_datetime, end_datetime;

  struct Dialect {
    std::string family;   // "mlm", "dlm", "ml-model", …
    std::string version;  // "1.5", … as read from the fields
    std::string uri;
    std::vector<std::string> evidence;
  } dialect;

  std::string name;  // mlm:name
  std::string architecture;
  std::vector<std::string> tasks;
  std::string framework, framework_version;
  std::optional<int64_t> total_parameters, memory_bytes;
  std::string pretrained_source;
  std::string accelerator;  // "", "cpu", "cuda", …, canonical
  bool accelerator_constrained = false;
  int accelerator_count = 1;
  int batch_size_suggestion = 0;  // 0: not said
  Json hyperparameters = Json::object();

  std::vector<ModelInput> inputs;
  std::vector<ModelOutput> outputs;
  ModelArtifact artifact;
  std::vector<ModelLink> links;
  std::string doi, citation;
  // Item properties that the description repeats and we do not interpret:
  // scores and limits ("mlm:…" is never here).
  Json extra = Json::object();

  std::vector<Diagnostic> diagnostics;
};

Json ToJson(const Model& model);

/// kInvalidArgument with a pointer if `json` is not what ToJson writes.
absl::StatusOr<Model> ModelFromJson(const Json& json);

/// Identifies what a job runs: SHA-256 over ToJson without `diagnostics` and
/// without the places it was read from (`item_href`, `artifact.href`); the
/// artifact's sha256 is part of it.
std::string ModelDigest(const Model& model);

}  // namespace pushbroom
