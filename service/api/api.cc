#include "service/api/api.h"

#include <exception>
#include <utility>

#include "service/api/context.h"
#include "service/api/execution.h"
#include "service/api/jobs.h"
#include "service/api/landing.h"
#include "service/api/problem.h"
#include "service/api/processes.h"
#include "service/api/results.h"
#include "service/api/router.h"
#include "service/core/base/log.h"

namespace pushbroom::api {

class Api::Impl {
 public:
  Impl(Options options, Dependencies dependencies)
      : context_{options, dependencies, Urls(options.public_url)} {
    // Handlers that take the values of the path, and those that need none.
    const auto add = [this](Method method, const char* pattern, auto handler) {
      router_.Add(
          method, pattern,
          [this, handler](const Request& request,
                          const PathValues& values) -> Answer {
            if constexpr (std::is_invocable_v<decltype(handler), const Context&,
                                              const Request&>) {
              return handler(context_, request);
            } else {
              return handler(context_, request, values);
            }
          });
    };
    add(Method::kGet, "/", &GetLanding);
    add(Method::kGet, "/api", &GetApiDefinition);
    add(Method::kGet, "/conformance", &GetConformance);
    add(Method::kGet, "/processes", &ListProcesses);
    add(Method::kGet, "/processes/{processId}", &GetProcess);
    add(Method::kPost, "/processes/{processId}/execution", &Execute);
    add(Method::kGet, "/jobs", &ListJobs);
    add(Method::kGet, "/jobs/{jobId}", &GetJob);
    add(Method::kDelete, "/jobs/{jobId}", &DeleteJob);
    add(Method::kGet, "/jobs/{jobId}/results", &GetResults);
    add(Method::kGet, "/jobs/{jobId}/results/{outputId}", &GetResult);
  }

  Answer Handle(const Request& request) const {
    try {
      return router_.Route(request);
    } catch (const std::exception& error) {
      // nlohmann's type errors end here; what they say is for us, not for the
      // client.
      Log(LogLevel::kError, "a handler threw",
          {{"path", request.path}, {"error", error.what()}});
    }
    return Render(PlainProblem(500,
                               "an error of this program; the log of the "
                               "service has it under this request id"),
                  request);
  }

 private:
  const Context context_;
  Router router_;
};

Api::Api(Options options, Dependencies dependencies)
    : impl_(std::make_unique<Impl>(std::move(options), dependencies)) {}

Api::~Api() = default;

Answer Api::Handle(const Request& request) { return impl_->Handle(request); }

}  // namespace pushbroom::api
