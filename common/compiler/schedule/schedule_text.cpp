//===- schedule_text.cpp - What a schedule says, parsed -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/schedule/schedule_text.h"
#include "compiler/dialect/attributes.h"
#include "compiler/dialect/dialect.h"
#include "compiler/support/diagnostics.h"
#include "support/error.h"
#include "support/files.h"

#include "mlir/Dialect/Transform/TuneExtension/TuneExtensionOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <mutex>

using namespace mlir;

namespace gpt2 {
namespace {

std::optional<std::string> textOf(ModuleOp module, StringRef name) {
  if (auto text = module->getAttrOfType<StringAttr>(name))
    return text.str();
  return std::nullopt;
}

/// `value` as a number above 0; 0 if it is none.
int64_t numberOf(Attribute value) {
  auto number = dyn_cast_if_present<IntegerAttr>(value);
  return number && number.getValue().isStrictlyPositive() ? number.getInt() : 0;
}

Knob knobOf(transform::tune::KnobOp op, const std::filesystem::path &file) {
  Knob knob{op.getName().str(),
            numberOf(op.getSelected().value_or(Attribute())),
            {},
            cast<FileLineColLoc>(op.getLoc()).getLine()};
  bool isWrong = knob.selected == 0;
  auto options = dyn_cast<ArrayAttr>(op.getOptions());
  for (Attribute option :
       options ? options.getValue() : ArrayRef<Attribute>()) {
    knob.options.push_back(numberOf(option));
    isWrong |= knob.options.back() == 0;
  }
  if (isWrong || knob.options.empty())
    fail(file.string(), ":", knob.line, ": the knob \"", knob.name,
         "\": expected numbers above 0, = 8 from options = [4, 8]");
  return knob;
}

std::shared_ptr<const ScheduleText> parse(const std::string &text,
                                          const std::filesystem::path &file) {
  MLIRContext context(dialectRegistry(), MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics(context);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&context), file.string());
  if (!module)
    fail(file.string(), ": is no schedule:\n", diagnostics.text());
  auto result = std::make_shared<ScheduleText>();
  result->features = textOf(*module, featuresAttr);
  result->chips = textOf(*module, chipsAttr);
  if (auto features = textOf(*module, dotProductsBf16Attr))
    result->dotProducts["bf16"] = *features;
  if (auto features = textOf(*module, dotProductsI8Attr))
    result->dotProducts["i8"] = *features;
  if (auto lanes = (*module)->getAttrOfType<IntegerAttr>(dotProductLanesAttr))
    result->dotProductLanes = lanes.getInt();
  module->walk([&](transform::tune::KnobOp op) {
    result->knobs.push_back(knobOf(op, file));
  });
  return result;
}

} // namespace

const Knob *ScheduleText::knob(const std::string &name) const {
  for (const Knob &knob : knobs)
    if (knob.name == name)
      return &knob;
  return nullptr;
}

std::shared_ptr<const ScheduleText>
parseSchedule(const std::filesystem::path &file) {
  static std::mutex one;
  static std::map<std::pair<std::string, std::string>,
                  std::shared_ptr<const ScheduleText>>
      known; // by name, which messages say, and text
  std::string text = readFile(file);
  std::lock_guard lock(one);
  auto &entry = known[{file.string(), text}];
  if (!entry)
    entry = parse(text, file);
  return entry;
}

} // namespace gpt2
