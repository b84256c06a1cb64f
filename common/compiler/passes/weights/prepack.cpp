//===- prepack.cpp - How matrices are laid out when they are loaded -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/weights/prepack.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/weights/quantize_rows.h"
#include "device/packed_layout.h"
#include "device/program_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <limits>

using namespace mlir;

namespace gpt2 {
namespace {

/// An argument of the entries that holds a number for each column of a matrix.
struct ColumnVector {
  unsigned number;
  RankedTensorType type;
  int64_t columns; ///< the matrix's dimension
};

/// That of matrix `number` with the attribute `name`, if there is one.
std::optional<ColumnVector> vectorOf(ModuleOp program, unsigned number,
                                     StringRef name) {
  for (auto entry : program.getOps<func::FuncOp>())
    for (BlockArgument argument :
         entry.isExternal() ? Block::BlockArgListType() : entry.getArguments())
      if (auto of = entry.getArgAttrOfType<DenseI64ArrayAttr>(
              argument.getArgNumber(), name);
          of && of[0] == number)
        return ColumnVector{argument.getArgNumber(),
                            cast<RankedTensorType>(argument.getType()), of[1]};
  return std::nullopt;
}

/// What a loop nest over a matrix does at an element.
using AtElement = llvm::function_ref<void(ImplicitLocOpBuilder &, ValueRange)>;

/// Of one matrix.
class Prepack {
public:
  Prepack(ModuleOp program, unsigned number, RankedTensorType plain,
          const std::optional<Panels> &panels)
      : program(program), number(number), plain(plain), panels(panels),
        scales(vectorOf(program, number, scalesAttr)),
        sums(vectorOf(program, number, sumsAttr)) {
    packed.assign(plain.getShape().begin(), plain.getShape().end());
    if (panels)
      packed = panels->shapeOf(plain.getShape());
  }

  void add() {
    PackedLayout layout;
    layout.type = typeOf(plain.getElementType());
    layout.rows = panels && panels->columns == 0 ? panels->width : 1;
    layout.shape.assign(packed.begin(), packed.end());
    layout.scales = described(scales);
    layout.sums = described(sums);
    addLayout(layout.encode());
    addFunction();
  }

private:
  static ElementType typeOf(Type element) {
    return element.isInteger(8) ? ElementType::I8
           : element.isBF16()   ? ElementType::BF16
                                : ElementType::F32;
  }

  static std::optional<PackedLayout::ColumnVector>
  described(const std::optional<ColumnVector> &vector) {
    if (!vector)
      return std::nullopt;
    return PackedLayout::ColumnVector{vector->number,
                                      vector->type.getShape().vec()};
  }

  void addLayout(ArrayRef<int64_t> words) {
    OpBuilder builder = OpBuilder::atBlockEnd(program.getBody());
    auto size = static_cast<int64_t>(words.size());
    memref::GlobalOp::create(
        builder, program.getLoc(), program_abi::packedLayout(number).name,
        /*sym_visibility=*/StringAttr(),
        MemRefType::get({size}, builder.getI64Type()),
        DenseElementsAttr::get(
            RankedTensorType::get({size}, builder.getI64Type()), words),
        /*constant=*/true, /*alignment=*/IntegerAttr());
  }

  void addFunction() {
    OpBuilder at = OpBuilder::atBlockEnd(program.getBody());
    ImplicitLocOpBuilder builder(program.getLoc(), at);
    // Some layers, or some rows.
    auto some = [](ArrayRef<int64_t> shape, Type element) {
      SmallVector<int64_t> open(shape);
      open[0] = ShapedType::kDynamic;
      return MemRefType::get(open, element);
    };
    SmallVector<Type> types{some(packed, plain.getElementType())};
    for (const auto &vector : {scales, sums})
      if (vector)
        types.push_back(
            some(vector->type.getShape(), vector->type.getElementType()));
    types.push_back(some(plain.getShape(), builder.getF32Type()));
    auto function =
        func::FuncOp::create(builder, program_abi::prepackEntry(number),
                             builder.getFunctionType(types, {}));
    function->setAttr("llvm.emit_c_interface", builder.getUnitAttr());
    function->setAttr(
        "llvm.linkage", // but for that interface
        LLVM::LinkageAttr::get(builder.getContext(), LLVM::Linkage::Internal));
    builder.setInsertionPointToStart(function.addEntryBlock());
    into = function.getArgument(0);
    of = function.getArguments().back();
    if (scales)
      scaleOf = function.getArgument(1);
    if (sums)
      sumOf = function.getArgument(2);
    if (scales)
      addQuantized(builder);
    else
      overElements(builder, [&](ImplicitLocOpBuilder &body, ValueRange at) {
        Value element = memref::LoadOp::create(body, of, at);
        if (!plain.getElementType().isF32())
          element =
              arith::TruncFOp::create(body, plain.getElementType(), element);
        store(body, element, at);
      });
    func::ReturnOp::create(builder);
  }

  /// To where it belongs.
  void store(ImplicitLocOpBuilder &builder, Value element, ValueRange at) {
    SmallVector<Value> place(at);
    if (panels)
      place = panels->indicesOf(builder, builder.getLoc(), at);
    memref::StoreOp::create(builder, element, into, place);
  }

  /// Loops over `like`, all its sizes.
  static void over(ImplicitLocOpBuilder &builder, Value like, AtElement body) {
    SmallVector<Value> zeros, ends, steps;
    for (int64_t i = 0; i < cast<MemRefType>(like.getType()).getRank(); ++i) {
      zeros.push_back(arith::ConstantIndexOp::create(builder, 0));
      steps.push_back(arith::ConstantIndexOp::create(builder, 1));
      ends.push_back(memref::DimOp::create(builder, like, i));
    }
    scf::buildLoopNest(builder, builder.getLoc(), zeros, ends, steps,
                       [&](OpBuilder &nested, Location loc, ValueRange at) {
                         ImplicitLocOpBuilder inner(loc, nested);
                         body(inner, at);
                       });
  }
  void overElements(ImplicitLocOpBuilder &builder, AtElement body) {
    over(builder, of, body);
  }

  /// The place of a column's number: the element's, without the term.
  SmallVector<Value> columnAt(ValueRange at) {
    SmallVector<Value> place(at.drop_back(2));
    place.push_back(at[scales->columns]);
    return place;
  }

  /// Scales, then what they leave of the elements, and their sums.
  void addQuantized(ImplicitLocOpBuilder &builder) {
    Type i32 = builder.getI32Type();
    auto number = [](ImplicitLocOpBuilder &at, float value) -> Value {
      return arith::ConstantOp::create(at, at.getF32FloatAttr(value));
    };
    // The largest magnitude of each column, and of that a 127th.
    over(builder, scaleOf, [&](ImplicitLocOpBuilder &body, ValueRange at) {
      memref::StoreOp::create(body, number(body, 0), scaleOf, at);
    });
    overElements(builder, [&](ImplicitLocOpBuilder &body, ValueRange at) {
      SmallVector<Value> column = columnAt(at);
      Value magnitude = math::AbsFOp::create(
          body, memref::LoadOp::create(body, of, at).getResult());
      Value largest = memref::LoadOp::create(body, scaleOf, column);
      memref::StoreOp::create(
          body, arith::MaximumFOp::create(body, largest, magnitude), scaleOf,
          column);
    });
    over(builder, scaleOf, [&](ImplicitLocOpBuilder &body, ValueRange at) {
      Value largest = memref::LoadOp::create(body, scaleOf, at);
      memref::StoreOp::create(
          body, arith::DivFOp::create(body, largest, number(body, 127)),
          scaleOf, at);
      if (sums)
        memref::StoreOp::create(
            body, arith::ConstantIntOp::create(body, i32, 0), sumOf, at);
    });
    overElements(builder, [&](ImplicitLocOpBuilder &body, ValueRange at) {
      SmallVector<Value> column = columnAt(at);
      Value element = memref::LoadOp::create(body, of, at);
      Value scale = memref::LoadOp::create(body, scaleOf, column);
      Value none = number(body, 0);
      Value isZero =
          arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, scale, none);
      // Of a column with what is infinite: that, and nothing of the rest.
      Value finite = arith::MinNumFOp::create(
          body, scale, number(body, std::numeric_limits<float>::max()));
      Value ratio = arith::DivFOp::create(body, element, finite);
      ratio = arith::SelectOp::create(body, isZero, none, ratio);
      Value bounded = clamp(body, ratio, -127, 127);
      Value whole = arith::FPToSIOp::create(
          body, i32, math::RoundEvenOp::create(body, bounded).getResult());
      if (sums) {
        Value sum = memref::LoadOp::create(body, sumOf, column);
        memref::StoreOp::create(body, arith::AddIOp::create(body, sum, whole),
                                sumOf, column);
      }
      store(body, arith::TruncIOp::create(body, plain.getElementType(), whole),
            at);
    });
  }

  ModuleOp program;
  unsigned number;
  RankedTensorType plain;
  std::optional<Panels> panels;
  std::optional<ColumnVector> scales, sums;
  SmallVector<int64_t> packed; ///< its sizes
  Value into, of, scaleOf, sumOf;
};

} // namespace

void addPrepack(ModuleOp program, unsigned number, RankedTensorType plain,
                const std::optional<Panels> &panels) {
  Prepack(program, number, plain, panels).add();
}

} // namespace gpt2
