//===- fiber_annotations.h - Fibers, as AddressSanitizer sees them ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// It must be told when a host thread goes on on another stack. Without it,
// these do nothing.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/emulator/fiber_stacks.h"

#if defined(__SANITIZE_ADDRESS__)
#define GPT2_ANNOTATES_FIBERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GPT2_ANNOTATES_FIBERS 1
#endif
#endif

#ifdef GPT2_ANNOTATES_FIBERS
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace gpt2 {

/// Before a switch to `stack`. What `kept` is set to belongs to the stack that
/// is left; null if that one ends.
inline void aboutToSwitch([[maybe_unused]] void **kept,
                          [[maybe_unused]] StackRange stack) {
#ifdef GPT2_ANNOTATES_FIBERS
  __sanitizer_start_switch_fiber(kept, stack.bottom, stack.bytes);
#endif
}

/// Behind a switch to the stack to which `kept` belongs; null if it is new.
/// Returns the stack that was left.
inline StackRange haveSwitched([[maybe_unused]] void *kept) {
  StackRange left;
#ifdef GPT2_ANNOTATES_FIBERS
  const void *bottom = nullptr;
  __sanitizer_finish_switch_fiber(kept, &bottom, &left.bytes);
  left.bottom = static_cast<char *>(const_cast<void *>(bottom));
#endif
  return left;
}

/// What `stack` takes is used anew: frames there may have been left without an
/// end.
inline void forgetFrames([[maybe_unused]] StackRange stack) {
#ifdef GPT2_ANNOTATES_FIBERS
  ASAN_UNPOISON_MEMORY_REGION(stack.bottom, stack.bytes);
#endif
}

} // namespace gpt2
