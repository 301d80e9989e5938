"""Encodes or decodes the lines of a file on one thread, with a peer in Rust or C++ by way of Python. Argument: JSON

library  "tokenizers" | "tokenizers, fast" (encode_batch_fast, without offsets) | "sentencepiece" | "tiktoken"
task     "encode" | "decode"
path     the tokenizer's file; for tiktoken the ranks, with their companion <path>.special.json
input    lines of text; to decode, records of ids
passes   over the whole input
out      records of what came out: length in bytes as int32, then ids as int32 or text in UTF-8

Only encoding and decoding are timed, in batches of 1,000 lines.
"""

import array
import base64
import json
import struct
import sys
import time

BATCH = 1000

query = json.loads(sys.argv[1])


def open_tokenizers():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(query["path"])
    encode = tokenizer.encode_batch_fast if query["library"].endswith("fast") else tokenizer.encode_batch
    return (
        lambda lines: encode(lines, add_special_tokens=False),
        lambda batch: tokenizer.decode_batch(batch, skip_special_tokens=False),
    )


def open_sentencepiece():
    from sentencepiece import SentencePieceProcessor

    tokenizer = SentencePieceProcessor(model_file=query["path"])
    return (
        lambda lines: tokenizer.encode(lines, num_threads=1),
        lambda batch: tokenizer.decode(batch, num_threads=1),
    )


def open_tiktoken():
    import tiktoken

    with open(query["path"] + ".special.json", encoding="utf-8") as file:
        special = json.load(file)
    ranks = {}
    with open(query["path"], "rb") as file:
        for line in file:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
    tokenizer = tiktoken.Encoding(
        "ranks", pat_str=special["pattern"], mergeable_ranks=ranks, special_tokens=special["special_tokens"]
    )
    return (
        lambda lines: [tokenizer.encode_ordinary(line) for line in lines],
        lambda batch: [tokenizer.decode(ids) for ids in batch],
    )


def read_lines():
    with open(query["input"], encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


def read_ids():
    with open(query["input"], "rb") as file:
        whole = file.read()
    found = []
    at = 0
    while at < len(whole):
        (size,) = struct.unpack_from("<i", whole, at)
        found.append(array.array("i", whole[at + 4 : at + 4 + size]).tolist())
        at += 4 + size
    return found


def record(result):
    if not encoding:
        data = result.encode("utf-8")
    else:
        data = array.array("i", result if isinstance(result, list) else result.ids).tobytes()
    return struct.pack("<i", len(data)) + data


OPEN = {"tokenizers": open_tokenizers, "sentencepiece": open_sentencepiece, "tiktoken": open_tiktoken}
encode, decode = OPEN[query["library"].split(",")[0]]()
encoding = query["task"] == "encode"
convert = encode if encoding else decode
items = read_lines() if encoding else read_ids()
seconds = []
with open(query["out"], "wb") as out:
    for number in range(query["passes"]):
        spent = 0.0
        for at in range(0, len(items), BATCH):
            batch = items[at : at + BATCH]
            start = time.perf_counter()
            results = convert(batch)
            spent += time.perf_counter() - start
            if number == query["passes"] - 1:
                for result in results:
                    out.write(record(result))
        seconds.append(spent)
print(json.dumps({"seconds": seconds, "lines": len(items)}))
