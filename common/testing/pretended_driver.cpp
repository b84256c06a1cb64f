//===- pretended_driver.cpp - A library of a GPU's vendor, without a GPU ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/pretended_driver.h"
#include "support/files.h"

#include <gtest/gtest.h>

#include <cstring>

namespace gpt2::testing {

PretendedLibrary library;
thread_local void *currentHere = nullptr;

namespace {

char context, othersContext;

int called(const char *function, bool needsCurrent = true) {
  ++library.calls[function];
  void *own = library.isCuda ? &context : nullptr;
  bool isThere =
      currentHere == own && (!library.isCuda || library.alive["reference"] > 0);
  if (needsCurrent && !isThere)
    return 201; // CUDA_ERROR_INVALID_CONTEXT
  auto failing = library.result.find(function);
  return failing == library.result.end() ? 0 : failing->second;
}

int make(const char *function, const char *kind, void **made) {
  if (int result = called(function))
    return result;
  *made = reinterpret_cast<void *>(++library.handles);
  ++library.alive[kind];
  return 0;
}

int destroy(const char *function, const char *kind) {
  if (int result = called(function))
    return result;
  --library.alive[kind];
  return 0;
}

template <typename Function> void *addressOf(Function *function) {
  return reinterpret_cast<void *>(function);
}

/// What both vendors' libraries do alike.
const std::map<std::string, void *> &common() {
  static const std::map<std::string, void *> functions = {
      {"init", addressOf(+[](unsigned) { return called("init", false); })},
      {"version", addressOf(+[](int *version) {
         *version = library.isCuda ? 13010 : 60300000;
         return 0;
       })},
      {"count", addressOf(+[](int *count) {
         *count = library.gpus;
         return 0;
       })},
      {"name", addressOf(+[](char *name, int bytes, int) {
         std::strncpy(name, "Pretended", static_cast<size_t>(bytes));
         return 0;
       })},
      {"free memory", addressOf(+[](size_t *free, size_t *all) {
         *free = *all = 1 << 20;
         return called("free memory");
       })},
      {"allocate", addressOf(+[](void **data, size_t) {
         return make("allocate", "buffer", data);
       })},
      {"free", addressOf(+[](void *) { return destroy("free", "buffer"); })},
      {"unload",
       addressOf(+[](void *) { return destroy("unload", "module"); })},
      {"function", addressOf(+[](void **function, void *module, const char *) {
         *function = module;
         return called("function");
       })},
      {"launch", addressOf(+[](void *, unsigned, unsigned, unsigned, unsigned,
                               unsigned, unsigned, unsigned, void *, void **,
                               void **) { return called("launch"); })},
      {"stream", addressOf(+[](void **stream, unsigned) {
         return make("stream", "stream", stream);
       })},
      {"wait", addressOf(+[](void *) { return called("wait"); })},
      {"end stream",
       addressOf(+[](void *) { return destroy("end stream", "stream"); })},
      {"event", addressOf(+[](void **event, unsigned) {
         return make("event", "event", event);
       })},
      {"record", addressOf(+[](void *, void *) { return called("record"); })},
      {"elapsed", addressOf(+[](float *milliseconds, void *, void *) {
         *milliseconds = 2000;
         return called("elapsed");
       })},
      {"end event",
       addressOf(+[](void *) { return destroy("end event", "event"); })},
      {"capture", addressOf(+[](void *, int) { return called("capture"); })},
      {"end capture", addressOf(+[](void *, void **graph) {
         return make("end capture", "graph", graph);
       })},
      {"end graph",
       addressOf(+[](void *) { return destroy("end graph", "graph"); })},
      {"replay", addressOf(+[](void *, void *) { return called("replay"); })},
      {"end executable", addressOf(+[](void *) {
         return destroy("end executable", "executable");
       })}};
  return functions;
}

const std::map<std::string, void *> &cuda() {
  auto as = [](const char *name) { return common().at(name); };
  static const std::map<std::string, void *> functions = {
      {"cuInit", as("init")},
      {"cuDriverGetVersion", as("version")},
      {"cuDeviceGetCount", as("count")},
      {"cuDeviceGetName", as("name")},
      {"cuMemGetInfo_v2", as("free memory")},
      {"cuMemAlloc_v2", as("allocate")},
      {"cuMemFree_v2", as("free")},
      {"cuModuleUnload", as("unload")},
      {"cuModuleGetFunction", as("function")},
      {"cuLaunchKernel", as("launch")},
      {"cuStreamCreate", as("stream")},
      {"cuStreamSynchronize", as("wait")},
      {"cuStreamDestroy_v2", as("end stream")},
      {"cuEventCreate", as("event")},
      {"cuEventRecord", as("record")},
      {"cuEventElapsedTime", as("elapsed")},
      {"cuEventDestroy_v2", as("end event")},
      {"cuStreamBeginCapture_v2", as("capture")},
      {"cuStreamEndCapture", as("end capture")},
      {"cuGraphDestroy", as("end graph")},
      {"cuGraphLaunch", as("replay")},
      {"cuGraphExecDestroy", as("end executable")},
      {"cuDeviceGet", addressOf(+[](int *device, int ordinal) {
         *device = ordinal + 40; // a handle
         return 0;
       })},
      {"cuDeviceGetAttribute", addressOf(+[](int *value, int which, int) {
         *value = which == 75 ? 9 : 0;
         return 0;
       })},
      {"cuDevicePrimaryCtxRetain", addressOf(+[](void **retained, int device) {
         EXPECT_EQ(device, 40);
         ++library.alive["reference"];
         *retained = &context;
         return 0;
       })},
      {"cuDevicePrimaryCtxRelease_v2", addressOf(+[](int device) {
         EXPECT_EQ(device, 40);
         bool isLast = --library.alive["reference"] == 0;
         EXPECT_TRUE(!isLast || library.alive["stream"] == 0);
         return 0;
       })},
      {"cuCtxGetCurrent", addressOf(+[](void **current) {
         *current = currentHere;
         return 0;
       })},
      {"cuCtxSetCurrent", addressOf(+[](void *current) {
         currentHere = current;
         return called("set current", false);
       })},
      {"cuMemcpyAsync", addressOf(+[](void *, void *, size_t, void *) {
         return called("copy");
       })},
      {"cuModuleLoadDataEx",
       addressOf(+[](void **module, const void *, unsigned, int *, void **) {
         return make("load", "module", module);
       })},
      {"cuGraphInstantiateWithFlags",
       addressOf(+[](void **executable, void *, unsigned long long) {
         return make("instantiate", "executable", executable);
       })},
      {"cuGetErrorString", addressOf(+[](int, const char **words) {
         *words = "pretended";
         return 0;
       })}};
  return functions;
}

const std::map<std::string, void *> &hip() {
  auto as = [](const char *name) { return common().at(name); };
  static const std::map<std::string, void *> functions = {
      {"hipInit", as("init")},
      {"hipDriverGetVersion", as("version")},
      {"hipGetDeviceCount", as("count")},
      {"hipDeviceGetName", as("name")},
      {"hipMemGetInfo", as("free memory")},
      {"hipMalloc", as("allocate")},
      {"hipFree", as("free")},
      {"hipModuleUnload", as("unload")},
      {"hipModuleGetFunction", as("function")},
      {"hipModuleLaunchKernel", as("launch")},
      {"hipStreamCreateWithFlags", as("stream")},
      {"hipStreamSynchronize", as("wait")},
      {"hipStreamDestroy", as("end stream")},
      {"hipEventCreateWithFlags", as("event")},
      {"hipEventRecord", as("record")},
      {"hipEventElapsedTime", as("elapsed")},
      {"hipEventDestroy", as("end event")},
      {"hipStreamBeginCapture", as("capture")},
      {"hipStreamEndCapture", as("end capture")},
      {"hipGraphDestroy", as("end graph")},
      {"hipGraphLaunch", as("replay")},
      {"hipGraphExecDestroy", as("end executable")},
      {"hipGetDevice", addressOf(+[](int *device) {
         *device = static_cast<int>(reinterpret_cast<intptr_t>(currentHere));
         return 0;
       })},
      {"hipSetDevice", addressOf(+[](int device) {
         currentHere = reinterpret_cast<void *>(static_cast<intptr_t>(device));
         return called("set current", false);
       })},
      {"hipDeviceGetPCIBusId", addressOf(+[](char *bus, int bytes, int device) {
         EXPECT_EQ(device, 0);
         std::strncpy(bus, library.bus.c_str(), static_cast<size_t>(bytes));
         return 0;
       })},
      {"hipMemcpyAsync", addressOf(+[](void *, const void *, size_t, int,
                                       void *) { return called("copy"); })},
      {"hipModuleLoadData", addressOf(+[](void **module, const void *) {
         return make("load", "module", module);
       })},
      {"hipGraphInstantiate",
       addressOf(+[](void **executable, void *, void *, char *, size_t) {
         return make("instantiate", "executable", executable);
       })},
      {"hipGetErrorString",
       addressOf(+[](int) -> const char * { return "pretended"; })}};
  return functions;
}

} // namespace

void *currentOfOthers() {
  return library.isCuda ? &othersContext : reinterpret_cast<void *>(1);
}

void *functionOfLibrary(const char *name) {
  const auto &functions = library.isCuda ? cuda() : hip();
  auto found = functions.find(name);
  if (found == functions.end())
    fail("the library is too old: no ", name);
  return found->second;
}

KfdFolder::KfdFolder() {
  add("0", "cpu_cores_count 16\ngfx_target_version 0\nlocation_id 0\n"
           "domain 0\n");
  add("1", "simd_count 4\ngfx_target_version 100306\nlocation_id 3328\n"
           "domain 0\n");
  add("2", "gfx_target_version 110000\nlocation_id 768\ndomain 0\n");
  add("3", "gfx_target_version 90402\nlocation_id 268436224\ndomain 1\n");
  add("4", "gfx_target_version 90010\nlocation_id 17160\n"); // older
  std::filesystem::create_directory(folder / "5");           // not to be read
}

void KfdFolder::add(const std::string &node, const std::string &properties) {
  std::filesystem::create_directory(folder / node);
  writeFile(folder / node / "properties", {properties});
}

} // namespace gpt2::testing
