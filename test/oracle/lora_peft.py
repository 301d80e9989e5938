"""What PEFT makes of a base and an adapter: logits of the pair, loss and gradients of A and B.

Reads {"pairs": [[base, adapter, ids]], "gradients": [[base, adapter, ids]]} as JSON on stdin.
"""

import base64
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM


def packed(tensor):
    return base64.b64encode(tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode()


def load(base, adapter, trainable=False):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float64, attn_implementation="eager")
    model = PeftModel.from_pretrained(model, adapter, is_trainable=trainable, autocast_adapter_dtype=False)
    return model.double()


def logits(base, adapter, ids):
    model = load(base, adapter).eval()
    with torch.no_grad():
        own = model(input_ids=torch.tensor(ids)).logits
        merged = model.merge_and_unload()(input_ids=torch.tensor(ids)).logits
    return [packed(own), packed(merged)]


def gradients(base, adapter, ids):
    model = load(base, adapter, trainable=True).train()
    ids = torch.tensor(ids)
    values = model(input_ids=ids).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(values.flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    found = {
        name.replace(".default", ""): packed(parameter.grad)
        for name, parameter in model.named_parameters()
        if "lora_" in name
    }
    return {"loss": loss.item(), "gradients": found}


asked = json.load(sys.stdin)
answer = {
    "logits": [logits(*pair) for pair in asked.get("pairs", [])],
    "gradients": [gradients(*pair) for pair in asked.get("gradients", [])],
}
json.dump(answer, sys.stdout)
