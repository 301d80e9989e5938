"""The same by transformers, without the noise of mean_resizing. Argument: JSON {checkpoint, out, rows}."""
import json
import resource
import sys

import torch
from transformers import AutoModelForCausalLM

query = json.loads(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(query["checkpoint"], dtype=torch.bfloat16)
model.resize_token_embeddings(query["rows"], mean_resizing=False)
model.save_pretrained(query["out"], max_shard_size="9.9GB")
print(json.dumps({"rows": model.config.vocab_size, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))
