"""
Encodes the lines of a file with Hugging Face tokenizers. Argument: JSON {tokenizer, lines, method, passes, ids}; `method`
is encode_batch or encode_batch_fast (without offsets). Only encoding is timed; the ids of all lines go to the file `ids`
as int32: count, ids, count, ids, ...
"""

import array
import json
import sys
import time

from tokenizers import Tokenizer

BATCH = 1000

query = json.loads(sys.argv[1])
tokenizer = Tokenizer.from_file(query["tokenizer"])
encode = getattr(tokenizer, query["method"])
with open(query["lines"], encoding="utf-8", newline="\n") as file:
    lines = file.read().split("\n")
if lines[-1] == "":
    lines.pop()
seconds = []
for _ in range(query["passes"]):
    spent = 0.0
    tokens = 0
    out = open(query["ids"], "wb")
    for at in range(0, len(lines), BATCH):
        start = time.perf_counter()
        batch = encode(lines[at : at + BATCH], add_special_tokens=False)
        spent += time.perf_counter() - start
        for encoding in batch:
            ids = encoding.ids
            tokens += len(ids)
            array.array("i", [len(ids), *ids]).tofile(out)
    out.close()
    seconds.append(spent)
print(json.dumps({"seconds": seconds, "tokens": tokens, "lines": len(lines)}))
