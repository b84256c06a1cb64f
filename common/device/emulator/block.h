//===- block.h - One block of threads, each a fiber ------------===//
#pragma once

#include "device/emulator/emulator.h"
#include "device/emulator/matrix_unit.h"

#include <boost/context/fiber.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// Runs blocks of one kernel, one after another, on one host thread.
class EmulatedBlock {
public:
  EmulatedBlock(const Emulator &emulator, unsigned subgroupSize,
                const EmulatedKernel &kernel, Dim3 grid, Dim3 size,
                void **arguments);

  /// Runs block number `index`; returns what went wrong in it, if anything.
  /// After that the object is of no more use.
  std::optional<std::string> run(uint64_t index);

  /// The block that runs on this host thread.
  static EmulatedBlock &current();

  // What the running thread asks and does; see emulator_intrinsics.h.
  Dim3 threadId() const { return coordinates(running, size); }
  Dim3 blockId() const { return id; }
  Dim3 blockSize() const { return size; }
  Dim3 gridSize() const { return grid; }
  uint32_t lane() const { return running % subgroupSize; }
  void *shared() { return sharedMemory.get(); }
  void barrier();
  uint32_t exchange(uint32_t value, uint32_t source, uint64_t mask,
                    uint32_t site);
  void multiply(MatrixUnit unit, const uint16_t *a, const uint16_t *b,
                const float *c, float *d);
  void loadMatrices(const void *row, bool isTransposed, uint32_t *parts);
  void check(uintptr_t address, uint32_t bytes, uint32_t alignment,
             bool isWrite);

private:
  enum class State : uint8_t { Ready, AtBarrier, AtExchange, Ended };
  struct Thread {
    boost::context::fiber fiber;
    State state = State::Ready;
    /// Of its exchange: what it gives, and gets.
    uint32_t given = 0, source = 0, site = 0, received = 0;
    uint64_t mask = 0;
    uint32_t products = 0; ///< of matrices, so far
    /// Of a matrix that the subgroup loads, in turn as its products.
    std::array<std::array<uint16_t, 8>, 2> rows{};
    uint32_t loads = 0; ///< of matrices, so far
  };
  /// Two matrices that a subgroup multiplies.
  struct Product {
    float a[16][16], b[16][16];
  };
  /// Who used a word of shared memory last.
  struct Use {
    uint32_t thread = 0, barriers = ~0u, exchanges = 0;
  };
  struct Word {
    Use write, read;
  };

  static Dim3 coordinates(uint64_t index, Dim3 extent);
  std::string where(unsigned thread) const;
  void start(unsigned thread);
  void resume(unsigned thread);
  /// Gives the host thread back to the scheduler until the state is Ready.
  void wait(State state);
  bool releaseExchange(unsigned first, unsigned last);
  bool releaseBarrier();
  std::string divergence() const;
  [[noreturn]] void stop(const std::string &what);
  void checkShared(size_t offset, uint32_t bytes, bool isWrite);
  bool conflicts(const Use &use) const;

  const Emulator &emulator;
  const unsigned subgroupSize;
  const EmulatedKernel &kernel;
  const Dim3 grid, size;
  void **const arguments;
  const unsigned count; ///< threads
  std::vector<Thread> threads;
  std::vector<uint32_t> exchanges; ///< of each subgroup so far
  /// Of each subgroup two, in turn: some lanes may be at the next product when
  /// others still read this one.
  std::vector<std::array<Product, 2>> products;
  std::unique_ptr<char[]> stacks;
  std::unique_ptr<char[], void (*)(void *)> sharedMemory;
  std::vector<Word> words; ///< of shared memory
  boost::context::fiber scheduler;
  Dim3 id;
  unsigned running = 0, barriers = 0;
  std::vector<unsigned> released; ///< scratch of releaseExchange()
  Emulator::Buffer lastBuffer;    ///< that was used
  std::optional<std::string> error;
};

} // namespace gpt2
