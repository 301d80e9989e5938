"""Counts a corpus on a Ray cluster: a task a shard, and a merge when all of them have succeeded.

    python count.py --base ./Llama-2-7b-hf --corpus '/data/ko/*.jsonl.zst' --counts /data/counts --shards 64 \
        --out /data/counts.parquet

The paths lie on storage that all nodes share, and ko-vocab is on the PATH of the nodes (or --ko-vocab names it). A task
that fails is tried again; run the script again to finish what is missing: what is done stays.
"""

import argparse
import shlex
import subprocess

import ray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--corpus", required=True, nargs="+")
    parser.add_argument("--counts", required=True, help="the folder of the shards")
    parser.add_argument("--out", required=True)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--threads", type=int, default=4, help="of a task")
    parser.add_argument("--memory", default="3GB", help="of a task")
    parser.add_argument("--ko-vocab", default="ko-vocab", help="the command, with arguments where it has any")
    args = parser.parse_args()

    command = shlex.split(args.ko_vocab)
    ray.init()

    # Ray takes `memory` for placing tasks only; ko-vocab keeps to it.
    @ray.remote(num_cpus=args.threads, memory=to_bytes(args.memory), max_retries=3, retry_exceptions=True)
    def count(shard: int) -> str:
        words = [*command, "count", "--base", args.base, "--corpus", *args.corpus, "--out", args.counts]
        words += ["--shard", f"{shard}/{args.shards}", "--threads", str(args.threads), "--memory", args.memory]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"shard {shard}: {done.stderr.strip()}")
        return done.stderr

    ray.get([count.remote(shard) for shard in range(args.shards)])
    subprocess.run([*command, "merge-counts", args.counts, "--out", args.out], check=True)


def to_bytes(size: str) -> int:
    units = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
    return int(float(size[:-2]) * units[size[-2:].upper()])


if __name__ == "__main__":
    main()
