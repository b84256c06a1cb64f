# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from lowering_gpt2 import GPT2

for chapter in ("ch02-linalg", "ch03-fusion", "ch06-vectorize"):
    model = GPT2.from_pretrained(chapter=chapter)
    prompt = model.score(tokens=64).prompt  # counted in the program, not timed
    model.generate("Once upon a time", max_new_tokens=20)
    print(
        f"{chapter:15} {prompt.flops / 1e6:5.0f} M operations,"
        f" {prompt.bytes_read / 1e6:5.0f} MB read, {prompt.temporaries:3} temporaries;"
        f" {1e3 * model.timings['per_token']:6.2f} ms a token"
    )

model = GPT2.from_pretrained()
print(model.score(tokens=64))
