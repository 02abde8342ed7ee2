// pushbroom-worker: runs jobs. Flags only; the commands are in main_*.cc.
#include <exception>
#include <iostream>

#include "CLI/CLI.hpp"
#include "workers/main_config.h"
#include "workers/main_probe.h"
#include "workers/main_run.h"
#include "workers/main_serve.h"

namespace {

constexpr int kUsage = 2;

int Main(int argc, char** argv) {
  CLI::App app("Runs geospatial models over scenes.", "pushbroom-worker");
  app.require_subcommand(1);
  app.set_version_flag("--version", &pushbroom::VersionText);

  pushbroom::ServeFlags serve;
  CLI::App* serving =
      app.add_subcommand("serve", "Take jobs from the queue until SIGTERM.");
  auto* fd = serving->add_option("--config-fd", serve.config_fd,
                                 "Read the configuration (JSON) from here");
  serving
      ->add_option("--config", serve.config_file, "Configuration file (YAML)")
      ->excludes(fd);
  serving->add_option("--data-dir", serve.data_dir, "Data directory")
      ->excludes(fd);
  serving->add_option("--pool", serve.pool, "Pool whose jobs are taken")
      ->excludes(fd);
  serving->add_option("--worker-id", serve.worker_id, "Name of this worker");
  serving->add_option("--parent-fd", serve.parent_fd,
                      "End when this pipe is closed");
  serving->add_option("--ops-port", serve.ops_port,
                      "Port of health and metrics; 0: any free one");

  pushbroom::RunFlags run;
  CLI::App* running =
      app.add_subcommand("run", "Run one job without a server.");
  running->add_option("item", run.model_item, "STAC Item of the model")
      ->required();
  running
      ->add_option("scene", run.scenes,
                   "Raster, STAC Item or URL; several where the model says so")
      ->required();
  running->add_option("-o,--output", run.output, "Directory of the result")
      ->required();
  running
      ->add_option("--input", run.inputs,
                   "NAME=VALUE: bbox=w,s,e,n[,EPSG:n], bands=JSON, "
                   "resolution=, overlap=, threshold=, probabilities=true, …")
      ->expected(1)
      ->take_all();
  running->add_option("--config", run.config_file, "Configuration file");
  running->add_flag("--json", run.json, "Print the result as JSON");

  bool json = false;
  CLI::App* probing = app.add_subcommand(
      "probe", "Load a model and run dummy tiles; reads JSON from stdin.");
  probing->add_flag("--json", json, "Print JSON (the only form)");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (*serving) return pushbroom::Serve(serve);
  if (*running) return pushbroom::RunOnce(run);
  return pushbroom::Probe();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "pushbroom-worker: " << error.what() << "\n";
    return 1;
  }
}
