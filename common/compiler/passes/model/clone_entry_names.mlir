// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics \
// RUN:   --clone-entry="from=prefill to=decode sizes=T=1"

// expected-error @below {{clone-entry: there is no function @prefill; there are: @forward @other}}
module {
  func.func @forward(%x: tensor<?xf32> {gpt2.shape = "T"}) {
    return
  }
  func.func private @kernel()
  func.func @other() {
    return
  }
}

// -----

module {
  func.func @prefill(%x: tensor<?xf32> {gpt2.shape = "T"}) {
    return
  }
  // expected-error @below {{clone-entry: the clone cannot be @decode}}
  func.func @decode() {
    return
  }
}
