//===- driver_headers_test.cpp - Our declarations beside the vendors' ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// context.h, cuda.cpp and hip.cpp name numbers, sizes and functions of the
// vendors' headers. Where a header is at hand, the compiler compares.
//
//===----------------------------------------------------------------------===//
#include "support/files.h"
#include "support/paths.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#if __has_include(<cuda.h>)
#include <cuda.h>
#define HAS_CUDA_HEADER
#endif

#if __has_include(<hip/hip_runtime_api.h>)
#define __HIP_PLATFORM_AMD__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-result"
#include <hip/hip_runtime_api.h>
#pragma GCC diagnostic pop
#define HAS_HIP_HEADER
#endif

using ::testing::HasSubstr;

namespace {

#define STRING_OF(TEXT) #TEXT
/// The name behind a header's macro, as of a function that has a second
/// version.
#define NAME_OF(FUNCTION) STRING_OF(FUNCTION)

/// What both vendors' drivers have in common, and `file`.
[[maybe_unused]] std::string source(const char *file) {
  const auto folder = gpt2::paths::source() / "common/device/gpu";
  return gpt2::readFile(folder / "context.h") + gpt2::readFile(folder / file);
}

TEST(DriverHeaders, Cuda) {
#ifndef HAS_CUDA_HEADER
  GTEST_SKIP() << "no cuda.h here";
#else
  static_assert(CUDA_ERROR_UNSUPPORTED_PTX_VERSION == 222);
  static_assert(CUDA_ERROR_NO_DEVICE == 100);
  static_assert(CUDA_ERROR_OUT_OF_MEMORY == 2);
  static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == 75);
  static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == 76);
  static_assert(CU_JIT_ERROR_LOG_BUFFER == 5);
  static_assert(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES == 6);
  static_assert(CU_STREAM_NON_BLOCKING == 1);
  static_assert(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL == 1);
  using Instantiate = CUresult(CUgraphExec *, CUgraph, unsigned long long);
  static_assert(
      std::is_same_v<decltype(cuGraphInstantiateWithFlags), Instantiate>);
  static_assert(sizeof(CUresult) == sizeof(int));
  static_assert(sizeof(CUdevice) == sizeof(int));
  static_assert(sizeof(CUdeviceptr) == sizeof(void *));
  std::string ours = source("cuda.cpp");
  for (const char *name : {NAME_OF(cuInit),
                           NAME_OF(cuDriverGetVersion),
                           NAME_OF(cuDeviceGetCount),
                           NAME_OF(cuDeviceGet),
                           NAME_OF(cuDeviceGetName),
                           NAME_OF(cuDeviceGetAttribute),
                           NAME_OF(cuDevicePrimaryCtxRetain),
                           NAME_OF(cuDevicePrimaryCtxRelease),
                           NAME_OF(cuCtxGetCurrent),
                           NAME_OF(cuCtxSetCurrent),
                           NAME_OF(cuMemGetInfo),
                           NAME_OF(cuMemAlloc),
                           NAME_OF(cuMemFree),
                           NAME_OF(cuMemcpyAsync),
                           NAME_OF(cuModuleLoadDataEx),
                           NAME_OF(cuModuleUnload),
                           NAME_OF(cuModuleGetFunction),
                           NAME_OF(cuLaunchKernel),
                           NAME_OF(cuStreamCreate),
                           NAME_OF(cuStreamSynchronize),
                           NAME_OF(cuStreamDestroy),
                           NAME_OF(cuEventCreate),
                           NAME_OF(cuEventRecord),
                           NAME_OF(cuEventDestroy),
                           NAME_OF(cuStreamBeginCapture),
                           NAME_OF(cuStreamEndCapture),
                           NAME_OF(cuGraphInstantiateWithFlags),
                           NAME_OF(cuGraphLaunch),
                           NAME_OF(cuGraphDestroy),
                           NAME_OF(cuGraphExecDestroy),
                           NAME_OF(cuGetErrorString)})
    EXPECT_THAT(ours, HasSubstr("\"" + std::string(name) + "\""));
#endif
}

TEST(DriverHeaders, Hip) {
#ifndef HAS_HIP_HEADER
  GTEST_SKIP() << "no hip/hip_runtime_api.h here";
#else
  static_assert(hipErrorOutOfMemory == 2);
  static_assert(hipErrorNoDevice == 100);
  static_assert(hipErrorInvalidDevice == 101);
  static_assert(hipErrorNoBinaryForGpu == 209);
  static_assert(hipMemcpyDefault == 4);
  static_assert(hipStreamNonBlocking == 1);
  static_assert(hipStreamCaptureModeThreadLocal == 1);
  using Instantiate = hipError_t(hipGraphExec_t *, hipGraph_t, hipGraphNode_t *,
                                 char *, size_t);
  static_assert(std::is_same_v<decltype(hipGraphInstantiate), Instantiate>);
  static_assert(sizeof(hipError_t) == sizeof(int));
  using Launch =
      hipError_t(hipFunction_t, unsigned, unsigned, unsigned, unsigned,
                 unsigned, unsigned, unsigned, hipStream_t, void **, void **);
  static_assert(std::is_same_v<decltype(hipModuleLaunchKernel), Launch>);
  using BusId = hipError_t(char *, int, int);
  static_assert(std::is_same_v<decltype(hipDeviceGetPCIBusId), BusId>);
  std::string ours = source("hip.cpp");
  for (const char *name : {NAME_OF(hipInit),
                           NAME_OF(hipDriverGetVersion),
                           NAME_OF(hipGetDeviceCount),
                           NAME_OF(hipGetDevice),
                           NAME_OF(hipSetDevice),
                           NAME_OF(hipDeviceGetName),
                           NAME_OF(hipDeviceGetPCIBusId),
                           NAME_OF(hipMemGetInfo),
                           NAME_OF(hipMalloc),
                           NAME_OF(hipFree),
                           NAME_OF(hipMemcpyAsync),
                           NAME_OF(hipModuleLoadData),
                           NAME_OF(hipModuleUnload),
                           NAME_OF(hipModuleGetFunction),
                           NAME_OF(hipModuleLaunchKernel),
                           NAME_OF(hipStreamCreateWithFlags),
                           NAME_OF(hipStreamSynchronize),
                           NAME_OF(hipStreamDestroy),
                           NAME_OF(hipEventCreateWithFlags),
                           NAME_OF(hipEventRecord),
                           NAME_OF(hipEventElapsedTime),
                           NAME_OF(hipEventDestroy),
                           NAME_OF(hipStreamBeginCapture),
                           NAME_OF(hipStreamEndCapture),
                           NAME_OF(hipGraphInstantiate),
                           NAME_OF(hipGraphLaunch),
                           NAME_OF(hipGraphDestroy),
                           NAME_OF(hipGraphExecDestroy),
                           NAME_OF(hipGetErrorString)})
    EXPECT_THAT(ours, HasSubstr("\"" + std::string(name) + "\""));
#endif
}

} // namespace
