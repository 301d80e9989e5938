#!/bin/bash
# Counts a corpus on a Slurm cluster: an array of tasks, and a merge that starts when all of them have succeeded.
#
#   BASE=./Llama-2-7b-hf CORPUS='/data/ko/**/*.jsonl.zst' COUNTS=/data/counts OUT=/data/counts.parquet SHARDS=64 \
#     examples/slurm/submit.sh [options of sbatch, e.g. --partition=cpu]
#
# BASE, CORPUS, COUNTS and OUT lie on storage that all nodes share. To finish what a failed task left, run it again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export BASE CORPUS COUNTS OUT SHARDS=${SHARDS:-16}
: "${BASE:?the tokenizer}" "${CORPUS:?files, folders or globs}" "${COUNTS:?the folder of the shards}" "${OUT:?the result}"

tasks=$(sbatch --parsable "$@" --export=ALL --array="0-$((SHARDS - 1))" "$here/count.sbatch")
merge=$(sbatch --parsable "$@" --export=ALL --dependency="afterok:$tasks" --kill-on-invalid-dep=yes "$here/merge.sbatch")
echo "counting: job $tasks, $SHARDS tasks; merging: job $merge"
