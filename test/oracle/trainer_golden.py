"""Losses and gradients of small Llama models by transformers and torch, for the trainer to be held against.

Reads cases as JSON on stdin, prints them with what torch says:

    python test/oracle/trainer_golden.py < fixtures/trainer/models.json > fixtures/trainer/golden.json

Weights and tokens are pseudo-random by a generator that the tests have too, so that neither has to be stored. Arithmetic
is float64, apart from what transformers itself does in float32 (norms, softmax, rotary angles).
"""

import base64
import json
import sys

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig

CONFIGS = {"LlamaForCausalLM": LlamaConfig, "MistralForCausalLM": MistralConfig}


def random_values(count, seed):
    """Between -1 and 1: randomValues of test/checkpoint/model.ts."""
    state = ((seed + 1) * 2654435769) & 0xFFFFFFFF
    values = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state / 2**31 - 1)
    return values


def build(case):
    config = CONFIGS[case["config"]["architectures"][0]].from_dict(case["config"])
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").double()
    with torch.no_grad():
        for i, (_, parameter) in enumerate(sorted(model.named_parameters())):
            values = torch.tensor(random_values(parameter.numel(), case["seed"] * 1000 + i), dtype=torch.float64)
            values = values.float().double().reshape(parameter.shape)
            parameter.copy_(1 + values * 0.25 if parameter.dim() == 1 else values * 0.5)
    return model.train()


def batch_of(case, step):
    """Tokens, labels, and, where a case has documents, positions and a mask for each step."""
    rows, length = case["batch"], case["length"]
    vocabulary = case["config"]["vocab_size"]
    drawn = random_values(rows * length, case["seed"] * 1000 + 500 + step)
    ids = torch.tensor([int((value + 1) / 2 * vocabulary) for value in drawn]).reshape(rows, length)
    starts = torch.zeros(rows, length, dtype=torch.long)
    for row, cuts in enumerate(case.get("documents", [])):
        for cut in cuts:
            starts[row, cut:] = cut
    places = torch.arange(length).expand(rows, length)
    follows = torch.zeros(rows, length, dtype=torch.bool)
    follows[:, :-1] = starts[:, 1:] == starts[:, :-1]
    labels = torch.full((rows, length), -100)
    labels[:, :-1] = ids[:, 1:]
    labels[~follows] = -100
    key = torch.arange(length)
    seen = (key[None, None, :] <= places[:, :, None]) & (key[None, None, :] >= starts[:, :, None])
    mask = torch.where(seen, 0.0, torch.finfo(torch.float32).min)[:, None].double()
    return ids, labels, places - starts, mask


def loss_of(model, case, step):
    ids, labels, positions, mask = batch_of(case, step)
    logits = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


def packed(tensor):
    return base64.b64encode(tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode()


def golden(case):
    model = build(case)
    named = list(model.named_parameters())
    loss = loss_of(model, case, 0)
    loss.backward()
    found = {"loss": loss.item(), "gradients": {name: packed(parameter.grad) for name, parameter in named}}
    adam = case["adamw"]
    groups = [
        {"params": [p for _, p in named if p.dim() > 1], "weight_decay": adam["weightDecay"]},
        {"params": [p for _, p in named if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=adam["learningRate"], betas=(adam["beta1"], adam["beta2"]))
    found["losses"], found["norms"] = [], []
    before = [parameter.detach().clone() for _, parameter in named]
    for step in range(5):
        optimizer.zero_grad()
        loss = loss_of(model, case, step)
        loss.backward()
        found["norms"].append(torch.nn.utils.clip_grad_norm_(model.parameters(), adam["maxNorm"]).item())
        optimizer.step()
        found["losses"].append(loss.item())
    if case.get("updates"):
        found["updates"] = {name: packed(p - old) for (name, p), old in zip(named, before)}
    return {**case, **found}


def logits_of(folder, ids):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        return packed(model(input_ids=torch.tensor(ids)).logits)


def main():
    asked = json.load(sys.stdin)
    if "folders" in asked:
        answer = {"logits": [logits_of(folder, ids) for folder, ids in asked["folders"]]}
    else:
        answer = {"cases": [golden(case) for case in asked["cases"]]}
    json.dump(answer, sys.stdout, indent=1)
    print()


main()
