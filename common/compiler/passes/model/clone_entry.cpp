//===- clone_entry.cpp - A second entry for a special case --------------===//
//
// Clones a function under another name, and writes numbers for some of the
// letters in its arguments' gpt2.shape: clone-entry{from=prefill to=decode
// sizes=T=1,N=1} makes of an entry for any number of tokens one for a single
// token. `specialize-shapes` then carries the numbers through the clone, and
// every pass behind it can make use of them.
//
// A kernel of which there is one for this special case, named with `suffix`, is
// called instead.
//
// Run it before `inline`.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct CloneEntry : PassWrapper<CloneEntry, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CloneEntry)

  CloneEntry() = default;
  CloneEntry(const CloneEntry &other) : PassWrapper(other) {}

  StringRef getName() const final { return "CloneEntry"; }
  StringRef getArgument() const final { return "clone-entry"; }
  StringRef getDescription() const final {
    return "Clone a function for known sizes of some arguments";
  }

  Option<std::string> from{*this, "from",
                           llvm::cl::desc("The function to clone")};
  Option<std::string> to{*this, "to", llvm::cl::desc("The clone's name")};
  ListOption<std::string> sizes{*this, "sizes",
                                llvm::cl::desc("Sizes by letter, as T=1")};

  Option<std::string> suffix{
      *this, "suffix",
      llvm::cl::desc("Of kernels that the clone calls if there are any")};

  void runOnOperation() final {
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
        clone.setArgAttr(i, shapeAttr,
                         StringAttr::get(&getContext(), withSizes(shape)));
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

  /// "N x V" with N=1: "1 x V".
  std::string withSizes(StringRef shape) {
    SmallVector<StringRef> names;
    shape.split(names, 'x');
    for (StringRef &name : names) {
      name = name.trim();
      for (const std::string &size : sizes)
        if (auto [letter, digits] = StringRef(size).split('='); letter == name)
          name = digits;
    }
    return llvm::join(names, " x ");
  }
};

} // namespace

std::unique_ptr<Pass> createCloneEntry(const std::string &from,
                                       const std::string &to,
                                       const Sizes &sizes,
                                       const std::string &suffix) {
  auto pass = std::make_unique<CloneEntry>();
  pass->from = from;
  pass->to = to;
  pass->suffix = suffix;
  for (const auto &[letter, size] : sizes)
    pass->sizes.push_back(letter + "=" + std::to_string(size));
  return pass;
}

} // namespace gpt2
