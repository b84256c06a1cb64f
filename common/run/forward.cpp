//===- forward.cpp - GPT-2's forward pass, compiled and bound -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/forward.h"
#include "model/element_type.h"
#include "model/sampler.h"
#include "run/sequence.h"
#include "support/error.h"

#include <algorithm>

namespace gpt2 {

namespace {

/// Where the entries' arguments are.
enum Argument : size_t { Logits, Tokens, Sequences, Positions, Keys, Values };

} // namespace

int64_t cacheBytes(const Config &config, int64_t sequences, ElementType type) {
  return 2 * sequences * config.layers * config.context * config.channels *
         static_cast<int64_t>(sizeOf(type));
}

Forward::Forward(Executable &executable, Weights &weights, int64_t sequences,
                 std::vector<MemRef> extra)
    : executable(executable), sizes(weights.config()),
      choosesOnDevice(executable.has(program_abi::argmax)),
      tokensOnDevice(
          allocateOn(executable.device(),
                     3 * static_cast<size_t>(sizes.context) * sizeof(int32_t),
                     "the tokens")),
      extra(std::move(extra)) {
  bool hasCache = executable.has(program_abi::decode);
  for (size_t i = 0; i <= (hasCache ? Values : Tokens); ++i)
    arguments.emplace_back(static_cast<float *>(nullptr), // given with a call
                           std::vector<int64_t>{});
  if (hasCache)
    bindCache(sequences);
  bindWeights(weights);
}

void Forward::addArgument(const MemRef &tensor, DeviceMemory memory) {
  arguments.push_back(tensor.at(memory.get()));
  shared.push_back(std::move(memory));
}

void Forward::bindCache(int64_t count) {
  ElementType type = executable.cacheType();
  // One sequence's bytes are far from an overflow, see Config::validate().
  int64_t bytes = cacheBytes(sizes, 1, type);
  if (count < 1 || count > INT64_MAX / bytes)
    fail("a cache for ", count, " sequences: expected 1 to ",
         INT64_MAX / bytes);
  bytes *= count;
  Device &device = executable.device();
  std::string what = " of " + std::to_string(count) + " sequences";
  DeviceMemory newKeys = allocateOn(device, static_cast<size_t>(bytes / 2),
                                    "the keys" + what),
               newValues = allocateOn(device, static_cast<size_t>(bytes / 2),
                                      "the values" + what);
  if (keepsCache()) { // it grows
    device.copy(newKeys.get(), keys.get(), arguments[Keys].bytes());
    device.copy(newValues.get(), values.get(), arguments[Values].bytes());
  }
  keys = std::move(newKeys);
  values = std::move(newValues);
  cacheElements = count * sizes.layers * sizes.context * sizes.channels;
  std::vector<int64_t> shape{count, sizes.layers, sizes.heads, sizes.context,
                             sizes.headDim()};
  arguments[Keys] = MemRef(type, keys.get(), shape);
  arguments[Values] = MemRef(type, values.get(), shape);
  isOpen.resize(static_cast<size_t>(count));
}

void Forward::makeRoom(int64_t count) {
  if (keepsCache() && count > sequences())
    bindCache(count);
}

void Forward::addPrepacked(Weights &weights, size_t i,
                           const PackedLayout &layout) {
  const WeightSpec &spec = weights.specs()[i];
  Device &device = executable.device();
  std::string name(spec.name);
  MemRef whole(layout.type, nullptr, layout.shape);
  DeviceMemory memory = allocateOn(device, whole.bytes(), name);
  device.expectReads(memory.get(), whole.bytes());
  // Where chunks of the results go: the tensor's, then those of its columns.
  struct Result {
    char *data;
    ElementType type; ///< or another of its size
    std::vector<int64_t> shape;
    int64_t rows; ///< of the plain tensor for one of it

    MemRef chunk(int64_t from, int64_t count) const {
      std::vector<int64_t> some = shape;
      some[0] = 1;
      auto bytes = static_cast<int64_t>(MemRef(type, nullptr, some).bytes());
      some[0] = (count + rows - 1) / rows;
      return MemRef(type, data + from / rows * bytes, some);
    }
  };
  std::vector<Result> results{{static_cast<char *>(memory.get()), layout.type,
                               layout.shape, layout.rows}};
  for (const auto &vector : {layout.scales, layout.sums}) {
    if (!vector)
      continue;
    MemRef numbers(ElementType::F32, nullptr, vector->shape); // or i32
    DeviceMemory place = allocateOn(device, numbers.bytes(), name);
    results.push_back(
        {static_cast<char *>(place.get()), ElementType::F32, vector->shape, 1});
    numbers = numbers.at(place.get());
    vectors.emplace(vector->argument, std::pair(numbers, std::move(place)));
  }

  // A layer, or about a million elements, at a time.
  std::string entry = program_abi::prepackEntry(arguments.size());
  int64_t rowElements = spec.elements() / spec.shape[0];
  int64_t rows = layout.rows *
                 std::max<int64_t>(1, (1 << 20) / (rowElements * layout.rows));
  for (int64_t row = 0; row < spec.shape[0]; row += rows) {
    std::vector<int64_t> shape = spec.shape;
    shape[0] = std::min(rows, spec.shape[0] - row);
    MemRef plain(weights.rows(i, row, shape[0]).data(), shape);
    DeviceMemory source =
        shareWith(device, plain.data(), plain.bytes(), std::string(spec.name));
    std::vector<MemRef> tensors;
    for (const Result &result : results)
      tensors.push_back(result.chunk(row, shape[0]));
    tensors.push_back(plain.at(source.get()));
    executable.call(entry, std::move(tensors));
    weights.release(i, row + shape[0]);
  }
  addArgument(whole, std::move(memory));
}

void Forward::addVectors() {
  for (auto &[number, vector] : vectors) {
    if (number != static_cast<int64_t>(arguments.size()))
      fail("the program wants scales as argument ", number, ", and there are ",
           arguments.size(), " before them");
    addArgument(vector.first, std::move(vector.second));
  }
  vectors.clear();
}

void Forward::bindWeights(Weights &weights) {
  Device &device = executable.device();
  bool narrow = executable.matrixType() == ElementType::BF16;
  for (size_t i = 0; i < weights.specs().size(); ++i) {
    const WeightSpec &spec = weights.specs()[i];
    std::string name(spec.name);
    if (auto layout = executable.layoutOf(arguments.size())) {
      addPrepacked(weights, i, *layout);
      continue;
    }
    std::span<float> values = weights.tensor(i);
    if (narrow && spec.isMatrix()) {
      std::vector<uint16_t> rounded(values.size());
      std::transform(values.begin(), values.end(), rounded.begin(),
                     floatToBfloat);
      MemRef tensor(rounded.data(), spec.shape);
      DeviceMemory memory = allocateOn(device, tensor.bytes(), name);
      device.expectReads(memory.get(), tensor.bytes());
      device.copy(memory.get(), tensor.data(), tensor.bytes());
      addArgument(tensor, std::move(memory));
    } else {
      MemRef tensor(values.data(), spec.shape);
      addArgument(tensor,
                  shareWith(device, tensor.data(), tensor.bytes(), name));
    }
    if (arguments.back().data() != values.data()) // the device has its own
      weights.release(i, spec.shape[0]);
  }
  extraAt = arguments.size();
  for (const MemRef &tensor : extra)
    addArgument(tensor, shareWith(device, tensor.data(), tensor.bytes(),
                                  "an extra argument"));
  addVectors();
}

void Forward::reserveLogits(size_t rows) {
  size_t count = rows * static_cast<size_t>(sizes.vocab);
  if (count <= logitsCapacity && logitsOnDevice)
    return;
  logitsOnDevice.reset();
  logitsCapacity = 0; // should there be no memory for more
  logitsOnDevice =
      allocateOn(executable.device(),
                 std::max<size_t>(count, 1) * sizeof(float), "the logits");
  logitsCapacity = count;
}

void Forward::check(const PlacedTokens &tokens, size_t rows,
                    std::span<const float> logits) const {
  size_t count = tokens.ids.size();
  if (count < 1 || count > static_cast<size_t>(sizes.context))
    fail(count, " tokens to compute with; expected 1 to ", sizes.context);
  if (keepsCache() &&
      (tokens.sequences.size() != count || tokens.positions.size() != count))
    fail(count, " tokens of ", tokens.sequences.size(), " sequences at ",
         tokens.positions.size(), " positions; expected one of each");
  if (rows > count)
    fail("logits after ", rows, " of ", count, " tokens");
  if (logits.data() && logits.size() != rows * static_cast<size_t>(sizes.vocab))
    fail("there is room for ", logits.size(), " logits; ", rows, " rows are ",
         rows * static_cast<size_t>(sizes.vocab));
}

void Forward::call(const char *entry, int64_t tokens, int64_t rows) {
  if (dispatcher)
    dispatcher->call({entry, tokens, rows, arguments[Logits], arguments});
  else
    executable.call(entry, arguments);
}

void Forward::compute(const PlacedTokens &tokens, size_t rows,
                      std::span<float> logitsThere) {
  check(tokens, rows, logitsThere);
  computed = 0; // should it go wrong
  auto count = static_cast<int64_t>(tokens.ids.size());
  auto logitsRows = static_cast<int64_t>(rows);
  float *logits = logitsThere.data();
  if (rows == 0 || !logits || !executable.device().usesHostMemory()) {
    reserveLogits(rows);
    logits = static_cast<float *>(logitsOnDevice.get());
  }
  staged.assign(tokens.ids.begin(), tokens.ids.end());
  if (keepsCache()) {
    staged.insert(staged.end(), tokens.sequences.begin(),
                  tokens.sequences.end());
    staged.insert(staged.end(), tokens.positions.begin(),
                  tokens.positions.end());
  }
  executable.device().copy(tokensOnDevice.get(), staged.data(),
                           staged.size() * sizeof(int32_t));

  auto *ids = static_cast<int32_t *>(tokensOnDevice.get());
  arguments[Tokens] = MemRef(ids, {count});
  if (!keepsCache()) {
    arguments[Logits] = MemRef(logits, {logitsRows, sizes.vocab});
    call(program_abi::forward, count, logitsRows);
  } else {
    arguments[Logits] = MemRef(logits, {1, logitsRows, sizes.vocab});
    arguments[Sequences] = MemRef(ids + count, {count});
    arguments[Positions] = MemRef(ids + 2 * count, {count});
    call(count == 1 && rows == 1 ? program_abi::decode : program_abi::prefill,
         count, logitsRows);
  }
  computed = rows;
}

void Forward::readLogits(std::span<float> logits) {
  if (logits.size() != computed * static_cast<size_t>(sizes.vocab))
    fail("there is room for ", logits.size(), " logits; the ", computed,
         " rows that were computed are ",
         computed * static_cast<size_t>(sizes.vocab));
  Device &device = executable.device();
  if (logits.data() != arguments[Logits].data())
    device.copy(logits.data(), arguments[Logits].data(), logits.size_bytes());
  for (size_t i = 0; i < extra.size(); ++i)
    device.copy(extra[i].data(), arguments[extraAt + i].data(),
                extra[i].bytes());
}

int32_t Forward::argmax(size_t row) {
  if (row >= computed)
    fail("no row ", row, " of logits: ", computed, " were computed");
  Device &device = executable.device();
  float *onDevice = static_cast<float *>(arguments[Logits].data()) +
                    row * static_cast<size_t>(sizes.vocab);
  int32_t token = -1;
  if (choosesOnDevice) {
    if (!tokenOnDevice)
      tokenOnDevice = allocateOn(device, sizeof(int32_t), "the next token");
    executable.call(program_abi::argmax,
                    {MemRef(static_cast<int32_t *>(tokenOnDevice.get()), {1}),
                     MemRef(onDevice, {sizes.vocab})});
    device.copy(&token, tokenOnDevice.get(), sizeof token);
  }
  if (token >= 0)
    return token;
  // On the host, which says which logit is broken.
  std::vector<float> logits(static_cast<size_t>(sizes.vocab));
  device.copy(logits.data(), onDevice, logits.size() * sizeof(float));
  return Sampler({.temperature = 0}).sample(logits);
}

int64_t Forward::freeSequences() const {
  return std::count(isOpen.begin(), isOpen.end(), false);
}

int32_t Forward::open() {
  auto free = std::find(isOpen.begin(), isOpen.end(), false);
  if (free == isOpen.end())
    fail("all ", isOpen.size(),
         " sequences of the cache are in use; close one "
         "or make room for more");
  *free = true;
  return static_cast<int32_t>(free - isOpen.begin());
}

void Forward::requireOpen(int32_t sequence) const {
  auto place = static_cast<size_t>(sequence);
  if (sequence < 0 || place >= isOpen.size() || !isOpen[place])
    fail("sequence ", sequence, " of the cache is not open");
}

void Forward::close(int32_t sequence) {
  requireOpen(sequence);
  isOpen[static_cast<size_t>(sequence)] = false;
}

void Forward::copy(int32_t from, int32_t to, int64_t length) {
  requireOpen(from);
  requireOpen(to);
  Device &device = executable.device();
  // (L, H, P, D) of a sequence. A call for each head is too much for a GPU.
  size_t bytes = arguments[Keys].bytes() / isOpen.size();
  auto heads = static_cast<size_t>(sizes.layers * sizes.heads);
  size_t pieces = device.usesHostMemory() ? heads : 1;
  size_t piece = bytes / pieces;
  size_t used = pieces == 1 ? piece
                            : piece / static_cast<size_t>(sizes.context) *
                                  static_cast<size_t>(length);
  for (void *kept : {keys.get(), values.get()}) {
    char *start = static_cast<char *>(kept);
    for (size_t i = 0; i < pieces; ++i)
      device.copy(start + static_cast<size_t>(to) * bytes + i * piece,
                  start + static_cast<size_t>(from) * bytes + i * piece, used);
  }
}

void Forward::operator()(std::span<const int32_t> tokens,
                         std::span<float> logits) {
  Sequence(*this).extend(tokens, logits);
}

} // namespace gpt2
