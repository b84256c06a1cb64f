//===- matrix_unit.cpp - What a GPU's matrix units compute --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/matrix_unit.h"

namespace gpt2 {

MatrixShape shapeOf(MatrixUnit unit) {
  switch (unit) {
  case MatrixUnit::Mma:
    return {8, 4, 4, 8};
  case MatrixUnit::Mfma:
    return {4, 4, 4, 16};
  case MatrixUnit::Wmma:
    return {16, 16, 8, 16};
  }
  return {};
}

// NVIDIA calls lane / 4 a lane's group, and lane % 4 its thread in the group.

MatrixPlace placeInA(MatrixUnit unit, int lane, int element) {
  switch (unit) {
  case MatrixUnit::Mma: {
    bool isLower = element % 4 >= 2, isRight = element >= 4;
    return {lane / 4 + (isLower ? 8 : 0),
            lane % 4 * 2 + element % 2 + (isRight ? 8 : 0)};
  }
  case MatrixUnit::Mfma: // four lanes to a row
    return {lane % 16, lane / 16 * 4 + element};
  case MatrixUnit::Wmma: // both halves of the subgroup hold it
    return {lane % 16, element};
  }
  return {};
}

MatrixPlace placeInB(MatrixUnit unit, int lane, int element) {
  if (unit != MatrixUnit::Mma) { // as A, with rows for columns
    MatrixPlace place = placeInA(unit, lane, element);
    return {place.column, place.row};
  }
  return {lane % 4 * 2 + element % 2 + (element >= 2 ? 8 : 0), lane / 4};
}

MatrixPlace placeInC(MatrixUnit unit, int lane, int element) {
  switch (unit) {
  case MatrixUnit::Mma:
    return {lane / 4 + (element >= 2 ? 8 : 0), lane % 4 * 2 + element % 2};
  case MatrixUnit::Mfma:
    return {lane / 16 * 4 + element, lane % 16};
  case MatrixUnit::Wmma: // even rows in one half of the lanes, odd in the other
    return {element * 2 + lane / 16, lane % 16};
  }
  return {};
}

} // namespace gpt2
