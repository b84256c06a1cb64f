//===- view.h - The memory of a NumPy array -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <pybind11/pybind11.h>

#include <span>
#include <type_traits>

namespace gpt2::python {

/// What lies in a contiguous array, through Python's buffer protocol (PEP
/// 3118): no copy, and no version of NumPy is compiled in. T is const if the
/// array is only read. Made and ended by who holds Python's lock.
template <typename T> class View {
public:
  /// Throws what Python raises if `array` has no such memory.
  explicit View(pybind11::handle array) {
    int flags = std::is_const_v<T> ? PyBUF_CONTIG_RO : PyBUF_CONTIG;
    if (PyObject_GetBuffer(array.ptr(), &buffer, flags) != 0)
      throw pybind11::error_already_set();
    if (buffer.itemsize != sizeof(T)) {
      PyBuffer_Release(&buffer);
      throw pybind11::type_error("expected elements of 4 bytes");
    }
  }
  ~View() { PyBuffer_Release(&buffer); }
  View(const View &) = delete;

  std::span<T> values() const {
    return {static_cast<T *>(buffer.buf),
            static_cast<size_t>(buffer.len) / sizeof(T)};
  }

private:
  Py_buffer buffer;
};

using Ids = View<const int32_t>;
using Logits = View<float>;

} // namespace gpt2::python
