//===- context.cpp - A GPU that its vendor's library has opened ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/gpu/context.h"
#include "support/error.h"

#include <utility>

namespace gpt2 {
namespace {

// Numbers that both vendors have in common.
constexpr int outOfMemory = 2;      // CUDA_ERROR_, hipErrorOutOfMemory
constexpr unsigned nonBlocking = 1; // CU_STREAM_NON_BLOCKING
constexpr int ofThisThread = 1;     // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL

/// A context's GPU, through a stream of its own.
class StreamDriver : public Driver {
public:
  explicit StreamDriver(std::shared_ptr<const Context> opened)
      : context(std::move(opened)), call(context->call) {
    Context::Use use(*context);
    check(call.createStream(&stream, nonBlocking), "making a stream");
  }

  ~StreamDriver() override {
    try {
      Context::Use use(*context);
      call.destroyStream(stream);
    } catch (const Error &) { // there is nobody to tell
    }
  }

  std::string describe() const override { return context->describe(); }
  std::string chip() const override { return context->chip(); }

  void *allocate(size_t bytes) override {
    Context::Use use(*context);
    void *address = nullptr;
    int result = call.allocate(&address, bytes);
    if (result == outOfMemory)
      return nullptr;
    check(result, "allocating memory");
    return address;
  }

  void free(void *data) override {
    Context::Use use(*context);
    check(call.free(data), "freeing memory");
  }

  size_t freeMemory() override {
    Context::Use use(*context);
    size_t free = 0, all = 0;
    check(call.memoryInfo(&free, &all), "reading how much memory is free");
    return free;
  }

  void copy(void *to, const void *from, size_t bytes) override {
    Context::Use use(*context);
    check(context->copy(to, from, bytes, stream), "copying");
  }

  void *loadModule(const void *image) override {
    Context::Use use(*context);
    return context->loadModule(image);
  }

  void unloadModule(void *module) override {
    Context::Use use(*context);
    check(call.unloadModule(module), "unloading the kernels");
  }

  void *function(void *module, const std::string &kernel) override {
    Context::Use use(*context);
    void *found = nullptr;
    check(call.getFunction(&found, module, kernel.c_str()),
          ("finding kernel @" + kernel).c_str());
    return found;
  }

  void launch(void *kernel, Dim3 grid, Dim3 block, void **arguments) override {
    Context::Use use(*context);
    check(call.launch(kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                      /*bytes=*/0, stream, arguments, /*extra=*/nullptr),
          "launching a kernel");
  }

  void synchronize() override {
    Context::Use use(*context);
    check(call.synchronizeStream(stream), "waiting for kernels");
  }

  bool canCapture() const override { return true; }

  void beginCapture() override {
    Context::Use use(*context);
    check(call.beginCapture(stream, ofThisThread), "capturing launches");
  }

  void *endCapture() override {
    Context::Use use(*context);
    void *graph = nullptr, *executable = nullptr;
    check(call.endCapture(stream, &graph), "capturing launches");
    int result = context->instantiate(&executable, graph);
    call.destroyGraph(graph); // an error here must not hide that one
    check(result, "making a graph of the launches");
    return executable;
  }

  void launchGraph(void *executable) override {
    Context::Use use(*context);
    check(call.launchGraph(executable, stream), "launching a graph");
  }

  void forgetGraph(void *executable) override {
    Context::Use use(*context);
    check(call.destroyExecutable(executable), "forgetting a graph");
  }

  void *record() override {
    Context::Use use(*context);
    void *event = nullptr;
    check(call.createEvent(&event, 0), "making an event");
    int result = call.recordEvent(event, stream);
    if (result != 0)
      call.destroyEvent(event);
    check(result, "recording an event");
    return event;
  }

  double secondsBetween(void *first, void *second) override {
    Context::Use use(*context);
    float milliseconds = 0;
    check(call.elapsed(&milliseconds, first, second), "reading an event");
    return milliseconds / 1e3;
  }

  void forget(void *event) override {
    Context::Use use(*context);
    check(call.destroyEvent(event), "forgetting an event");
  }

private:
  void check(int result, const char *what) const {
    context->check(result, what);
  }

  std::shared_ptr<const Context> context;
  const DriverFunctions &call;
  void *stream = nullptr;
};

} // namespace

Context::Context(const char *library, DriverFunctions functions)
    : call(std::move(functions)), library(library) {}

void Context::check(int result, const char *what) const {
  if (result == 0)
    return;
  const char *words = wordsOf(result);
  fail(library, ": ", what, ": ", words ? words : "unknown error", " (error ",
       result, ")");
}

Context::Use::Use(const Context &context) : context(context) {
  const char *what = "making the GPU current";
  context.check(context.getCurrent(&before), what);
  if (before != context.own)
    context.check(context.setCurrent(context.own), what);
}

Context::Use::~Use() {
  if (before != context.own)
    context.setCurrent(before);
}

std::shared_ptr<const Context> SharedContext::get() {
  std::lock_guard lock(opening);
  std::shared_ptr<const Context> context = opened.lock();
  if (!context)
    opened = context = open();
  return context;
}

std::unique_ptr<Driver> driverOn(std::shared_ptr<const Context> context) {
  return std::make_unique<StreamDriver>(std::move(context));
}

} // namespace gpt2
