//===- report.h - What a chapter is and does, for programs ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/build.h"

#include <nlohmann/json_fwd.hpp>

namespace gpt2 {

/// What the chapter of `build` is and its model's sizes: {"chapter", "title",
/// "parent", "devices": [{"name", and if it cannot be used "missing": why}],
/// "max_threads", "llvm", "cpu", "model": {...}}.
nlohmann::json describe(const Build &build);

/// `scores` as a table.
std::string describe(const Scores &scores);

/// The same as {"tokens", "cache", "prompt": {...}, "next": {...}}.
nlohmann::json toJson(const Scores &scores);

} // namespace gpt2
