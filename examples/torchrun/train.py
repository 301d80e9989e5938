"""Goes on with a recipe of ko-vocab on any number of processes: plain PyTorch, FSDP2 or DDP.

    torchrun --nproc_per_node 8 train.py stages.json --out adapted --arithmetic bfloat16

Without torchrun it is one process. Every stage begins with a new optimizer and ends with a folder that transformers
loads: adapted/1-NAME, adapted/2-NAME, … --from-stage 2 goes on from the first of them. The result does not depend on
the number of processes or on --micro, but for rounding.
"""

import argparse
import copy
import json
import math
import os
import shutil
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from transformers import AutoConfig, AutoModelForCausalLM

from batches import IGNORED, Store, batches_of, windows
from stages import RowAdamW, parameter_groups, rate, read_stages


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", type=Path, help="stages.json")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model of every stage and metrics.jsonl")
    parser.add_argument("--parallel", choices=["fsdp", "ddp"], default="fsdp", help="with more than one process")
    parser.add_argument("--arithmetic", choices=["float32", "bfloat16"], default="float32", help="weights are float32")
    parser.add_argument("--micro", type=int, default=1, help="rows that a process computes at once")
    parser.add_argument("--checkpointing", action="store_true", help="compute activations again: less memory")
    parser.add_argument("--eval-every", type=int, default=0, help="steps between evaluations; 0: at stage ends")
    parser.add_argument("--from-stage", type=int, default=1, help="begin with this stage, from the folder before it")
    parser.add_argument("--to-stage", type=int, help="end with this one; 0: grow the model as the recipe says, no more")
    args = parser.parse_args()

    rank, world, device = begin()
    plan = read_stages(args.stages)
    here = args.stages.resolve().parent
    folder_of = lambda i: args.out / plan["stages"][i - 1]["folder"]
    folder = here / plan["model"] if args.from_stage == 1 else folder_of(args.from_stage - 1)
    stores = {source["name"]: Store(here / source["folder"]) for source in plan["sources"]}
    evaluations = {source["name"]: Store(here / source["folder"]) for source in plan["evaluation"]}
    args.out.mkdir(parents=True, exist_ok=True)
    metrics = open(args.out / "metrics.jsonl", "a") if rank == 0 else None

    def say(**values):
        if rank == 0:
            print(json.dumps(values), file=metrics, flush=True)
            print(" ".join(f"{k} {v:.6g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items()), flush=True)

    if plan["rows_per_step"] % world:
        raise SystemExit(f"{plan['rows_per_step']} rows a step cannot be dealt out to {world} processes alike")
    torch.manual_seed(plan["seed"])
    model = load_model(plan, here / plan["model"], folder, args.from_stage).to(device)
    if args.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if world > 1 and args.parallel == "fsdp":
        shard(model, args.arithmetic)

    if plan["expansion"] and args.from_stage == 1:
        save(model, plan, here / plan["model"], args.out / "0-grown", rank)

    def nll(network, batch):
        """The sum of the labels' negative log-likelihoods, in nats."""
        b = {key: torch.from_numpy(values).to(device) for key, values in batch.items()}
        place = torch.arange(b["ids"].shape[1], device=device)
        seen = (place[None, None, :] <= place[None, :, None]) & (place[None, None, :] >= b["starts"][:, :, None])
        mixed = args.arithmetic != "float32" and not is_sharded(model)
        with torch.autocast(device.type, torch.bfloat16) if mixed else nullcontext():
            logits = network(input_ids=b["ids"], attention_mask=seen[:, None], position_ids=b["positions"]).logits
        return F.cross_entropy(logits.float().flatten(0, 1), b["labels"].flatten(), ignore_index=IGNORED, reduction="sum")

    def evaluate(stage, step):
        for name, store in evaluations.items():
            total = sum_over(bits(model, store, plan["length"], args.micro, nll, rank, world), device)
            say(kind="evaluation", stage=stage["name"], step=step, set=name, bits_per_byte=total / store.record["bytes"])

    for number, stage in enumerate(plan["stages"], 1):
        if not args.from_stage <= number <= (len(plan["stages"]) if args.to_stage is None else args.to_stage):
            continue
        batches = batches_of(plan, number, stores)
        optimizer = RowAdamW(parameter_groups(model, stage), stage)
        network = DistributedDataParallel(model) if world > 1 and not is_sharded(model) else model
        if number == args.from_stage:
            evaluate(stage, 0)
        for step in range(1, stage["steps"] + 1):
            began = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = rate(stage, step) * group["rate_scale"]
            batch = batches.read((step - 1) * plan["rows_per_step"], plan["rows_per_step"])
            labels = max(1, int((batch["labels"] != IGNORED).sum()))
            mine = {key: values[rank::world] for key, values in batch.items()}
            model.train()
            loss = 0.0
            count = math.ceil(len(mine["ids"]) / args.micro)
            for i in range(count):
                part = {key: values[i * args.micro : (i + 1) * args.micro] for key, values in mine.items()}
                with synchronizing(network, i == count - 1):
                    # Processes average their gradients; the mean over all labels of the step is what is meant.
                    share = nll(network, part) / labels
                    (share * world).backward()
                loss += share.item()
            optimizer.mask_gradients()
            trained = [p for group in optimizer.param_groups for p in group["params"]]
            norm = torch.nn.utils.clip_grad_norm_(trained, stage["max_norm"] or math.inf)
            norm = (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()
            loss = sum_over(loss, device)
            if not math.isfinite(norm):
                raise SystemExit(f"stage {stage['name']}, step {step}: the gradient norm is {norm}, the loss {loss}; lower the rate")
            optimizer.step()
            optimizer.zero_grad()
            speed = int((batch["labels"].size) / (time.perf_counter() - began))
            rates = dict(learning_rate=rate(stage, step), loss=loss, gradient_norm=norm, tokens_per_second=speed)
            say(kind="step", stage=stage["name"], step=step, **rates)
            if (args.eval_every and step % args.eval_every == 0) or step == stage["steps"]:
                evaluate(stage, step)
        save(model, plan, here / plan["model"], folder_of(number), rank)
        say(kind="saved", stage=stage["name"], folder=str(folder_of(number)))
    if world > 1:
        dist.destroy_process_group()


def begin():
    """Rank, number of processes and device; what torchrun says, or one process."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    return rank, world, device


def load_model(plan, source, folder, from_stage):
    """The model as the recipe's form makes it, or as the stage before has left it; weights are float32."""
    as_it_is = dict(dtype=torch.float32, attn_implementation="sdpa")
    if plan["lora"]:
        from peft import LoraConfig, PeftModel, get_peft_model

        model = AutoModelForCausalLM.from_pretrained(source, **as_it_is)
        if from_stage == 1:
            return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **plan["lora"]))
        return PeftModel.from_pretrained(model, folder, is_trainable=True)
    model = AutoModelForCausalLM.from_pretrained(folder, **as_it_is)
    if plan["expansion"] and from_stage == 1:
        expand(model, **plan["expansion"])
    return model


@torch.no_grad()
def expand(model, **expansion):
    """LLaMA Pro: blocks are copied, and the copies begin as the identity."""
    old, added = model.model.layers, set(expansion["added"])
    model.model.layers = torch.nn.ModuleList(
        copy.deepcopy(old[was]) if i in added else old[was] for i, was in enumerate(expansion["from"])
    )
    for i, layer in enumerate(model.model.layers):
        layer.self_attn.layer_idx = i
        if i in added:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    model.config.num_hidden_layers = len(model.model.layers)


def shard(model, arithmetic):
    dtype = None if arithmetic == "float32" else torch.bfloat16
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32 if dtype else None)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    for layer in base.model.layers:
        fully_shard(layer, mp_policy=policy)
    fully_shard(model, mp_policy=policy)


def is_sharded(model):
    return isinstance(next(model.parameters()), DTensor)


def synchronizing(network, last):
    """Gradients are exchanged once a step, with its last micro-batch."""
    if isinstance(network, DistributedDataParallel):
        return nullcontext() if last else network.no_sync()
    if is_sharded(network):
        network.set_requires_gradient_sync(last)
    return nullcontext()


def sum_over(value, device):
    if not dist.is_initialized():
        return float(value)
    total = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(total)
    return total.item()


@torch.no_grad()
def bits(model, store, length, micro, nll, rank, world):
    """This process's part of the bits that the text of a store takes."""
    model.eval()
    rows = list(windows(store, length))
    total = 0.0
    # Sharded weights are gathered by all processes together, so that all of them compute equally often.
    for first in range(0, len(rows), micro * world):
        part = rows[first + rank * micro : first + (rank + 1) * micro]
        batch = {key: np.stack([row[key] for row in part or rows[:1]]) for key in rows[0]}
        found = nll(model, batch).item()
        total += found if part else 0.0
    return total / math.log(2)


def save(model, plan, source, folder, rank):
    """A folder that transformers loads (LoRA: PEFT), in the dtype of the model that the run began with."""
    state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if rank != 0:
        return dist.barrier()
    dtype = AutoConfig.from_pretrained(source).dtype or torch.float32
    state = {name: values.to(dtype) for name, values in state.items()}
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    if plan["lora"]:
        trained = any("lora_" not in name for stage in plan["stages"] for rule in stage["train"] for name in rule["parameters"])
        model.save_pretrained(temporary, state_dict=state, save_embedding_layers=trained)
    else:
        # A sharded model has another class, whose name must not stand in config.json.
        with torch.device("meta"):
            whole = AutoModelForCausalLM.from_config(model.config)
        whole.save_pretrained(temporary, state_dict=state)
    for path in Path(source).iterdir():
        is_tokenizer = path.suffix in {".model", ".tiktoken", ".jinja"} or path.name.startswith(("tokenizer", "special_tokens"))
        if is_tokenizer or path.name in {"rows.json", "extension.json", "generation_config.json"}:
            shutil.copy2(path, temporary / path.name)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    if dist.is_initialized():
        dist.barrier()


if __name__ == "__main__":
    main()
