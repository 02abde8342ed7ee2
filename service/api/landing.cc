#include "service/api/landing.h"

#include "service/api/negotiation.h"
#include "service/api/openapi.h"

namespace pushbroom::api {
namespace {

// Claimed only what is there: HTML and the OpenAPI class are not.
constexpr const char* kConformsTo[] = {
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
    "ogc-process-description",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/job-list",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/callback",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss",
};

}  // namespace

Answer GetLanding(const Context& context, const Request& request) {
  if (!NegotiateMedia(request, {kJsonMedia})) {
    return NotAcceptable(request, {kJsonMedia});
  }
  const Urls& urls = context.urls;
  return JsonResponse(
      {{"title", context.options.title},
       {"description",
        "Machine-learning models over Earth observation imagery, as OGC API - "
        "Processes"},
       {"links",
        {Link(urls.Of("/"), "self", kJsonMedia, "this document"),
         Link(urls.Of("/api"), "service-desc", kOpenApiMedia,
              "the API definition"),
         Link(urls.Of("/conformance"), kRelConformance, kJsonMedia,
              "conformance classes"),
         Link(urls.Of("/processes"), kRelProcesses, kJsonMedia,
              "the processes"),
         Link(urls.Of("/jobs"), kRelJobList, kJsonMedia, "the jobs")}}});
}

Answer GetConformance(const Context&, const Request& request) {
  if (!NegotiateMedia(request, {kJsonMedia})) {
    return NotAcceptable(request, {kJsonMedia});
  }
  Json classes = Json::array();
  for (const char* uri : kConformsTo) classes.push_back(uri);
  return JsonResponse({{"conformsTo", std::move(classes)}});
}

Answer GetApiDefinition(const Context& context, const Request& request) {
  const std::vector<std::string> offered = {kOpenApiMedia, kJsonMedia};
  const auto media = NegotiateMedia(request, offered);
  if (!media) return NotAcceptable(request, offered);
  Response response =
      JsonResponse(OpenApiDocument(context.options.title, context.urls));
  response.content_type = *media;
  return response;
}

}  // namespace pushbroom::api
