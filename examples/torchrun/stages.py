"""What a stage of a recipe trains, as torch wants it: parameters, rows of matrices, and the rate of every step.

stages.json (written by ko-vocab handoff) names each parameter that a stage trains; all others are frozen. Where only
some rows of a matrix train, its other rows stay as they are to the last bit: their gradients are zeroed before the norm
is taken, the optimizer's moments are then zero too, and decay is applied to the trained rows alone.
"""

import json
import math
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor, distribute_tensor


def read_stages(path):
    stages = json.loads(Path(path).read_text())
    if stages["format"] != "ko-vocab stages 1":
        raise SystemExit(f"{path}: its format is {stages['format']!r}, this program reads 'ko-vocab stages 1'")
    return stages


def parameter_groups(model, stage):
    """Freezes what the stage does not train, and returns the groups of its optimizer."""
    known = dict(model.named_parameters())
    missing = [name for rule in stage["train"] for name in rule["parameters"] if name not in known]
    if missing:
        raise SystemExit(f"stage {stage['name']}: the model has no parameter {missing[0]}")
    for parameter in known.values():
        parameter.requires_grad_(False)
        parameter.grad = None
    groups = []
    for rule in stage["train"]:
        params = [known[name].requires_grad_(True) for name in rule["parameters"]]
        settings = {"rate_scale": rule["learning_rate_scale"], "rows": rule["rows"]}
        # Decay of some rows is RowAdamW's own business: AdamW would shrink the whole matrix.
        decay = {"weight_decay": 0.0 if rule["rows"] else rule["weight_decay"], "row_decay": rule["weight_decay"]}
        groups.append({"params": params, **settings, **decay})
    return groups


class RowAdamW(torch.optim.AdamW):
    """AdamW whose groups may have rows, ranges [first, last]: only these rows of their matrices ever change."""

    def __init__(self, groups, stage, **options):
        betas = (stage["beta1"], stage["beta2"])
        super().__init__(groups, lr=stage["learning_rate"], betas=betas, eps=stage["epsilon"], **options)
        self.masks = {}

    def masked(self):
        for group in self.param_groups:
            for parameter in group["params"] if group.get("rows") else ():
                if parameter not in self.masks:
                    self.masks[parameter] = row_mask(parameter, group["rows"])
                yield group, parameter, self.masks[parameter]

    @torch.no_grad()
    def mask_gradients(self):
        """Before clipping: rows that do not train must not count in the norm."""
        for _, parameter, mask in self.masked():
            if parameter.grad is not None:
                local(parameter.grad).masked_fill_(~mask, 0)

    @torch.no_grad()
    def step(self, closure=None):
        self.mask_gradients()
        for group, parameter, mask in self.masked():
            # Times 1 changes no bit.
            keep = torch.where(mask, 1 - group["lr"] * group["row_decay"], 1.0)
            local(parameter).mul_(keep.to(parameter.dtype))
        return super().step(closure)


def row_mask(parameter, ranges):
    """[rows, 1] of this process's shard: which rows train."""
    ids = torch.arange(parameter.shape[0], device=parameter.device)
    if isinstance(parameter, DTensor):
        ids = distribute_tensor(ids, parameter.device_mesh, parameter.placements).to_local()
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for first, last in ranges:
        mask |= (ids >= first) & (ids <= last)
    return mask[:, None]


def local(tensor):
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def rate(stage, step):
    """The learning rate of a step, counted from 1 within its stage: ko-vocab's learningRateAt."""
    schedule, steps, highest = stage["schedule"], stage["steps"], stage["learning_rate"]
    warmup = nearest(schedule["warmup"] * steps)
    if step <= warmup:
        return highest * step / warmup
    if schedule["kind"] == "constant":
        return highest
    falling = steps - max(warmup, 1)
    if schedule["kind"] == "wsd":
        falling = min(nearest(schedule.get("decay", 0) * steps), steps - warmup)
    fallen = step - (steps - falling)
    if fallen <= 0:
        return highest
    p = fallen / falling
    left = {"cosine": (1 + math.cos(math.pi * p)) / 2, "linear": 1 - p, "wsd": 1 - math.sqrt(p)}[schedule["kind"]]
    return highest * (schedule["final"] + (1 - schedule["final"]) * left)


def nearest(value):
    return math.floor(value + 0.5)
