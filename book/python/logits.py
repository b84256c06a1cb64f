# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np
from lowering_gpt2 import GPT2

model = GPT2.from_pretrained()
ids = model.encode("Once upon a")
logits = model(ids)  # float32, (T, V): what follows each token
print(ids, logits.shape, logits.dtype)
for token in np.argsort(logits[-1])[::-1][:3]:
    print(f"{model.decode([token])!r}: {logits[-1, token]:.2f}")

story = model.session(ids)  # keeps what it has computed
other = story.fork()
for session, word in ((story, " time"), (other, " king")):
    next_logits = session.extend(model.encode(word))  # only the new token
    print(model.decode(session.tokens), "->", repr(model.decode([next_logits.argmax()])))
