# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from lowering_gpt2 import GPT2

model = GPT2.from_pretrained(chapter="ch03-fusion")
print(model.sources["gelu.mlir"])
print(model.states)
text = model.ir("loops", kernel="gelu")  # one kernel, without tensors
print(text[text.index("scf.for") :])
