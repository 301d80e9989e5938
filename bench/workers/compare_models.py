"""What became of a base .model: C++ SentencePiece reads both, and transformers converts the merged one.

Reads on standard input
    base          a .model file
    merged        {road: .model file}
    same          {name: file} lines whose ids should stay
    korean        {name: file} lines to count tokens on
and prints for each road
    added         number of new pieces
    changed       {name: numbers of the lines whose ids are others, from 0}, `lines` {name: how many there are}
    unreachable   new pieces that do not give their one id when they are encoded alone
    lost          base pieces that gave theirs before, and do not any more
    conjoining    new pieces with conjoining jamo, which text as people type it does not have
    tokens        {name: [before, after]}, syllables {name: number}
    conversion    {"lines", "differ"}: Korean lines whose ids are others in the tokenizer.json that transformers makes of
                  a folder with a .model alone, and were not with the base's; null without transformers
"""

import json
import os
import re
import shutil
import sys
import tempfile
from array import array

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

try:
    from transformers import LlamaTokenizer
except ImportError:
    LlamaTokenizer = None

query = json.load(sys.stdin)
CONJOINING = re.compile("[\u1100-\u11ff]")
SYLLABLE = re.compile("[가-힣]")
BATCH = 20_000


def read(path):
    model = proto.ModelProto()
    with open(path, "rb") as file:
        model.ParseFromString(file.read())
    return model


def processor(model):
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


def lines_of(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


def encoded(tokenizer, lines):
    """Ids as arrays: a list of Python numbers takes nine times the room."""
    found = []
    for at in range(0, len(lines), BATCH):
        found += [array("i", ids) for ids in tokenizer.encode(lines[at : at + BATCH], num_threads=2)]
    return found


def reachable(model):
    """Ids of the normal pieces that encode to themselves: alone, without the dummy prefix."""
    bare = proto.ModelProto()
    bare.CopyFrom(model)
    bare.normalizer_spec.add_dummy_prefix = False
    bare.normalizer_spec.remove_extra_whitespaces = False
    ids = [id for id, piece in enumerate(bare.pieces) if piece.type == proto.ModelProto.SentencePiece.NORMAL]
    found = encoded(processor(bare), [bare.pieces[id].piece.replace("▁", " ") for id in ids])
    return {id for id, own in zip(ids, found) if own.tolist() == [id]}


def differing(model, tokenizer, lines):
    """Numbers of the lines whose ids are others once transformers has converted the model; none without transformers."""
    if LlamaTokenizer is None:
        return set()
    folder = tempfile.mkdtemp()
    try:
        with open(os.path.join(folder, "tokenizer.model"), "wb") as file:
            file.write(model.SerializeToString())
        prefix = model.normalizer_spec.add_dummy_prefix
        converted = LlamaTokenizer.from_pretrained(folder, add_prefix_space=prefix)
        theirs = converted(lines, add_special_tokens=False)["input_ids"]
        return {i for i, (a, b) in enumerate(zip(theirs, encoded(tokenizer, lines))) if a != b.tolist()}
    finally:
        shutil.rmtree(folder)


def syllables(lines):
    return sum(len(SYLLABLE.findall(line)) for line in lines)


base = read(query["base"])
before = processor(base)
first = len(base.pieces)
alive = reachable(base)
same = {name: lines_of(path) for name, path in query["same"].items()}
korean = {name: lines_of(path) for name, path in query["korean"].items()}
every = [line for lines in korean.values() for line in lines if line]
ids = {name: encoded(before, lines) for name, lines in {**same, **korean}.items()}
wrong_before = differing(base, before, every)

roads = {}
for road, path in query["merged"].items():
    merged = read(path)
    after = processor(merged)
    now = reachable(merged)
    new = {id: merged.pieces[id].piece for id in range(first, len(merged.pieces))}
    result = {
        "added": len(new),
        "changed": {},
        "lines": {},
        "unreachable": [piece for id, piece in new.items() if id not in now],
        "lost": [base.pieces[id].piece for id in sorted(alive - now)],
        "conjoining": [piece for piece in new.values() if CONJOINING.search(piece)],
        "tokens": {},
        "syllables": {},
        "conversion": None,
    }
    for name, lines in same.items():
        pairs = zip(ids[name], encoded(after, lines))
        result["changed"][name] = [i for i, (a, b) in enumerate(pairs) if a != b]
        result["lines"][name] = len(lines)
    for name, lines in korean.items():
        result["tokens"][name] = [sum(map(len, ids[name])), sum(map(len, encoded(after, lines)))]
        result["syllables"][name] = syllables(lines)
    if LlamaTokenizer:
        differ = len(differing(merged, after, every) - wrong_before)
        result["conversion"] = {"lines": len(every), "differ": differ}
    roads[road] = result
print(json.dumps(roads))
