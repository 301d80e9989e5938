"""The classic merge: every piece of a donor that the base lacks, appended with score 0.

As the scripts do that made Chinese-LLaMA and many Korean Llamas (ymcui/Chinese-LLaMA-Alpaca, merge_tokenizers.py).
Reads {"base": .model, "donor": .model, "out": .model} on standard input, prints {"added": number of pieces}.
"""

import json
import sys

from sentencepiece import sentencepiece_model_pb2 as proto

query = json.load(sys.stdin)


def read(path):
    model = proto.ModelProto()
    with open(path, "rb") as file:
        model.ParseFromString(file.read())
    return model


base = read(query["base"])
known = {piece.piece for piece in base.pieces}
before = len(base.pieces)
for piece in read(query["donor"]).pieces:
    if piece.piece not in known:
        new = proto.ModelProto.SentencePiece()
        new.piece = piece.piece
        new.score = 0
        base.pieces.append(new)
with open(query["out"], "wb") as file:
    file.write(base.SerializeToString())
print(json.dumps({"added": len(base.pieces) - before}))
