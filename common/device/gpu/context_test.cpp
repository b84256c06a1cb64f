//===- context_test.cpp - Drivers on libraries that pretend -------------===//
#include "device/dynamic_library.h"
#include "device/gpu/context.h"
#include "device/gpu/gpu_device.h"
#include "device/gpu/kfd_topology.h"
#include "support/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <thread>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

namespace {

//===----------------------------------------------------------------------===//
// A library of either vendor. It counts what is alive, and its functions fail
// where its one GPU is not what is current on the thread that calls.
//===----------------------------------------------------------------------===//

struct Pretended {
  bool isCuda = true;
  int gpus = 1;
  std::string bus = "0000:03:00.0";
  std::map<std::string, int> alive;  ///< by kind
  std::map<std::string, int> result; ///< of functions that are to fail
  std::map<std::string, int> calls;
  intptr_t handles = 0;
};
Pretended library;

/// CUDA's context, HIP's number of a device.
thread_local void *currentHere = nullptr;
char context, othersContext;

void *ofOthers() {
  return library.isCuda ? &othersContext : reinterpret_cast<void *>(1);
}

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

//===----------------------------------------------------------------------===//
// What kfd tells: a CPU, an integrated GPU in front of a discrete one, and one
// of two parts, in another domain.
//===----------------------------------------------------------------------===//

class Topology {
public:
  Topology() {
    add("0", "cpu_cores_count 16\ngfx_target_version 0\nlocation_id 0\n"
             "domain 0\n");
    add("1", "simd_count 4\ngfx_target_version 100306\nlocation_id 3328\n"
             "domain 0\n");
    add("2", "gfx_target_version 110000\nlocation_id 768\ndomain 0\n");
    add("3", "gfx_target_version 90402\nlocation_id 268436224\ndomain 1\n");
    add("4", "gfx_target_version 90010\nlocation_id 17160\n"); // older
    std::filesystem::create_directory(folder / "5");           // not to be read
  }

  std::filesystem::path path() const { return folder.path; }

private:
  void add(const std::string &node, const std::string &properties) {
    std::filesystem::create_directory(folder / node);
    writeFile(folder / node / "properties", {properties});
  }

  TemporaryDirectory folder;
};

TEST(KfdTopology, KnowsTheChipAtAPlace) {
  Topology topology;
  EXPECT_EQ(chipAt("0000:0d:00.0", topology.path()), "gfx1036");
  EXPECT_EQ(chipAt("0000:03:00.0", topology.path()), "gfx1100");
  EXPECT_EQ(chipAt("0001:03:00.0", topology.path()), "gfx942");
  // Device 1 on bus 43; HIP does not tell each function.
  EXPECT_EQ(chipAt("0000:43:01.0", topology.path()), "gfx90a");
  EXPECT_EQ(chipAt("0000:43:01.3", topology.path()), "gfx90a");
  // Domains that are not told may be any.
  EXPECT_EQ(chipAt("0002:43:01.0", topology.path()), "gfx90a");
  for (const char *other : {"0002:03:00.0", "0000:03:01.0", "0000:00:00.0"})
    EXPECT_THAT(errorOf([&] { chipAt(other, topology.path()); }),
                HasSubstr("does not tell which chip the GPU is, at PCI " +
                          std::string(other)));
  EXPECT_THAT(errorOf([&] { chipAt("", topology.path()); }),
              HasSubstr("does not tell"));
  EXPECT_THAT(errorOf([&] { chipAt("0000:03:00.0", "/no/such/folder"); }),
              HasSubstr("does not tell"));
}

//===----------------------------------------------------------------------===//
// Drivers
//===----------------------------------------------------------------------===//

class ContextTest : public ::testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    library = Pretended();
    library.isCuda = GetParam();
    currentHere = nullptr;
  }
  void TearDown() override {
    EXPECT_THAT(library.alive, Each(Pair(::testing::_, 0)));
  }

  static void *find(const char *name) {
    const auto &functions = library.isCuda ? cuda() : hip();
    auto found = functions.find(name);
    if (found == functions.end())
      fail("the library is too old: no ", name);
    return found->second;
  }

  std::shared_ptr<const Context> open() const {
    return library.isCuda ? openCudaContext(find)
                          : openHipContext(find, topology.path());
  }

  std::unique_ptr<GpuDevice> device() const {
    return std::make_unique<GpuDevice>(driverOn(open()), "an image");
  }

  Topology topology;
};

/// What a program asks of a device, all of it.
void useAll(GpuDevice &device) {
  float value = 1;
  DeviceMemory memory = shareWith(device, &value, sizeof value, "a value");
  device.copy(&value, memory.get(), sizeof value);
  device.beginRecording();
  device.launch("a", {}, {}, nullptr);
  std::shared_ptr<void> recording = device.endRecording();
  device.replay(recording.get());
  device.startTiming();
  device.launch("a", {}, {}, nullptr);
  device.synchronize();
  ASSERT_EQ(device.times().size(), 1u);
  EXPECT_EQ(device.times()[0].seconds, 2);
  device.launch("b", {}, {}, nullptr); // and nobody waits
}

TEST_P(ContextTest, SayWhatTheyAre) {
  std::unique_ptr<GpuDevice> one = device();
  EXPECT_EQ(one->describe(),
            GetParam() ? "Pretended, CUDA driver 13.1" : "Pretended, HIP 6.3");
  EXPECT_EQ(driverOn(open())->chip(), GetParam() ? "sm_90" : "gfx1100");
  library.gpus = 0;
  EXPECT_THROW(open(), NotHere);
  library.result["init"] = 100;
  EXPECT_THROW(open(), NotHere);
  library.result["init"] = 999;
  std::string message = errorOf([&] { open(); });
  EXPECT_THAT(message, HasSubstr("starting the "));
  EXPECT_THAT(message, HasSubstr(": pretended (error 999)"));
}

TEST_P(ContextTest, GiveBackAllThatTheyMade) {
  std::unique_ptr<GpuDevice> one = device();
  useAll(*one);
  EXPECT_GT(library.calls["replay"], 0);
  EXPECT_GT(library.calls["elapsed"], 0);
  one->allocate(1, "what is never freed");
  one.reset();
  // See TearDown().
  EXPECT_EQ(library.alive.count("reference"), GetParam() ? 1u : 0u);
  for (const char *kind :
       {"buffer", "module", "stream", "event", "graph", "executable"})
    EXPECT_EQ(library.alive.count(kind), 1u) << kind;
}

TEST_P(ContextTest, WorkOnAnyThread) {
  for (void *before : {static_cast<void *>(nullptr), ofOthers()}) {
    auto onAnotherThread = [&](auto work) {
      std::thread([&] {
        currentHere = before;
        work();
        EXPECT_EQ(currentHere, before);
      }).join();
    };
    std::unique_ptr<GpuDevice> one = device();
    EXPECT_EQ(currentHere, nullptr);
    onAnotherThread([&] { useAll(*one); });
    onAnotherThread([&] { one.reset(); });
  }
}

TEST_P(ContextTest, KeepNothingOfWhatFails) {
  std::unique_ptr<GpuDevice> one = device();
  one->beginRecording();
  library.result = {{"instantiate", 7}};
  EXPECT_THAT(errorOf([&] { one->endRecording(); }),
              HasSubstr("making a graph of the launches: pretended (error 7)"));
  EXPECT_EQ(library.alive["graph"], 0);
  library.result = {{"record", 7}};
  one->startTiming();
  one->launch("a", {}, {}, nullptr);
  EXPECT_THAT(errorOf([&] { one->synchronize(); }),
              HasSubstr("recording an event: pretended (error 7)"));
  EXPECT_EQ(library.alive["event"], 0);
  library.result = {{"stream", 7}};
  EXPECT_THAT(errorOf([&] { device(); }), HasSubstr("making a stream"));
  library.result = {{"load", 7}};
  EXPECT_THAT(errorOf([&] { device(); }), HasSubstr("loading the kernels"));
  library.result = {{"allocate", 2}};
  EXPECT_THAT(errorOf([&] { one->allocate(5, "wte"); }),
              HasSubstr("no memory for wte: it takes 5 bytes, and 1048576 "));
  library.result = {{"wait", 7}, {"end stream", 7}}; // told to nobody
  library.alive["stream"] = 0;                       // is all that is lost
  one.reset();
}

TEST_P(ContextTest, ShareAContextAsLongAsThereIsOne) {
  int opened = 0;
  SharedContext shared([&] {
    ++opened;
    return open();
  });
  std::unique_ptr<Driver> first = driverOn(shared.get()),
                          second = driverOn(shared.get());
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(library.alive["stream"], 2);
  first.reset();
  EXPECT_EQ(library.alive["reference"], GetParam() ? 1 : 0);
  second->freeMemory();
  second.reset();
  EXPECT_EQ(library.alive["reference"], 0);
  driverOn(shared.get())->freeMemory();
  EXPECT_EQ(opened, 2);
}

INSTANTIATE_TEST_SUITE_P(, ContextTest, ::testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "Cuda" : "Hip";
                         });

class HipContextTest : public ContextTest {};

// HIP_VISIBLE_DEVICES and the order of the runtime decide which GPU is its
// first, and not the order of the kernel's nodes.
TEST_P(HipContextTest, KnowTheChipOfTheGpuThatIsFirst) {
  EXPECT_EQ(open()->chip(), "gfx1100"); // an integrated one has a lower node
  library.bus = "0000:0d:00.0";
  EXPECT_EQ(open()->chip(), "gfx1036");
  library.bus = "0001:03:00.0";
  EXPECT_EQ(open()->chip(), "gfx942");
  library.bus = "0000:77:00.0";
  EXPECT_THAT(errorOf([&] { open(); }),
              HasSubstr("which chip the GPU is, at PCI 0000:77:00.0"));
}

INSTANTIATE_TEST_SUITE_P(, HipContextTest, ::testing::Values(false));

} // namespace
