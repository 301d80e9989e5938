"""The same recipe under transformers' Trainer: its arguments, loggers, callbacks, accelerate and DeepSpeed beneath it.

    torchrun --nproc_per_node 8 train_transformers.py stages.json --arguments arguments.json --out adapted

arguments.json holds TrainingArguments for all stages. What the recipe decides is not taken from there: parameters,
row masks, rates, decay, clipping, steps, batches. Start it with torchrun: accelerate launch --cpu --num_processes 2 was
seen to run one process, without a word.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.utils.data import Dataset, SequentialSampler
from transformers import Trainer, TrainingArguments

from batches import IGNORED, Store, batches_of
from stages import RowAdamW, parameter_groups, rate, read_stages
from train import load_model, save


class Rows(Dataset):
    """The rows of a stage, each with the labels of its whole step, which the mean loss divides by."""

    def __init__(self, plan, number, stores):
        self.batches = batches_of(plan, number, stores)
        self.rows, self.steps, self.step = plan["rows_per_step"], plan["stages"][number - 1]["steps"], None

    def __len__(self):
        return self.steps * self.rows

    def __getitem__(self, index):
        step, row = divmod(index, self.rows)
        if step != self.step:
            self.step, self.batch = step, self.batches.read(step * self.rows, self.rows)
        item = {key: torch.from_numpy(values[row]) for key, values in self.batch.items()}
        return {**item, "step_labels": torch.tensor(max(1, int((self.batch["labels"] != IGNORED).sum())))}


class StageTrainer(Trainer):
    def __init__(self, *args, stage, **kwargs):
        self.stage = stage
        super().__init__(*args, **kwargs)
        # The loss is that of the step's whole batch already: no dividing by the number of micro-batches.
        self.model_accepts_loss_kwargs = True

    def create_optimizer(self, model=None):
        if self.optimizer is None:
            self.optimizer = RowAdamW(parameter_groups(self.model, self.stage), self.stage)
        return self.optimizer

    def create_scheduler(self, num_training_steps, optimizer=None):
        groups = (optimizer or self.optimizer).param_groups
        for group in groups:
            group["initial_lr"] = group["lr"] = self.stage["learning_rate"] * group["rate_scale"]
        share = lambda done: rate(self.stage, min(done + 1, self.stage["steps"])) / self.stage["learning_rate"]
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, share)
        return self.lr_scheduler

    def _get_train_sampler(self, train_dataset=None):
        return SequentialSampler(train_dataset if train_dataset is not None else self.train_dataset)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        place = torch.arange(inputs["ids"].shape[1], device=inputs["ids"].device)
        seen = (place[None, None, :] <= place[None, :, None]) & (place[None, None, :] >= inputs["starts"][:, :, None])
        outputs = model(input_ids=inputs["ids"], attention_mask=seen[:, None], position_ids=inputs["positions"])
        logits = outputs.logits.float().flatten(0, 1)
        nll = F.cross_entropy(logits, inputs["labels"].flatten(), ignore_index=IGNORED, reduction="sum")
        # Processes average their gradients.
        loss = nll / inputs["step_labels"][0] * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        # Before clipping, which comes next.
        getattr(self.optimizer, "optimizer", self.optimizer).mask_gradients()
        return loss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", type=Path, help="stages.json")
    parser.add_argument("--arguments", type=Path, required=True, help="JSON with TrainingArguments")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model of every stage")
    options = parser.parse_args()
    plan, here = read_stages(options.stages), options.stages.resolve().parent
    given = json.loads(options.arguments.read_text())
    stores = {source["name"]: Store(here / source["folder"]) for source in plan["sources"]}
    torch.manual_seed(plan["seed"])
    model = load_model(plan, here / plan["model"], here / plan["model"], 1)
    for number, stage in enumerate(plan["stages"], 1):
        folder = options.out / stage["folder"]
        decided = dict(
            output_dir=f"{folder}.trainer",
            learning_rate=stage["learning_rate"],
            max_grad_norm=stage["max_norm"],
            max_steps=stage["steps"],
            seed=plan["seed"] % 2**32,
            save_strategy="no",
            remove_unused_columns=False,
        )
        arguments = TrainingArguments(**{**given, **decided})
        at_once = arguments.per_device_train_batch_size * arguments.world_size * arguments.gradient_accumulation_steps
        if at_once != plan["rows_per_step"]:
            raise SystemExit(f"{options.arguments}: a step has {at_once} rows, the recipe reckons with {plan['rows_per_step']}")
        # The optimizer is made from the model's parameters when it is known which of them train.
        parameter_groups(model, stage)
        trainer = StageTrainer(model, arguments, train_dataset=Rows(plan, number, stores), stage=stage)
        trainer.train()
        if trainer.is_world_process_zero():
            folder.with_name(f"{folder.name}.log.json").write_text(json.dumps(trainer.state.log_history))
        model = trainer.accelerator.unwrap_model(trainer.model)
        save(model, plan, here / plan["model"], folder, arguments.process_index)


if __name__ == "__main__":
    main()
