// An Api over a store in memory, with `echo` and two models in the catalog.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "process-descriptions/catalog.h"
#include "service/api/api.h"
#include "service/core/base/files.h"
#include "service/core/jobs/memory_job_store.h"
#include "service/core/net/http_client.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace pushbroom::api {

class ApiFixture : public ::testing::Test {
 protected:
  using Headers = std::map<std::string, std::string>;

  ApiFixture()
      : scratch_(*ScratchDirectory::Create(::testing::TempDir(), "api")),
        policy_(*UrlPolicy::Create({})),
        client_(policy_),
        tokens_("secret", clock_),
        store_(NewMemoryJobStore(StoreOptions(), clock_)),
        wakeup_(NewMemoryWakeup()),
        storage_(*OpenLocalStorage(scratch_.path())) {
    AddModel("clouds", true);
    AddModel("broken", false);
    catalog_ = std::make_unique<Catalog>(CatalogOptions(), *store_, client_);
    EXPECT_OK(catalog_->Refresh());
    Options options;
    options.public_url = "http://api.test";
    options.files_url = "http://files.test";
    api_ = std::make_unique<Api>(
        options, Dependencies{*catalog_, *store_, *wakeup_, *storage_, tokens_,
                              policy_, clock_});
  }

  static JobStore::Options StoreOptions() {
    JobStore::Options options;
    options.max_queued = 20;
    return options;
  }

  // A model of two bands; `runnable` is what its probe found.
  void AddModel(const std::string& id, bool runnable) {
    ModelRecord record;
    Model& model = record.model;
    model.id = id;
    model.item_id = id;
    model.title = id;
    model.version = "1";
    ModelInput input;
    input.name = "image";
    for (const char* name : {"red", "nir"}) {
      ModelBand band;
      band.name = name;
      input.bands.push_back(band);
    }
    input.shape = {-1, 2, 64, 64};
    input.dims = {"batch", "bands", "height", "width"};
    model.inputs.push_back(input);
    ModelOutput output;
    output.name = "mask";
    output.tasks = {"semantic-segmentation"};
    output.shape = {-1, 2, 64, 64};
    output.dims = {"batch", "class", "height", "width"};
    for (const char* name : {"clear", "cloud"}) {
      ModelClass value;
      value.value = static_cast<int64_t>(output.classes.size());
      value.name = name;
      output.channel_to_class.push_back(
          static_cast<int>(output.classes.size()));
      output.classes.push_back(value);
    }
    model.outputs.push_back(output);
    record.digest = ModelDigest(model);
    record.process_id = id;
    record.artifact_path = "model.pt";
    record.pool = "default";
    ModelProbe probe;
    probe.runnable = runnable;
    probe.tile_sizes = {64};
    if (!runnable) {
      probe.diagnostics.push_back(
          {Severity::kError, "probe-failed", "", "it does not load"});
    }
    record.probe = probe;
    EXPECT_OK(store_->PutModel(record));
  }

  Answer Ask(Method method, const std::string& path, const std::string& body,
             const Headers& headers = {}) {
    Request request;
    request.method = method;
    const size_t question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) {
      const size_t equals = path.find('=', question);
      request.query.emplace_back(
          path.substr(question + 1, equals - question - 1),
          path.substr(equals + 1));
    }
    request.body = body;
    request.headers = headers;
    return api_->Handle(request);
  }
  Response Now(Method method, const std::string& path,
               const std::string& body = "", const Headers& headers = {}) {
    Answer answer = Ask(method, path, body, headers);
    if (std::holds_alternative<Parked>(answer)) {
      ADD_FAILURE() << path << " was parked";
      return Response();
    }
    return std::get<Response>(std::move(answer));
  }
  Response Get(const std::string& path) { return Now(Method::kGet, path); }
  Json GetJson(const std::string& path) { return JsonOf(Get(path)); }

  static Json JsonOf(const Response& response) {
    const auto json = ParseJson(response.body);
    EXPECT_TRUE(json.ok()) << response.body;
    return json.ok() ? *json : Json();
  }
  static std::string Header(const Response& response, const char* name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static std::string LinkOf(const Json& body, const std::string& rel) {
    for (const Json& link : body.at("links")) {
      if (link.at("rel") == rel) return link.at("href");
    }
    return "";
  }

  // POST to the process; the job that was made.
  std::string Start(const std::string& process, const std::string& body) {
    const Response response =
        Now(Method::kPost, "/processes/" + process + "/execution", body,
            {{"prefer", "respond-async"}});
    EXPECT_EQ(response.status, 201) << response.body;
    return response.status == 201 ? JsonOf(response)["jobID"].get<std::string>()
                                  : "";
  }
  LeasedJob Claim() {
    auto leased = store_->Claim(ClaimRequest{"w1", "default"});
    EXPECT_OK(leased);
    EXPECT_TRUE(leased.ok() && leased->has_value());
    return leased.ok() && *leased ? **leased : LeasedJob();
  }
  void Succeed(const JobResult& result) {
    EXPECT_OK(store_->Succeed(Claim().lease, result));
  }
  // A raster, a summary and an item.
  static JobResult RasterResult() {
    JobResult result;
    result.outputs["classes"] = {"results/j/1/classes.tif",
                                 "image/tiff; application=geotiff", 10, "ab",
                                 Json()};
    result.item = {{"type", "Feature"},
                   {"assets",
                    {{"classes", {{"href", "storage:results/j/1/classes.tif"}}},
                     {"source", {{"href", "https://example.org/a.tif"}}}}}};
    return result;
  }

  testing::FakeClock clock_;
  ScratchDirectory scratch_;
  const UrlPolicy policy_;
  HttpClient client_;
  const FileTokens tokens_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<Wakeup> wakeup_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Api> api_;

  static constexpr char kScene[] =
      R"({"inputs":{"image":{"href":"https://example.org/a.tif"}}})";
};

}  // namespace pushbroom::api
