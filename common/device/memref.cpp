//===- memref.cpp - How compiled code is handed a tensor ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/memref.h"
#include "support/error.h"

#include <array>
#include <utility>

namespace gpt2 {
namespace {

/// Calls a C function of as many pointers as there are indices.
template <size_t... I>
void callWith(void *function, void **arguments, std::index_sequence<I...>) {
  using Function = void (*)(decltype((void)I, static_cast<void *>(nullptr))...);
  reinterpret_cast<Function>(function)(arguments[I]...);
}

using Caller = void (*)(void *function, void **arguments);
constexpr size_t maxArguments = 40;

/// callers[n] calls a function of n pointers.
template <size_t... N>
constexpr std::array<Caller, sizeof...(N)>
makeCallers(std::index_sequence<N...>) {
  return {+[](void *function, void **arguments) {
    callWith(function, arguments, std::make_index_sequence<N>());
  }...};
}
constexpr auto callers =
    makeCallers(std::make_index_sequence<maxArguments + 1>());

} // namespace

void callEntry(void *entry, std::span<MemRef> arguments) {
  if (arguments.size() > maxArguments)
    fail("an entry with ", arguments.size(), " arguments; at most ",
         maxArguments, " can be passed");
  std::array<void *, maxArguments> pointers;
  for (size_t i = 0; i < arguments.size(); ++i)
    pointers[i] = arguments[i].descriptor();
  callers[arguments.size()](entry, pointers.data());
}

} // namespace gpt2
