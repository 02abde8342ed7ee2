#include "service/api/openapi.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pushbroom::api {
namespace {

struct Operation {
  const char* path;
  const char* method;
  const char* id;
  const char* summary;
  std::vector<const char*> parameters;
  std::vector<int> statuses;
};

const std::vector<Operation>& Operations() {
  static const auto* const operations = new std::vector<Operation>{
      {"/", "get", "getLandingPage", "The landing page", {}, {200, 406}},
      {"/api", "get", "getApi", "This document", {}, {200, 406}},
      {"/conformance",
       "get",
       "getConformance",
       "Conformance classes",
       {},
       {200, 406}},
      {"/processes",
       "get",
       "getProcesses",
       "The processes",
       {"limit", "offset", "q"},
       {200, 400, 406}},
      {"/processes/{processId}",
       "get",
       "getProcess",
       "One process",
       {"processId"},
       {200, 404, 406}},
      {"/processes/{processId}/execution",
       "post",
       "execute",
       "Executes the process: waits for the result, or with `Prefer: "
       "respond-async` makes a job",
       {"processId", "Prefer", "Idempotency-Key"},
       {200, 201, 204, 303, 400, 404, 413, 415, 429, 501, 503}},
      {"/jobs",
       "get",
       "getJobs",
       "The jobs",
       {"type", "processID", "status", "datetime", "minDuration", "maxDuration",
        "limit", "offset"},
       {200, 400, 406}},
      {"/jobs/{jobId}",
       "get",
       "getJob",
       "The status of a job",
       {"jobId"},
       {200, 404, 406}},
      {"/jobs/{jobId}",
       "delete",
       "dismissJob",
       "Stops an active job; forgets an ended one and its files",
       {"jobId"},
       {200, 404}},
      {"/jobs/{jobId}/results",
       "get",
       "getResults",
       "The results, in the form that the request asked for",
       {"jobId"},
       {200, 204, 307, 400, 404, 500}},
      {"/jobs/{jobId}/results/{outputId}",
       "get",
       "getResult",
       "One output: the bytes, or a redirect to them",
       {"jobId", "outputId"},
       {200, 307, 404}},
  };
  return *operations;
}

Json Parameter(absl::string_view name) {
  const bool path =
      name == "processId" || name == "jobId" || name == "outputId";
  const bool header = name == "Prefer" || name == "Idempotency-Key";
  const bool number = name == "limit" || name == "offset" ||
                      name == "minDuration" || name == "maxDuration";
  Json schema = {{"type", number ? "integer" : "string"}};
  Json parameter = {{"name", std::string(name)},
                    {"in", path     ? "path"
                           : header ? "header"
                                    : "query"},
                    {"required", path}};
  if (name == "limit") {
    schema["minimum"] = 1;
    schema["maximum"] = 10000;
    schema["default"] = 10;
  } else if (name == "offset" || number) {
    schema["minimum"] = 0;
  } else if (name == "type" || name == "processID" || name == "status") {
    schema = {{"type", "array"}, {"items", {{"type", "string"}}}};
    parameter["style"] = "form";
    parameter["explode"] = false;
  }
  parameter["schema"] = std::move(schema);
  return parameter;
}

Json ResponseOf(int status) {
  const Json object = {{"schema", {{"type", "object"}}}};
  if (status >= 400) {
    return {{"description", "a problem (RFC 9457)"},
            {"content",
             {{"application/json",
               {{"schema", {{"$ref", "#/components/schemas/problem"}}}}}}}};
  }
  if (status == 204) return {{"description", "done; nothing to say"}};
  if (status == 303 || status == 307) {
    return {{"description", "the bytes are at Location"}};
  }
  return {{"description", status == 201 ? "a job was made" : "success"},
          {"content", {{"application/json", object}}}};
}

Json OperationOf(const Operation& operation) {
  Json json = {{"operationId", operation.id},
               {"summary", operation.summary},
               {"parameters", Json::array()},
               {"responses", Json::object()}};
  for (const char* name : operation.parameters) {
    json["parameters"].push_back(Parameter(name));
  }
  for (const int status : operation.statuses) {
    json["responses"][absl::StrCat(status)] = ResponseOf(status);
  }
  if (absl::string_view(operation.method) == "post") {
    json["requestBody"] = {
        {"required", true},
        {"content",
         {{"application/json",
           {{"schema", {{"$ref", "#/components/schemas/execute"}}}}}}}};
  }
  return json;
}

}  // namespace

Json OpenApiDocument(const std::string& title, const Urls& urls) {
  Json paths = Json::object();
  for (const Operation& operation : Operations()) {
    paths[operation.path][operation.method] = OperationOf(operation);
  }
  const Json text = {{"type", "string"}};
  const Json object = {{"type", "object"}};
  return {
      {"openapi", "3.0.3"},
      {"info", {{"title", title}, {"version", PUSHBROOM_VERSION}}},
      {"servers", Json::array({{{"url", urls.Of("")}}})},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas",
         {{"problem",
           {{"type", "object"},
            {"required", {"type"}},
            {"properties",
             {{"type", text},
              {"title", text},
              {"status", {{"type", "integer"}}},
              {"detail", text},
              {"instance", text},
              {"pointer", text},
              {"errors", {{"type", "array"}, {"items", object}}}}}}},
          {"execute",
           {{"type", "object"},
            {"properties",
             {{"inputs", object},
              {"outputs", object},
              {"response", {{"type", "string"}, {"enum", {"raw", "document"}}}},
              {"subscriber", object}}}}}}}}}};
}

}  // namespace pushbroom::api
