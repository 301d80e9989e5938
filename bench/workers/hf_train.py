"""One training by Hugging Face tokenizers. Argument: JSON {files, merges, split: "byte-level" | "metaspace", out}.

`out` gets the merges, `left right` a line.
"""

import json
import resource
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

query = json.loads(sys.argv[1])
if query["split"] == "byte-level":
    # GPT-2's regular expression, as ByteLevel has it built in.
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + query["merges"], min_frequency=2, initial_alphabet=alphabet, show_progress=False
    )
else:
    # Characters, split at spaces; the rarest characters are left to the bytes, as spm_train's coverage of 0.9995 does.
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=query["merges"], min_frequency=2, limit_alphabet=3000, max_token_length=16, show_progress=False
    )
tokenizer.train(query["files"], trainer=trainer)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
with open(query["out"], "w", encoding="utf-8") as out:
    for merge in json.loads(tokenizer.to_str())["model"]["merges"]:
        out.write(" ".join(merge) + "\n")
print(json.dumps({"pieces": tokenizer.get_vocab_size(), "peakMb": peak}))
