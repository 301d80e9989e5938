"""Counts the words of a file with Hugging Face tokenizers, as GPT-2's pattern cuts them. Argument: JSON {file, method}.

method "pre_tokenize_str": the pre-tokenizer on each line, and a Counter. Prints what count.mjs prints.
method "feed": BpeTrainer on the file with room for no merge: it cuts and counts on all its threads, and counts the pairs.
Nobody can ask it for its words.
"""

import collections
import hashlib
import json
import sys
import time

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

query = json.loads(sys.argv[1])
byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
if query["method"] == "feed":
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level
    trainer = trainers.BpeTrainer(vocab_size=len(alphabet), initial_alphabet=alphabet, show_progress=False)
    start = time.perf_counter()
    tokenizer.train([query["file"]], trainer=trainer)
    print(json.dumps({"seconds": [time.perf_counter() - start]}))
    sys.exit()

counts = collections.Counter()
start = time.perf_counter()
with open(query["file"], encoding="utf-8", newline="\n") as file:
    for line in file:
        counts.update(word for word, _ in byte_level.pre_tokenize_str(line.removesuffix("\n")))
seconds = time.perf_counter() - start

# GPT-2's byte alphabet: printable bytes stand for themselves, the others for U+0100 and on.
printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
others = iter(range(0x100, 0x200))
byte_of = {(byte if byte in printable else next(others)): byte for byte in range(256)}
digest = hashlib.sha256()
for word, times in sorted((word.translate(byte_of).encode("latin-1"), n) for word, n in counts.items()):
    digest.update(b"%d %s\n" % (times, word))
print(
    json.dumps(
        {"seconds": [seconds], "distinct": len(counts), "total": counts.total(), "sha256": digest.hexdigest()}
    )
)
