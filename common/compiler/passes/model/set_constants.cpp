//===- set_constants.cpp - A model's numbers in the place of GPT-2's ----===//
//
// A kernel's text has GPT-2's number, and a name for it:
//
//   %epsilon = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f32
//
// set-constants{values=epsilon=1e-06} puts another in its place.
//
// Run it before `inline`: folding makes one constant of equal ones, without
// their names.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct SetConstants : PassWrapper<SetConstants, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SetConstants)

  SetConstants() = default;
  SetConstants(const SetConstants &other) : PassWrapper(other) {}

  StringRef getName() const final { return "SetConstants"; }
  StringRef getArgument() const final { return "set-constants"; }
  StringRef getDescription() const final {
    return "Give constants that the text names (gpt2.constant) a model's value";
  }

  ListOption<std::string> values{
      *this, "values", llvm::cl::desc("Values by name, as epsilon=1e-06")};

  void runOnOperation() final {
    for (const std::string &text : values) {
      auto [name, digits] = StringRef(text).split('=');
      double value;
      if (name.empty() || digits.getAsDouble(value)) {
        emitError(UnknownLoc::get(&getContext()))
            << "set-constants: \"" << text
            << "\" is not a value; expected a name and a number, as "
               "epsilon=1e-06";
        return signalPassFailure();
      }
      getOperation()->walk([&, name = name](arith::ConstantOp constant) {
        auto its = constant->getAttrOfType<StringAttr>(constantAttr);
        if (its && its == name && isa<FloatType>(constant.getType()))
          constant.setValueAttr(FloatAttr::get(constant.getType(), value));
      });
    }
  }
};

} // namespace

std::unique_ptr<Pass> createSetConstants(const std::string &name,
                                         double value) {
  auto pass = std::make_unique<SetConstants>();
  if (name.empty())
    return pass;
  SmallString<32> digits;
  APFloat(value).toString(digits);
  pass->values.push_back(name + "=" + digits.str().str());
  return pass;
}

} // namespace gpt2
