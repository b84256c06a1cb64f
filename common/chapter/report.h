//===- report.h - What a chapter is and does, for programs ----------===//
#pragma once

#include "chapter/build.h"

#include "llvm/Support/JSON.h"

namespace gpt2 {

/// What the chapter of `build` is and its model's sizes: {"chapter", "title",
/// "parent", "devices": [{"name", and if it cannot be used "missing": why}],
/// "max_threads", "llvm", "cpu", "model": {...}}.
llvm::json::Value describe(const Build &build);

/// `scores` as a table.
std::string describe(const Scores &scores);

/// The same as {"tokens", "cache", "prompt": {...}, "next": {...}}.
llvm::json::Value toJson(const Scores &scores);

/// `value` as text, with a newline at its end.
std::string toText(const llvm::json::Value &value);

} // namespace gpt2
