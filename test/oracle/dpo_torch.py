"""DPO's loss (arXiv 2305.18290, equation 7) and gradients by torch's own differentiation, for ours to be held against.

Reads {"config", "seeds": [policy, reference], "pairs": [[prompt, chosen, rejected]], "beta"} as JSON on stdin.
"""

import base64
import json
import sys

import torch
from transformers import AutoModelForCausalLM, LlamaConfig


def random_values(count, seed):
    """Between -1 and 1: randomValues of test/checkpoint/model.ts."""
    state = ((seed + 1) * 2654435769) & 0xFFFFFFFF
    values = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state / 2**31 - 1)
    return values


def build(config, seed):
    model = AutoModelForCausalLM.from_config(LlamaConfig.from_dict(config), attn_implementation="eager").double()
    with torch.no_grad():
        for i, (_, parameter) in enumerate(sorted(model.named_parameters())):
            values = torch.tensor(random_values(parameter.numel(), seed * 1000 + i), dtype=torch.float64)
            values = values.float().double().reshape(parameter.shape)
            parameter.copy_(1 + values * 0.25 if parameter.dim() == 1 else values * 0.5)
    return model.train()


def log_probability(model, prompt, answer):
    ids = torch.tensor([prompt + answer])
    logits = model(input_ids=ids).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1).gather(1, torch.tensor(answer)[:, None]).sum()


def packed(tensor):
    return base64.b64encode(tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()).decode()


asked = json.load(sys.stdin)
policy, reference = (build(asked["config"], seed) for seed in asked["seeds"])
margins = []
for prompt, chosen, rejected in asked["pairs"]:
    with torch.no_grad():
        before = log_probability(reference, prompt, chosen) - log_probability(reference, prompt, rejected)
    after = log_probability(policy, prompt, chosen) - log_probability(policy, prompt, rejected)
    margins.append(asked["beta"] * (after - before))
margins = torch.stack(margins)
loss = -torch.nn.functional.logsigmoid(margins).mean()
loss.backward()
json.dump(
    {
        "loss": loss.item(),
        "accuracy": (margins > 0).double().mean().item(),
        "margin": margins.mean().item(),
        "gradients": {name: packed(parameter.grad) for name, parameter in policy.named_parameters()},
    },
    sys.stdout,
)
