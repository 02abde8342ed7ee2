#include "workers/inference/torch_model.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/core/base/status.h"

namespace pushbroom {
namespace {

// LibTorch's messages carry a C++ stack; a person wants the sentence.
std::string Shorten(const std::string& what) {
  std::string best;
  for (absl::string_view line : absl::StrSplit(what, '\n')) {
    if (absl::StartsWith(line, "Exception raised from")) break;
    const size_t marker = line.find("RuntimeError: ");
    if (marker != absl::string_view::npos) {
      return std::string(line.substr(marker));
    }
    if (best.empty() && !line.empty()) best = std::string(line);
  }
  return best.empty() ? "unknown error" : best;
}

bool IsOutOfMemory(const std::exception& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         absl::StrContains(error.what(), "DefaultCPUAllocator: can't allocate");
}

// Declared dimension order ↔ N, C, H, W. Absent axes have index -1.
struct Axes {
  int batch = -1, channel = -1, height = -1, width = -1;
  int rank = 0;
};

Axes AxesOf(const Dimensions& dims,
            std::initializer_list<const char*> channel) {
  Axes axes;
  axes.rank = static_cast<int>(dims.size());
  for (int i = 0; i < axes.rank; ++i) {
    const std::string& dim = dims[static_cast<size_t>(i)];
    if (dim == "batch") axes.batch = i;
    if (dim == "height") axes.height = i;
    if (dim == "width") axes.width = i;
    for (const char* name : channel) {
      if (dim == name) axes.channel = i;
    }
  }
  return axes;
}

torch::ScalarType ToTorch(DataType type) {
  switch (type) {
    case DataType::kInt8:
      return torch::kInt8;
    case DataType::kInt16:
      return torch::kInt16;
    case DataType::kInt32:
    case DataType::kUint16:  // LibTorch before 2.3 has no uint16
      return torch::kInt32;
    case DataType::kInt64:
    case DataType::kUint32:
    case DataType::kUint64:
      return torch::kInt64;
    case DataType::kUint8:
      return torch::kUInt8;
    case DataType::kFloat16:
      return torch::kFloat16;
    case DataType::kFloat64:
      return torch::kFloat64;
    case DataType::kFloat32:
    case DataType::kOther:
      return torch::kFloat32;
  }
  return torch::kFloat32;
}

// What forward needs, shared by a model and its runners. Immutable once
// prepared; forward of a frozen module is thread-safe.
struct Program {
  torch::jit::Module module;
  c10::Device device = c10::kCPU;
  torch::ScalarType dtype = torch::kFloat32;
  Axes in, out;
  int fixed_batch = 0;  // 0: any; else forward takes no other

  // N × C × H × W floats on the host → N × C' × H' × W' floats on the host.
  torch::Tensor Forward(torch::Tensor input) {
    c10::InferenceMode inference;
    c10::optional<c10::Stream> stream;
    if (!device.is_cpu()) {
      // A stream of our own: the default one serialises with everybody's.
      const c10::impl::VirtualGuardImpl guard(device.type());
      stream = guard.getStreamFromGlobalPool(device);
    }
    const c10::OptionalStreamGuard stream_guard(stream);
    const c10::DeviceGuard device_guard(device);
    input = input.to(device, dtype, /*non_blocking=*/true);
    std::vector<int64_t> order(4);
    order[static_cast<size_t>(in.batch)] = 0;
    order[static_cast<size_t>(in.channel)] = 1;
    order[static_cast<size_t>(in.height)] = 2;
    order[static_cast<size_t>(in.width)] = 3;
    if (!std::is_sorted(order.begin(), order.end())) {
      input = input.permute(order).contiguous();
    }
    const torch::jit::IValue value = module.forward({input});
    if (!value.isTensor()) {
      throw std::invalid_argument(absl::StrCat(
          "forward gives a ", value.tagKind(), ", expected one tensor"));
    }
    torch::Tensor output = value.toTensor();
    if (output.dim() != out.rank) {
      throw std::invalid_argument(
          absl::StrCat("forward gives a tensor of ", output.dim(),
                       " dimensions, the item declares ", out.rank));
    }
    if (out.channel < 0) {
      output = output.permute({out.batch, out.height, out.width}).unsqueeze(1);
    } else {
      output = output.permute({out.batch, out.channel, out.height, out.width});
    }
    // The copy to the host waits for the stream.
    return output.to(c10::kCPU, torch::kFloat32).contiguous();
  }
};

class TorchInput final : public BatchInput {
 public:
  TorchInput(int batch, const TileShape& shape, bool pinned)
      : tensor_(torch::empty({batch, shape.channels, shape.size, shape.size},
                             torch::TensorOptions().pinned_memory(pinned))) {}
  float* values() override { return tensor_.data_ptr<float>(); }
  const torch::Tensor& tensor() const { return tensor_; }

 private:
  torch::Tensor tensor_;
};

class TorchOutput final : public BatchOutput {
 public:
  explicit TorchOutput(torch::Tensor tensor) : tensor_(std::move(tensor)) {}
  const float* values() const override { return tensor_.data_ptr<float>(); }

 private:
  torch::Tensor tensor_;
};

// Tiles are run in rungs 1, 2, 4 … batch size, so that a compiler which
// specialises by shape meets few, and a last batch of one does not pay for
// eight.
int RungFor(int tiles, int batch_size) {
  int rung = 1;
  while (rung < tiles) rung *= 2;
  return std::min(rung, batch_size);
}

class TorchRunner final : public BatchRunner {
 public:
  TorchRunner(std::shared_ptr<Program> program, Device device,
              const TileShape& shape, int batch_size)
      : program_(std::move(program)),
        device_(std::move(device)),
        shape_(shape),
        batch_size_(batch_size),
        limit_(batch_size) {}

  const TileShape& shape() const override { return shape_; }
  int batch_size() const override { return batch_size_; }

  absl::StatusOr<std::unique_ptr<BatchInput>> NewInput() override {
    try {
      return std::unique_ptr<BatchInput>(
          std::make_unique<TorchInput>(batch_size_, shape_, !device_.is_cpu));
    } catch (const std::exception& error) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no memory for a batch of ", batch_size_, " tiles of ",
                       shape_.size, " pixels: ", Shorten(error.what())));
    }
  }

  absl::StatusOr<std::shared_ptr<const BatchOutput>> Run(BatchInput& input,
                                                         int tiles) override {
    const torch::Tensor& all = static_cast<TorchInput&>(input).tensor();
    for (;;) {
      try {
        std::vector<torch::Tensor> parts;
        for (int begin = 0; begin < tiles; begin += limit_) {
          const int count = std::min(limit_, tiles - begin);
          const int rung = program_->fixed_batch > 0
                               ? batch_size_
                               : std::min({RungFor(count, batch_size_), limit_,
                                           batch_size_ - begin});
          // Places beyond `count` hold older tiles: computed and dropped.
          parts.push_back(program_->Forward(all.narrow(0, begin, rung))
                              .narrow(0, 0, count));
          PB_RETURN_IF_ERROR(CheckShape(parts.back()));
        }
        torch::Tensor output =
            parts.size() == 1 ? parts[0] : torch::cat(parts, 0);
        return std::shared_ptr<const BatchOutput>(
            std::make_shared<TorchOutput>(output.contiguous()));
      } catch (const std::exception& error) {
        if (!IsOutOfMemory(error)) {
          return absl::InternalError(
              absl::StrCat("the model failed: ", Shorten(error.what())));
        }
        if (limit_ == 1 || program_->fixed_batch > 0) {
          return absl::ResourceExhaustedError(absl::StrCat(
              "out of memory on ", device_.name, " with a batch of ", limit_,
              " tiles of ", shape_.size, " pixels"));
        }
        // Remembered: later batches begin with what fits.
        EmptyDeviceCache(device_);
        limit_ /= 2;
      }
    }
  }

 private:
  absl::Status CheckShape(const torch::Tensor& output) const {
    if (output.size(1) == shape_.output_channels &&
        output.size(2) == shape_.output_size &&
        output.size(3) == shape_.output_size) {
      return absl::OkStatus();
    }
    return absl::InternalError(absl::StrCat(
        "the model gave ", output.size(1), " × ", output.size(2), " × ",
        output.size(3), " values, it was probed with ", shape_.output_channels,
        " × ", shape_.output_size, " × ", shape_.output_size));
  }

  const std::shared_ptr<Program> program_;
  const Device device_;
  const TileShape shape_;
  const int batch_size_;
  int limit_;  // tiles in one forward that fit in memory
};

class TorchModelImpl final : public TorchModel {
 public:
  TorchModelImpl(std::shared_ptr<Program> program, Device device, int channels)
      : program_(std::move(program)),
        device_(std::move(device)),
        channels_(channels) {}

  absl::Status Prepare(Optimize optimize, int size) override {
    try {
      c10::InferenceMode inference;
      torch::jit::Module frozen =
          torch::jit::freeze(program_->module, c10::nullopt, true);
      if (optimize == Optimize::kNo || !device_.is_cpu) {
        program_->module = std::move(frozen);
        return absl::OkStatus();
      }
      auto candidate = std::make_shared<Program>(*program_);
      // It changes the module that it is given.
      torch::jit::Module copy = frozen.deepcopy();
      candidate->module = torch::jit::optimize_for_inference(copy);
      if (optimize == Optimize::kYes || Better(*candidate, size)) {
        program_->module = std::move(candidate->module);
        optimized_ = true;
      } else {
        program_->module = std::move(frozen);
      }
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return absl::UnimplementedError(Shorten(error.what()));
    }
  }

  bool optimized() const override { return optimized_; }

  absl::StatusOr<Shape> TryRun(int batch, int size) override {
    try {
      const torch::Tensor input =
          torch::randn({batch, channels_, size, size}) * 3;
      const torch::Tensor output = program_->Forward(input);
      if (output.size(0) != batch) {
        return absl::InvalidArgumentError(
            absl::StrCat("forward gives ", output.size(0),
                         " results for a batch of ", batch));
      }
      Shape shape;
      shape.channels = static_cast<int>(output.size(1));
      shape.height = static_cast<int>(output.size(2));
      shape.width = static_cast<int>(output.size(3));
      const bool bounded =
          output.min().item<float>() >= 0 && output.max().item<float>() <= 1;
      shape.looks_like_probabilities =
          bounded &&
          (shape.channels == 1 ||
           torch::allclose(output.sum(1), torch::ones_like(output.select(1, 0)),
                           1e-3, 1e-3));
      return shape;
    } catch (const std::exception& error) {
      return absl::InvalidArgumentError(Shorten(error.what()));
    }
  }

  std::unique_ptr<BatchRunner> NewRunner(const TileShape& shape,
                                         int batch_size) override {
    return std::make_unique<TorchRunner>(program_, device_, shape, batch_size);
  }

 private:
  // Equal to the raw module within 1e-4, and not slower.
  bool Better(Program& candidate, int size) {
    try {
      torch::manual_seed(0);
      const torch::Tensor input = torch::randn(
          {std::max(1, program_->fixed_batch), channels_, size, size});
      const torch::Tensor expected = program_->Forward(input);
      if (!torch::allclose(candidate.Forward(input), expected, 1e-4, 1e-4)) {
        return false;
      }
      return Seconds(candidate, input) <= 1.05 * Seconds(*program_, input);
    } catch (const std::exception&) {
      return false;
    }
  }

  static double Seconds(Program& program, const torch::Tensor& input) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      program.Forward(input);
      best = std::min(best, std::chrono::duration<double>(
                                std::chrono::steady_clock::now() - start)
                                .count());
    }
    return best;
  }

  const std::shared_ptr<Program> program_;
  const Device device_;
  const int channels_;
  bool optimized_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TorchModel>> TorchModel::Load(
    const Model& model, const std::string& path, const Device& device) {
  if (model.inputs.empty() || model.outputs.empty()) {
    return absl::InvalidArgumentError("the model declares no input or output");
  }
  const ModelInput& in = model.inputs[0];
  auto program = std::make_shared<Program>();
  program->in = AxesOf(in.dims, {"bands"});
  program->out = AxesOf(model.outputs[0].dims, {"class", "bands"});
  if (program->in.rank != 4 || program->in.batch < 0 ||
      program->in.channel < 0 || program->in.height < 0 ||
      program->in.width < 0 || program->out.batch < 0 ||
      program->out.height < 0 || program->out.width < 0) {
    return absl::InvalidArgumentError(
        "input dims must be batch, bands, height, width, output dims batch, "
        "height, width and perhaps class");
  }
  program->dtype = ToTorch(in.dtype);
  program->fixed_batch =
      static_cast<int>(std::max<int64_t>(0, in.DimSize("batch")));
  try {
    program->device = c10::Device(device.name);
    c10::InferenceMode inference;
    program->module = torch::jit::load(path, program->device);
    program->module.eval();
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the artifact does not load: ", Shorten(error.what())));
  }
  return std::unique_ptr<TorchModel>(std::make_unique<TorchModelImpl>(
      std::move(program), device, static_cast<int>(in.bands.size())));
}

}  // namespace pushbroom
