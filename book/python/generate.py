# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from lowering_gpt2 import GPT2

model = GPT2.from_pretrained()  # or "gpt2", a folder, a file
print(model)
print(model.generate("There was once a king who had", max_new_tokens=30, seed=1))
for piece in model.generate("The wolf", max_new_tokens=12, stream=True):
    print(piece, end="|")
