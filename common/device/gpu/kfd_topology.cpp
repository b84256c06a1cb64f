//===- kfd_topology.cpp - Which chip an AMD GPU is ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/gpu/kfd_topology.h"
#include "support/error.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>

namespace gpt2 {
namespace {

/// What a node's file says, a name and a number a line.
struct Node {
  uint64_t target = 0;            ///< gfx_target_version; 0: a CPU
  std::optional<uint64_t> domain; ///< older kernels do not say it
  uint64_t location = 0;          ///< bus, device and function: 8, 5 and 3 bits

  /// A node that may not be read, as another container's, is like a CPU.
  explicit Node(const std::filesystem::path &properties) {
    std::ifstream file(properties);
    std::string name;
    for (uint64_t value; file >> name >> value;)
      if (name == "gfx_target_version")
        target = value;
      else if (name == "domain")
        domain = value;
      else if (name == "location_id")
        location = value;
  }
};

/// 90402 is gfx942, 90010 is gfx90a, 110003 is gfx1103.
std::string nameOf(uint64_t target) {
  constexpr char digits[] = "0123456789abcdef";
  return "gfx" + std::to_string(target / 10000) +
         digits[target / 100 % 100 % 16] + digits[target % 100 % 16];
}

} // namespace

std::string chipAt(const std::string &bus,
                   const std::filesystem::path &topology) {
  unsigned domain = 0, number = 0, device = 0;
  char colon = 0;
  std::istringstream parts(bus); // "0000:c1:00.0"
  parts >> std::hex >> domain >> colon >> number >> colon >> device;
  bool isKnown = !parts.fail();
  // Not the function, which not every HIP tells: a device's are of one chip.
  // Above the 16 bits is which part of a GPU it is, if it was parted.
  uint64_t location = number << 5 | device;
  std::error_code none; // no folder is one without nodes
  for (std::filesystem::directory_iterator at(topology, none), end; at != end;
       at.increment(none)) {
    Node node(at->path() / "properties");
    if (isKnown && node.target != 0 && node.domain.value_or(domain) == domain &&
        (node.location & 0xffff) >> 3 == location)
      return nameOf(node.target);
  }
  fail("HIP: the kernel driver (/sys/class/kfd) does not tell which chip the "
       "GPU is, at PCI ",
       bus);
}

} // namespace gpt2
