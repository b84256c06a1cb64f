//===- schedule_text.h - What a schedule says, parsed -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// A number of a schedule that may be another:
///   %rows = transform.tune.knob<"rows"> = 8 from options = [4, 6, 8] -> ...
struct Knob {
  std::string name;
  int64_t selected;
  std::vector<int64_t> options; ///< `selected` is one of them
  unsigned line;                ///< of the text, from 1
};

/// What the text of a schedule says of itself: its module's attributes, see
/// attributes.h, and its knobs in their order.
struct ScheduleText {
  std::optional<std::string> features, chips;
  std::map<std::string, std::string> dotProducts; ///< features by format: "i8"
  std::optional<int64_t> dotProductLanes;
  std::vector<Knob> knobs;

  /// The knob `name`; null if there is none.
  const Knob *knob(const std::string &name) const;
};

/// Parses `file`, once for each text. Throws an Error with MLIR's diagnostics,
/// which name file and line, if it is none, if it has an attribute that is not
/// a schedule's, or a knob whose options are not numbers above 0.
std::shared_ptr<const ScheduleText>
parseSchedule(const std::filesystem::path &file);

} // namespace gpt2
