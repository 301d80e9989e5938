"""DPO's loss (arXiv 2305.18290, equation 7) and gradients by torch's own differentiation, for ours to be held against.

Reads {"config", "seeds": [policy, reference], "pairs": [[prompt, chosen, rejected]], "beta"} as JSON on stdin. With
"steps", lists of indices of pairs, it trains on them by torch's AdamW instead and tells loss, accuracy, margin and norm of
each step.
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


def margins_of(model, pairs, beta):
    """β times the log-ratio of both answers; DPO's margin is that of the policy without that of the reference."""
    ratios = [log_probability(model, prompt, a) - log_probability(model, prompt, b) for prompt, a, b in pairs]
    return beta * torch.stack(ratios)


def train(policy, reference, asked):
    vectors = [parameter for parameter in policy.parameters() if parameter.dim() == 1]
    matrices = [parameter for parameter in policy.parameters() if parameter.dim() > 1]
    adamw = asked["adamw"]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": adamw["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
        lr=adamw["learningRate"],
        betas=(adamw["beta1"], adamw["beta2"]),
        eps=adamw["epsilon"],
    )
    before = margins_of(reference, asked["pairs"], asked["beta"]).detach()
    told = []
    for step in asked["steps"]:
        margins = margins_of(policy, [asked["pairs"][pair] for pair in step], asked["beta"]) - before[step]
        loss = -torch.nn.functional.logsigmoid(margins).mean()
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), adamw["maxNorm"])
        optimizer.step()
        accuracy = (margins > 0).double().mean().item()
        told.append({"loss": loss.item(), "accuracy": accuracy, "margin": margins.mean().item(), "norm": norm.item()})
    return told


asked = json.load(sys.stdin)
policy, reference = (build(asked["config"], seed) for seed in asked["seeds"])
if "steps" in asked:
    json.dump(train(policy, reference, asked), sys.stdout)
    sys.exit()
before = margins_of(reference, asked["pairs"], asked["beta"]).detach()
margins = margins_of(policy, asked["pairs"], asked["beta"]) - before
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
