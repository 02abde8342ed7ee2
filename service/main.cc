// pushbroom: the OGC API – Processes service. Flags, configuration, run, drain.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/commands/describe.h"
#include "service/core/base/log.h"
#include "service/core/config/config.h"
#include "service/server.h"

namespace pushbroom {
namespace {

struct ServeFlags {
  std::string config;
  std::map<std::string, std::string> overrides;
  std::vector<std::string> models;
};

void InitLoggingFrom(const Config& config) {
  const std::map<std::string, LogLevel> levels = {
      {"debug", LogLevel::kDebug},
      {"info", LogLevel::kInfo},
      {"warning", LogLevel::kWarning},
      {"error", LogLevel::kError}};
  const auto level = levels.find(config.log.level);
  const bool text = config.log.format == "text" ||
                    (config.log.format == "auto" && ::isatty(STDERR_FILENO));
  InitLogging("pushbroom",
              level == levels.end() ? LogLevel::kInfo : level->second,
              text ? LogFormat::kText : LogFormat::kJson);
}

// The signals that end the service; blocked before the first thread is made,
// so that only sigwait sees them.
sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A second signal while draining ends the process at once; workers notice by
// their parent's pipe, and nothing that was accepted is lost.
void StopUnlessAskedTwice(Server& server, const sigset_t& signals) {
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    server.Stop();
    stopped = true;
  });
  const timespec tick{0, 50'000'000};
  while (!stopped) {
    if (::sigtimedwait(&signals, nullptr, &tick) > 0) {
      Log(LogLevel::kWarning, "asked twice to end, not waiting");
      ::_exit(130);
    }
  }
  stopper.join();
}

int Serve(const ServeFlags& flags) {
  std::map<std::string, std::string> overrides = flags.overrides;
  if (!flags.models.empty()) {
    overrides["models.directories"] = absl::StrJoin(flags.models, ",");
  }
  const auto config = LoadConfig(flags.config, ProcessEnvironment(), overrides);
  if (!config.ok()) {
    std::cerr << "pushbroom: " << config.status().message() << std::endl;
    return 1;
  }
  InitLoggingFrom(*config);
  const sigset_t signals = BlockEndSignals();
  auto server = Server::Start(*config);
  if (!server.ok()) {
    std::cerr << "pushbroom: " << server.status().message() << std::endl;
    return 1;
  }
  int number = 0;
  while (::sigwait(&signals, &number) != 0) {
  }
  Log(LogLevel::kInfo, "draining", {{"signal", absl::StrCat(number)}});
  StopUnlessAskedTwice(**server, signals);
  server->reset();
  Log(LogLevel::kInfo, "ended");
  return 0;
}

int DescribeCommand(const std::string& config_file, const std::string& item,
                    bool json) {
  const auto config = LoadConfig(config_file, ProcessEnvironment(), {});
  if (!config.ok()) {
    std::cerr << "pushbroom: " << config.status().message() << std::endl;
    return 1;
  }
  ::signal(SIGPIPE, SIG_IGN);
  return DescribeItem(item, json, *config, std::cout, std::cerr);
}

int Main(int argc, char** argv) {
  CLI::App app("OGC API - Processes for models over Earth observation imagery",
               "pushbroom");
  app.set_version_flag("--version",
                       std::string("pushbroom ") + PUSHBROOM_VERSION);
  app.require_subcommand(1);

  ServeFlags serve;
  std::map<std::string, std::string> values;
  CLI::App* serve_command = app.add_subcommand("serve", "Serve the API");
  serve_command->add_option("--config", serve.config,
                            "configuration file (YAML)");
  serve_command->add_option("--models", serve.models,
                            "directory of model items; may be repeated");
  const std::map<std::string, std::pair<std::string, const char*>> flags = {
      {"--port", {"http.port", "port of the API (8080)"}},
      {"--files-port", {"http.files_port", "port of result files (8081)"}},
      {"--ops-port", {"http.ops_port", "port of health and metrics (9464)"}},
      {"--data-dir", {"data_dir", "directory of jobs and results"}},
      {"--workers", {"workers.count", "local worker processes (1)"}}};
  for (const auto& [flag, key] : flags) {
    serve_command->add_option(flag, values[key.first], key.second);
  }

  std::string item, describe_config;
  bool json = false;
  CLI::App* describe_command = app.add_subcommand(
      "describe", "Show what a model item becomes, and whether it runs");
  describe_command->add_option("item", item, "file of the item")->required();
  describe_command->add_flag("--json", json,
                             "print model, diagnostics and process as JSON");
  describe_command->add_option("--config", describe_config,
                               "configuration file (YAML)");
  CLI11_PARSE(app, argc, argv);

  if (*describe_command) return DescribeCommand(describe_config, item, json);
  for (const auto& [flag, key] : flags) {
    if (serve_command->count(flag) > 0) {
      serve.overrides[key.first] = values[key.first];
    }
  }
  return Serve(serve);
}

}  // namespace
}  // namespace pushbroom

int main(int argc, char** argv) { return pushbroom::Main(argc, argv); }
