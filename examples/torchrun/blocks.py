"""Writes the rows of a stage as Parquet, for trainers that take token ids: axolotl, TRL, any reader of datasets.

    python blocks.py stages.json --stage 1 --out blocks

Columns input_ids, attention_mask and labels, in the order of training: replay and shuffle are in it. Labels stand at
their own token, as transformers wants them, so that the label behind the last place of a row is lost, and documents that
share a row are told apart by labels alone: attention between them is up to the trainer.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from batches import IGNORED, Store, batches_of
from stages import read_stages

ROWS_AT_ONCE = 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", type=Path, help="stages.json")
    parser.add_argument("--stage", type=int, required=True, help="which, from 1")
    parser.add_argument("--out", type=Path, required=True, help="folder for STAGE.parquet")
    args = parser.parse_args()
    plan, here = read_stages(args.stages), args.stages.resolve().parent
    stage = plan["stages"][args.stage - 1]
    stores = {source["name"]: Store(here / source["folder"]) for source in plan["sources"]}
    batches = batches_of(plan, args.stage, stores)
    rows = stage["steps"] * plan["rows_per_step"]
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{stage['folder']}.parquet"
    schema = pa.schema([("input_ids", pa.list_(pa.int32())), ("attention_mask", pa.list_(pa.int8())), ("labels", pa.list_(pa.int32()))])
    with pq.ParquetWriter(path.with_suffix(".part"), schema) as writer:
        for first in range(0, rows, ROWS_AT_ONCE):
            batch = batches.read(first, min(ROWS_AT_ONCE, rows - first))
            labels = np.full_like(batch["labels"], IGNORED)
            labels[:, 1:] = batch["labels"][:, :-1]
            columns = [list(batch["ids"]), list(np.ones_like(batch["ids"])), list(labels)]
            writer.write_table(pa.table([pa.array(c, f.type) for c, f in zip(columns, schema)], schema=schema))
    path.with_suffix(".part").rename(path)
    print(f"{path}: {rows} rows of {plan['length']} tokens")


if __name__ == "__main__":
    main()
