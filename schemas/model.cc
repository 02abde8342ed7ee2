#include "schemas/model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/string_view.h"
#include "schemas/json_fields.h"
#include "service/core/base/digest.h"

namespace pushbroom {
namespace {

using json_fields::Get;
using json_fields::GetList;
using json_fields::Put;

constexpr std::array<std::pair<DataType, absl::string_view>, 12> kDataTypes = {{
    {DataType::kInt8, "int8"},
    {DataType::kInt16, "int16"},
    {DataType::kInt32, "int32"},
    {DataType::kInt64, "int64"},
    {DataType::kUint8, "uint8"},
    {DataType::kUint16, "uint16"},
    {DataType::kUint32, "uint32"},
    {DataType::kUint64, "uint64"},
    {DataType::kFloat16, "float16"},
    {DataType::kFloat32, "float32"},
    {DataType::kFloat64, "float64"},
    {DataType::kOther, "other"},
}};

constexpr std::array<std::pair<ScalingOp::Kind, absl::string_view>, 8>
    kScalingKinds = {{
        {ScalingOp::Kind::kMinMax, "min-max"},
        {ScalingOp::Kind::kZScore, "z-score"},
        {ScalingOp::Kind::kClip, "clip"},
        {ScalingOp::Kind::kClipMin, "clip-min"},
        {ScalingOp::Kind::kClipMax, "clip-max"},
        {ScalingOp::Kind::kOffset, "offset"},
        {ScalingOp::Kind::kScale, "scale"},
        {ScalingOp::Kind::kMultiply, "multiply"},
    }};

int IndexOf(const Dimensions& dims, absl::string_view dim) {
  const auto it = std::find(dims.begin(), dims.end(), dim);
  return it == dims.end() ? -1 : static_cast<int>(it - dims.begin());
}

int64_t SizeAt(const std::vector<int64_t>& shape, int index) {
  return index < 0 || static_cast<size_t>(index) >= shape.size()
             ? 0
             : shape[static_cast<size_t>(index)];
}

absl::Status GetType(const Json& json, absl::string_view key, DataType& out) {
  std::string name;
  PB_RETURN_IF_ERROR(Get(json, key, name));
  if (!name.empty()) out = DataTypeFromName(name);
  return absl::OkStatus();
}

Json ToJson(const ProcessingExpression& e) {
  Json json = {{"format", e.format}, {"expression", e.expression}};
  Put(json, "description", e.description);
  return json;
}

absl::Status Read(const Json& json, ProcessingExpression& e) {
  PB_RETURN_IF_ERROR(Get(json, "format", e.format));
  PB_RETURN_IF_ERROR(Get(json, "expression", e.expression));
  return Get(json, "description", e.description);
}

Json ToJson(const ModelBand& b) {
  Json json = {{"name", b.name}};
  Put(json, "common_name", b.common_name);
  if (b.expression) json["expression"] = ToJson(*b.expression);
  if (b.source_dtype != DataType::kOther) {
    json["source_dtype"] = std::string(NameOf(b.source_dtype));
  }
  Put(json, "nodata", b.nodata);
  Put(json, "scale", b.scale);
  Put(json, "offset", b.offset);
  Put(json, "unit", b.unit);
  Put(json, "center_wavelength", b.center_wavelength);
  Put(json, "gsd", b.gsd);
  return json;
}

absl::Status Read(const Json& json, ModelBand& b) {
  PB_RETURN_IF_ERROR(Get(json, "name", b.name));
  PB_RETURN_IF_ERROR(Get(json, "common_name", b.common_name));
  if (const Json* expression = Find(json, "expression")) {
    b.expression.emplace();
    PB_RETURN_IF_ERROR(Read(*expression, *b.expression));
  }
  PB_RETURN_IF_ERROR(GetType(json, "source_dtype", b.source_dtype));
  PB_RETURN_IF_ERROR(Get(json, "nodata", b.nodata));
  PB_RETURN_IF_ERROR(Get(json, "scale", b.scale));
  PB_RETURN_IF_ERROR(Get(json, "offset", b.offset));
  PB_RETURN_IF_ERROR(Get(json, "unit", b.unit));
  PB_RETURN_IF_ERROR(Get(json, "center_wavelength", b.center_wavelength));
  return Get(json, "gsd", b.gsd);
}

Json ToJson(const ScalingOp& op) {
  Json json;
  for (const auto& [kind, name] : kScalingKinds) {
    if (kind == op.kind) json["type"] = std::string(name);
  }
  switch (op.kind) {
    case ScalingOp::Kind::kMinMax:
    case ScalingOp::Kind::kClip:
      json["minimum"] = op.minimum;
      json["maximum"] = op.maximum;
      break;
    case ScalingOp::Kind::kZScore:
      json["mean"] = op.mean;
      json["stddev"] = op.stddev;
      break;
    case ScalingOp::Kind::kClipMin:
      json["minimum"] = op.minimum;
      break;
    case ScalingOp::Kind::kClipMax:
      json["maximum"] = op.maximum;
      break;
    case ScalingOp::Kind::kOffset:
    case ScalingOp::Kind::kScale:
    case ScalingOp::Kind::kMultiply:
      json["value"] = op.value;
      break;
  }
  return json;
}

absl::Status Read(const Json& json, ScalingOp& op) {
  std::string type;
  PB_RETURN_IF_ERROR(Get(json, "type", type));
  bool known = false;
  for (const auto& [kind, name] : kScalingKinds) {
    if (name == type) {
      op.kind = kind;
      known = true;
    }
  }
  if (!known) {
    return WithPointer(absl::InvalidArgumentError(
                           absl::StrCat("unknown scaling type \"", type, "\"")),
                       "/type");
  }
  PB_RETURN_IF_ERROR(Get(json, "minimum", op.minimum));
  PB_RETURN_IF_ERROR(Get(json, "maximum", op.maximum));
  PB_RETURN_IF_ERROR(Get(json, "mean", op.mean));
  PB_RETURN_IF_ERROR(Get(json, "stddev", op.stddev));
  return Get(json, "value", op.value);
}

Json ToJson(const ModelInput& in) {
  Json scaling = Json::array();
  for (const ScalingChain& chain : in.scaling) {
    Json ops = Json::array();
    for (const ScalingOp& op : chain) ops.push_back(ToJson(op));
    scaling.push_back(std::move(ops));
  }
  Json bands = Json::array();
  for (const ModelBand& band : in.bands) bands.push_back(ToJson(band));
  Json preprocessing = Json::array();
  for (const auto& e : in.preprocessing) preprocessing.push_back(ToJson(e));
  Json json = {{"name", in.name},
               {"bands", std::move(bands)},
               {"shape", in.shape},
               {"dims", in.dims},
               {"dtype", std::string(NameOf(in.dtype))},
               {"scaling", std::move(scaling)},
               {"preprocessing", std::move(preprocessing)}};
  Put(json, "description", in.description);
  Put(json, "resize", in.resize);
  return json;
}

absl::Status Read(const Json& json, ModelInput& in) {
  PB_RETURN_IF_ERROR(Get(json, "name", in.name));
  PB_RETURN_IF_ERROR(Get(json, "description", in.description));
  PB_RETURN_IF_ERROR(
      GetList(json, "bands", in.bands,
              [](const Json& j, ModelBand& b) { return Read(j, b); }));
  PB_RETURN_IF_ERROR(Get(json, "shape", in.shape));
  PB_RETURN_IF_ERROR(Get(json, "dims", in.dims));
  PB_RETURN_IF_ERROR(GetType(json, "dtype", in.dtype));
  PB_RETURN_IF_ERROR(GetList(
      json, "scaling", in.scaling, [](const Json& j, ScalingChain& chain) {
        return GetList(
            Json{{"ops", j}}, "ops", chain,
            [](const Json& o, ScalingOp& op) { return Read(o, op); });
      }));
  PB_RETURN_IF_ERROR(Get(json, "resize", in.resize));
  return GetList(
      json, "preprocessing", in.preprocessing,
      [](const Json& j, ProcessingExpression& e) { return Read(j, e); });
}

Json ToJson(const ModelClass& c) {
  Json json = {{"value", c.value}, {"name", c.name}};
  Put(json, "title", c.title);
  Put(json, "description", c.description);
  Put(json, "color", c.color);
  if (c.nodata) json["nodata"] = true;
  return json;
}

absl::Status Read(const Json& json, ModelClass& c) {
  PB_RETURN_IF_ERROR(Get(json, "value", c.value));
  PB_RETURN_IF_ERROR(Get(json, "name", c.name));
  PB_RETURN_IF_ERROR(Get(json, "title", c.title));
  PB_RETURN_IF_ERROR(Get(json, "description", c.description));
  PB_RETURN_IF_ERROR(Get(json, "color", c.color));
  return Get(json, "nodata", c.nodata);
}

Json ToJson(const ModelOutput& out) {
  Json bands = Json::array();
  for (const ModelBand& band : out.bands) bands.push_back(ToJson(band));
  Json classes = Json::array();
  for (const ModelClass& c : out.classes) classes.push_back(ToJson(c));
  Json postprocessing = Json::array();
  for (const auto& e : out.postprocessing) postprocessing.push_back(ToJson(e));
  Json json = {{"name", out.name},
               {"tasks", out.tasks},
               {"shape", out.shape},
               {"dims", out.dims},
               {"dtype", std::string(NameOf(out.dtype))},
               {"bands", std::move(bands)},
               {"classes", std::move(classes)},
               {"channel_to_class", out.channel_to_class},
               {"postprocessing", std::move(postprocessing)}};
  Put(json, "description", out.description);
  return json;
}

absl::Status Read(const Json& json, ModelOutput& out) {
  PB_RETURN_IF_ERROR(Get(json, "name", out.name));
  PB_RETURN_IF_ERROR(Get(json, "description", out.description));
  PB_RETURN_IF_ERROR(Get(json, "tasks", out.tasks));
  PB_RETURN_IF_ERROR(Get(json, "shape", out.shape));
  PB_RETURN_IF_ERROR(Get(json, "dims", out.dims));
  PB_RETURN_IF_ERROR(GetType(json, "dtype", out.dtype));
  PB_RETURN_IF_ERROR(
      GetList(json, "bands", out.bands,
              [](const Json& j, ModelBand& b) { return Read(j, b); }));
  PB_RETURN_IF_ERROR(
      GetList(json, "classes", out.classes,
              [](const Json& j, ModelClass& c) { return Read(j, c); }));
  PB_RETURN_IF_ERROR(Get(json, "channel_to_class", out.channel_to_class));
  return GetList(
      json, "postprocessing", out.postprocessing,
      [](const Json& j, ProcessingExpression& e) { return Read(j, e); });
}

Json ToJson(const ModelArtifact& a) {
  Json json = {{"asset_key", a.asset_key}, {"href", a.href}};
  Put(json, "media_type", a.media_type);
  Put(json, "artifact_type", a.artifact_type);
  Put(json, "size_bytes", a.size_bytes);
  Put(json, "sha256", a.sha256);
  return json;
}

absl::Status Read(const Json& json, ModelArtifact& a) {
  PB_RETURN_IF_ERROR(Get(json, "asset_key", a.asset_key));
  PB_RETURN_IF_ERROR(Get(json, "href", a.href));
  PB_RETURN_IF_ERROR(Get(json, "media_type", a.media_type));
  PB_RETURN_IF_ERROR(Get(json, "artifact_type", a.artifact_type));
  PB_RETURN_IF_ERROR(Get(json, "size_bytes", a.size_bytes));
  return Get(json, "sha256", a.sha256);
}

Json ToJson(const ModelLink& l) {
  Json json = {{"rel", l.rel}, {"href", l.href}};
  Put(json, "type", l.type);
  Put(json, "title", l.title);
  return json;
}

absl::Status Read(const Json& json, ModelLink& l) {
  PB_RETURN_IF_ERROR(Get(json, "rel", l.rel));
  PB_RETURN_IF_ERROR(Get(json, "href", l.href));
  PB_RETURN_IF_ERROR(Get(json, "type", l.type));
  return Get(json, "title", l.title);
}

Json ToJson(const Model::Dialect& d) {
  Json json = {
      {"family", d.family}, {"version", d.version}, {"evidence", d.evidence}};
  Put(json, "uri", d.uri);
  return json;
}

absl::Status Read(const Json& json, Model::Dialect& d) {
  PB_RETURN_IF_ERROR(Get(json, "family", d.family));
  PB_RETURN_IF_ERROR(Get(json, "version", d.version));
  PB_RETURN_IF_ERROR(Get(json, "uri", d.uri));
  return Get(json, "evidence", d.evidence);
}

// Every plain member once: ToJson and ModelFromJson walk the same list.
template <typename M, typename F>
absl::Status ForEachPlainMember(M& m, F f) {
  PB_RETURN_IF_ERROR(f("id", m.id));
  PB_RETURN_IF_ERROR(f("item_id", m.item_id));
  PB_RETURN_IF_ERROR(f("item_href", m.item_href));
  PB_RETURN_IF_ERROR(f("collection", m.collection));
  PB_RETURN_IF_ERROR(f("title", m.title));
  PB_RETURN_IF_ERROR(f("description", m.description));
  PB_RETURN_IF_ERROR(f("version", m.version));
  PB_RETURN_IF_ERROR(f("license", m.license));
  PB_RETURN_IF_ERROR(f("keywords", m.keywords));
  PB_RETURN_IF_ERROR(f("providers", m.providers));
  PB_RETURN_IF_ERROR(f("geometry", m.geometry));
  PB_RETURN_IF_ERROR(f("bbox", m.bbox));
  PB_RETURN_IF_ERROR(f("start_datetime", m.start_datetime));
  PB_RETURN_IF_ERROR(f("end_datetime", m.end_datetime));
  PB_RETURN_IF_ERROR(f("name", m.name));
  PB_RETURN_IF_ERROR(f("architecture", m.architecture));
  PB_RETURN_IF_ERROR(f("tasks", m.tasks));
  PB_RETURN_IF_ERROR(f("framework", m.framework));
  PB_RETURN_IF_ERROR(f("framework_version", m.framework_version));
  PB_RETURN_IF_ERROR(f("total_parameters", m.total_parameters));
  PB_RETURN_IF_ERROR(f("memory_bytes", m.memory_bytes));
  PB_RETURN_IF_ERROR(f("pretrained_source", m.pretrained_source));
  PB_RETURN_IF_ERROR(f("accelerator", m.accelerator));
  PB_RETURN_IF_ERROR(f("accelerator_constrained", m.accelerator_constrained));
  PB_RETURN_IF_ERROR(f("accelerator_count", m.accelerator_count));
  PB_RETURN_IF_ERROR(f("batch_size_suggestion", m.batch_size_suggestion));
  PB_RETURN_IF_ERROR(f("hyperparameters", m.hyperparameters));
  PB_RETURN_IF_ERROR(f("doi", m.doi));
  PB_RETURN_IF_ERROR(f("citation", m.citation));
  return f("extra", m.extra);
}

struct Writer {
  Json& json;
  template <typename T>
  absl::Status operator()(const char* key, const T& value) const {
    json[key] = value;
    return absl::OkStatus();
  }
  template <typename T>
  absl::Status operator()(const char* key,
                          const std::optional<T>& value) const {
    Put(json, key, value);
    return absl::OkStatus();
  }
};

struct Reader {
  const Json& json;
  template <typename T>
  absl::Status operator()(const char* key, T& value) const {
    return Get(json, key, value);
  }
};

}  // namespace

absl::string_view NameOf(DataType type) {
  for (const auto& [known, name] : kDataTypes) {
    if (known == type) return name;
  }
  return "other";
}

DataType DataTypeFromName(absl::string_view name) {
  for (const auto& [type, known] : kDataTypes) {
    if (known == name) return type;
  }
  return DataType::kOther;
}

int ModelInput::DimIndex(absl::string_view dim) const {
  return IndexOf(dims, dim);
}
int64_t ModelInput::DimSize(absl::string_view dim) const {
  return SizeAt(shape, DimIndex(dim));
}
int ModelOutput::DimIndex(absl::string_view dim) const {
  return IndexOf(dims, dim);
}
int64_t ModelOutput::DimSize(absl::string_view dim) const {
  return SizeAt(shape, DimIndex(dim));
}

Json ToJson(const Model& model) {
  Json json;
  ForEachPlainMember(model, Writer{json}).IgnoreError();  // cannot fail
  json["dialect"] = ToJson(model.dialect);
  json["inputs"] = Json::array();
  for (const ModelInput& in : model.inputs) {
    json["inputs"].push_back(ToJson(in));
  }
  json["outputs"] = Json::array();
  for (const ModelOutput& out : model.outputs) {
    json["outputs"].push_back(ToJson(out));
  }
  json["artifact"] = ToJson(model.artifact);
  json["links"] = Json::array();
  for (const ModelLink& link : model.links) {
    json["links"].push_back(ToJson(link));
  }
  json["diagnostics"] = ToJson(model.diagnostics);
  return json;
}

absl::StatusOr<Model> ModelFromJson(const Json& json) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError("a model is a JSON object");
  }
  Model m;
  PB_RETURN_IF_ERROR(ForEachPlainMember(m, Reader{json}));
  if (const Json* dialect = Find(json, "dialect")) {
    PB_RETURN_IF_ERROR(Read(*dialect, m.dialect));
  }
  PB_RETURN_IF_ERROR(
      GetList(json, "inputs", m.inputs,
              [](const Json& j, ModelInput& in) { return Read(j, in); }));
  PB_RETURN_IF_ERROR(
      GetList(json, "outputs", m.outputs,
              [](const Json& j, ModelOutput& out) { return Read(j, out); }));
  if (const Json* artifact = Find(json, "artifact")) {
    PB_RETURN_IF_ERROR(Read(*artifact, m.artifact));
  }
  PB_RETURN_IF_ERROR(
      GetList(json, "links", m.links,
              [](const Json& j, ModelLink& l) { return Read(j, l); }));
  if (const Json* diagnostics = Find(json, "diagnostics")) {
    m.diagnostics = DiagnosticsFromJson(*diagnostics);
  }
  return m;
}

std::string ModelDigest(const Model& model) {
  Json json = ToJson(model);
  json.erase("diagnostics");
  json.erase("item_href");
  json["artifact"].erase("href");
  return Sha256Hex(DumpJson(json));
}

}  // namespace pushbroom
