//===- formats.h - The formats that Checkpoint::open knows --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/checkpoint/checkpoint.h"
#include "model/element_type.h"
#include "support/mapped_file.h"

namespace gpt2 {

/// Hugging Face's layout; config.json and the tokenizer lie beside `file`.
std::unique_ptr<Checkpoint> openSafetensors(const std::filesystem::path &file);

/// llm.c's layout (karpathy/llm.c, train_gpt2.py, write_model); the tokenizer
/// is gpt2_tokenizer.bin beside `file`.
std::unique_ptr<Checkpoint> openLlmc(const std::filesystem::path &file);

/// Weights from a counter-based formula, for any sizes: see random.cpp.
std::unique_ptr<Checkpoint> openRandom(const Config &config,
                                       uint64_t seed = 1234);

/// Widens the elements at `in`, a part of `file`, to f32, and gives their pages
/// back as it goes: at no time are two copies of a large tensor in memory.
void widenFromFile(const MappedFile &file, ElementType type,
                   std::span<const std::byte> in, std::span<float> out);

} // namespace gpt2
