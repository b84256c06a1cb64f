//===- schedule.h - Schedules: texts in the transform dialect -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/codegen/gpu_target.h"
#include "model/element_type.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// Of `schedules`, files in the transform dialect, the one that asks most of
/// the CPU `cpu`, an LLVM name, or, without one, of the CPU we run on. A file
/// says what it asks for: gpt2.features = "avx2,fma". Throws an Error if none
/// will do.
std::filesystem::path
scheduleFor(const std::vector<std::filesystem::path> &schedules,
            const std::optional<std::string> &cpu);

/// Of `schedules`, the one for the chips that `target` is one of, a regular
/// expression: gpt2.chips = "gfx11[0-9]+"; none if none is.
std::optional<std::filesystem::path>
scheduleFor(const std::vector<std::filesystem::path> &schedules,
            const GpuTarget &target);

/// Whether `schedule` says for what chips it is.
bool isForGpus(const std::filesystem::path &schedule);

/// Throws an Error if `schedule` is not for CPUs.
void requireForCpus(const std::filesystem::path &schedule);

/// Throws an Error if `schedule` is not for `target`.
void requireFor(const std::filesystem::path &schedule, const GpuTarget &target);

/// How many products of elements of `type` an instruction of the CPU adds: more
/// than one if the CPU, see above, has what `schedule` says that it takes,
///   gpt2.dot_products_bf16 = "avx512bf16", gpt2.dot_products_i8 = "avx512vnni"
int64_t dotProductDepth(const std::filesystem::path &schedule, ElementType type,
                        const std::optional<std::string> &cpu);

/// And how many sums of 32 bits it adds them to: gpt2.dot_product_lanes = 16.
/// Throws an Error if `schedule` does not say, or registers of the CPU do not
/// hold as many.
int64_t dotProductLanes(const std::filesystem::path &schedule,
                        const std::optional<std::string> &cpu);

/// The number that `schedule` selects for its knob `name`, see schedule_text.h.
/// Throws an Error if it has none of that name.
int64_t numberIn(const std::filesystem::path &schedule,
                 const std::string &name);

} // namespace gpt2
