//===- clone_entry.cpp - A second entry for a special case --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/model/size_text.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_CLONEENTRY
#include "compiler/passes/Passes.h.inc"

namespace {

struct CloneEntry : impl::CloneEntryBase<CloneEntry> {
  using Base::Base;

  void runOnOperation() final {
    FailureOr<Sizes> known = parseSizes(&getContext(), sizes, getArgument());
    if (failed(known))
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    auto original = symbols.lookup<func::FuncOp>(from);
    if (!original) {
      getOperation().emitError("clone-entry: there is no function @")
          << from.getValue() << "; there are:" << entries();
      return signalPassFailure();
    }
    if (Operation *other = symbols.lookup(to)) {
      other->emitError("clone-entry: the clone cannot be @") << to.getValue();
      return signalPassFailure();
    }
    func::FuncOp clone = original.clone();
    clone.setName(to);
    symbols.insert(clone, std::next(original->getIterator()));
    for (unsigned i = 0; i < clone.getNumArguments(); ++i)
      if (auto shape = clone.getArgAttrOfType<StringAttr>(i, shapeAttr))
        clone.setArgAttr(
            i, shapeAttr,
            StringAttr::get(&getContext(), withSizes(shape, *known)));
    if (suffix.empty())
      return;
    clone.walk([&](func::CallOp call) {
      std::string special = (call.getCallee() + suffix).str();
      if (symbols.lookup(special))
        call.setCallee(special);
    });
  }

private:
  /// The functions that are called from outside, each with a blank before.
  std::string entries() {
    std::string names;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic())
        names += (" @" + function.getName()).str();
    return names;
  }

  /// "2N x V" with N=1: "2 x V".
  static std::string withSizes(StringRef shape, const Sizes &known) {
    SmallVector<StringRef> names;
    shape.split(names, 'x');
    SmallVector<std::string> sizes;
    for (StringRef name : names) {
      name = name.trim();
      std::optional<NamedSize> size = NamedSize::parse(name);
      std::optional<int64_t> value =
          size ? size->valueFor(known) : std::nullopt;
      sizes.push_back(value ? std::to_string(*value) : name.str());
    }
    return llvm::join(sizes, " x ");
  }
};

} // namespace
} // namespace gpt2
