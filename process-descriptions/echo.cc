// The built-in process that answers with what it was given: for trying a
// client, and for the OGC test suite, whose ways explain every choice here.
#include <utility>

#include "process-descriptions/describe.h"

namespace pushbroom {
namespace {

Json MixedSchema() {
  const Json text = {{"type", "string"}, {"contentMediaType", "text/plain"}};
  const Json object = {{"type", "object"}};
  return {{"oneOf", Json::array({text, object})}};
}

// The suite finds a bounding box by the format in the first part of allOf.
Json BoxSchema() {
  const Json crs = {{"type", "string"},
                    {"format", "uri"},
                    {"enum",
                     {"http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                      "http://www.opengis.net/def/crs/OGC/0/CRS84h"}}};
  const Json numbers = {{"type", "array"},
                        {"minItems", 4},
                        {"maxItems", 6},
                        {"items", {{"type", "number"}}}};
  const Json box = {{"type", "object"},
                    {"required", {"bbox"}},
                    {"properties", {{"bbox", numbers}, {"crs", crs}}}};
  return {{"allOf", Json::array({Json{{"format", "ogc-bbox"}}, box})}};
}

Json Optional(std::string title, Json schema) {
  return {{"title", std::move(title)},
          {"minOccurs", 0},
          {"maxOccurs", 1},
          {"schema", std::move(schema)}};
}

Json Output(std::string title, Json schema) {
  return {{"title", std::move(title)}, {"schema", std::move(schema)}};
}

}  // namespace

ProcessDescription DescribeEcho() {
  const Json text = {{"type", "string"}};
  const Json integers = {{"type", "array"}, {"items", {{"type", "integer"}}}};
  const Json seconds = {{"type", "number"}, {"minimum", 0}, {"maximum", 60}};

  ProcessDescription echo;
  echo.summary = {
      {"id", "echo"},
      {"title", "Echo"},
      {"description",
       "Every output repeats the input of the same name, after `pause` "
       "seconds. For trying out clients."},
      {"version", "1.0.0"},
      {"jobControlOptions", {"sync-execute", "async-execute", "dismiss"}},
      {"outputTransmission", {"value"}}};
  echo.process = echo.summary;
  // Members are written in the order of their names, and the suite takes the
  // first input for the one that is required text and comes back: nothing may
  // sort before `message`. It looks `pause` up by this name.
  echo.process["inputs"] = {
      {"message",
       {{"title", "Message"},
        {"minOccurs", 1},
        {"maxOccurs", 1},
        {"schema", text}}},
      {"mixed", Optional("Text or object", MixedSchema())},
      {"numbers", Optional("Numbers", integers)},
      {"pause", Optional("Seconds to wait", seconds)},
      {"region", Optional("Bounding box", BoxSchema())}};
  echo.process["outputs"] = {{"message", Output("Message", text)},
                             {"mixed", Output("Text or object", MixedSchema())},
                             {"numbers", Output("Numbers", integers)},
                             {"region", Output("Bounding box", BoxSchema())}};
  return echo;
}

}  // namespace pushbroom
