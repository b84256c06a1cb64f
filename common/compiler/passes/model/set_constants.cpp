//===- set_constants.cpp - A model's numbers in the place of GPT-2's ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_SETCONSTANTS
#include "compiler/passes/Passes.h.inc"

namespace {

struct SetConstants : impl::SetConstantsBase<SetConstants> {
  using Base::Base;

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
} // namespace gpt2
