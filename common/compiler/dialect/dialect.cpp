//===- dialect.cpp - The dialect of our attributes ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/dialect/dialect.h"
#include "compiler/dialect/attributes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

using namespace mlir;

namespace gpt2 {
namespace {

bool isText(Attribute value) { return isa<StringAttr>(value); }
bool isMark(Attribute value) { return isa<UnitAttr>(value); }
bool isCount(Attribute value) {
  auto number = dyn_cast<IntegerAttr>(value);
  return number && number.getValue().isStrictlyPositive();
}
/// An argument's number, and a dimension.
bool isPlace(Attribute value) {
  auto numbers = dyn_cast<DenseI64ArrayAttr>(value);
  return numbers && numbers.size() == 2 && numbers[0] >= 0 && numbers[1] >= 0;
}
bool isLetter(Attribute value) {
  auto text = dyn_cast<StringAttr>(value);
  return text && text.size() == 1 && llvm::isUpper(text.strref()[0]);
}
/// Numbers, and letters, perhaps with digits, with a number before them or
/// without.
bool isShape(Attribute value) {
  static const llvm::Regex shape("^([0-9]+|[0-9]*[A-Z][0-9]*)"
                                 "( x ([0-9]+|[0-9]*[A-Z][0-9]*))*$");
  auto text = dyn_cast<StringAttr>(value);
  return text && shape.match(text.strref());
}

/// What an attribute of ours must be.
struct Rule {
  StringLiteral name;
  bool (*isValid)(Attribute);
  StringLiteral expected;
};

constexpr Rule argumentRules[] = {
    {shapeAttr, isShape, "sizes like \"L x C x 3C\""},
    {sizeAttr, isLetter, "a letter like \"H\""},
    {matrixAttr, isMark, "no value"},
    {cacheAttr, isMark, "no value"},
    {embeddingAttr, isMark, "no value"},
    {lmHeadAttr, isMark, "no value"},
    {scalesAttr, isPlace, "an argument and a dimension: array<i64: 7, 2>"},
    {sumsAttr, isPlace, "an argument and a dimension: array<i64: 7, 2>"},
};
constexpr Rule functionRules[] = {{contextAttr, isCount, "a number above 0"}};
constexpr Rule operationRules[] = {
    {operationAttr, isText, "a name"}, {resultAttr, isMark, "no value"},
    {blockedAttr, isMark, "no value"}, {roleAttr, isText, "a name"},
    {constantAttr, isText, "a name"},  {unrollAttr, isMark, "no value"},
};
constexpr Rule scheduleRules[] = {
    {featuresAttr, isText, "features with commas between"},
    {chipsAttr, isText, "a regular expression"},
    {dotProductsBf16Attr, isText, "features with commas between"},
    {dotProductsI8Attr, isText, "features with commas between"},
    {dotProductLanesAttr, isCount, "a number above 0"},
};

/// Whether one of `rules`, those of a `place`, is that of `attribute`, and it
/// follows it.
LogicalResult verify(ArrayRef<Rule> rules, StringRef place,
                     NamedAttribute attribute,
                     llvm::function_ref<InFlightDiagnostic()> error) {
  StringRef name = attribute.getName();
  for (const Rule &rule : rules) {
    if (rule.name != name)
      continue;
    if (rule.isValid(attribute.getValue()))
      return success();
    return error() << name << " = " << attribute.getValue() << "; expected "
                   << rule.expected;
  }
  auto names =
      llvm::map_range(rules, [](const Rule &rule) { return rule.name; });
  return error() << "no attribute " << name << " belongs to " << place
                 << "; there are: " << llvm::join(names, ", ");
}

} // namespace

Gpt2Dialect::Gpt2Dialect(MLIRContext *context)
    : Dialect(getDialectNamespace(), context, TypeID::get<Gpt2Dialect>()) {}

LogicalResult Gpt2Dialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  auto error = [&] { return op->emitOpError(); };
  if (isa<ModuleOp>(op))
    return verify(scheduleRules, "a module", attribute, error);
  if (isa<FunctionOpInterface>(op))
    return verify(functionRules, "a function", attribute, error);
  if (attribute.getName() == unrollAttr && !isa<LoopLikeOpInterface>(op))
    return error() << unrollAttr << " is for loops";
  // Not by the trait: its id is another one in a library of its own.
  if (attribute.getName() == constantAttr &&
      !isa<arith::ConstantOp, LLVM::ConstantOp>(op))
    return error() << constantAttr << " is for constants";
  return verify(operationRules, "an operation", attribute, error);
}

LogicalResult Gpt2Dialect::verifyRegionArgAttribute(Operation *op,
                                                    unsigned region,
                                                    unsigned argument,
                                                    NamedAttribute attribute) {
  auto error = [&] {
    return op->emitOpError() << "argument " << argument << ": ";
  };
  if (failed(verify(argumentRules, "an argument", attribute, error)))
    return failure();
  Type type = op->getRegion(region).empty()
                  ? cast<FunctionOpInterface>(op).getArgumentTypes()[argument]
                  : op->getRegion(region).getArgument(argument).getType();
  // Lowered, a tensor is a pointer, or several arguments.
  if (!isa<func::FuncOp>(op))
    return success();
  if (attribute.getName() == sizeAttr)
    return type.isIndex()
               ? success()
               : error() << sizeAttr << " is for an index, not for " << type;
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank())
    return error() << attribute.getName().strref()
                   << " is for a tensor, not for " << type;
  if (attribute.getName() == shapeAttr) {
    size_t sizes =
        cast<StringAttr>(attribute.getValue()).strref().count(" x ") + 1;
    if (sizes != static_cast<size_t>(shaped.getRank()))
      return error() << shapeAttr << " has " << sizes << " sizes for " << type;
  }
  return success();
}

} // namespace gpt2
