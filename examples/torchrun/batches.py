"""Batches as ko-vocab makes them, from the token files that it writes: the same rows in the same order.

A folder of tokens holds tokens.bin (int32 ids of all documents), tokens.idx (Megatron-LM's index) and tokens.json.
Documents are laid end to end and cut into rows; which source a row is of follows the sources' shares within one row at
every moment, and which of its rows is a shuffle by seed that is computed, not stored. Needs numpy alone.
"""

import json
import math
from pathlib import Path

import numpy as np

IGNORED = -100  # a label that is none, as in torch
HEADER = 34  # magic, version, dtype, two counts
PURPOSE = 2  # of the random numbers: the order of rows


class Store:
    """Encoded documents, read by place."""

    def __init__(self, folder):
        folder = Path(folder)
        self.record = json.loads((folder / "tokens.json").read_text())
        if self.record["format"] != "ko-vocab tokens 1":
            raise ValueError(f"{folder}: not ko-vocab's tokens, version 1")
        self.tokens, documents = self.record["tokens"], self.record["documents"]
        self.ids = np.memmap(folder / "tokens.bin", "<i4", "r") if self.tokens else np.zeros(0, "<i4")
        index = np.memmap(folder / "tokens.idx", np.uint8, "r")
        if bytes(index[:9]) != b"MMIDIDX\0\0" or len(index) != HEADER + 20 * documents + 8 or len(self.ids) != self.tokens:
            raise ValueError(f"{folder}: damaged; let ko-vocab encode the text again")
        # Where each document begins, in tokens.
        self.starts = index[HEADER + 4 * documents : HEADER + 12 * documents].view("<i8") // 4

    def documents(self):
        bounds = [*self.starts.tolist(), self.tokens]
        return (np.asarray(self.ids[a:b]) for a, b in zip(bounds, bounds[1:]))


class Batches:
    """Rows of the run: read(first, rows) is a function of its arguments, so nothing has to be saved to go on."""

    def __init__(self, sources, length, seed, after=()):
        """
        :param sources: (Store, share of all tokens) of each, shares adding up to 1
        :param after: rows of each that were read before, behind which these go on
        """
        self.stores, shares = zip(*sources)
        self.length, self.seed, self.after = length, seed, list(after) or [0] * len(shares)
        self.rows = [math.ceil(store.tokens / length) for store in self.stores]
        # Shares are those of tokens: a source whose last row is not full gets a little more rows.
        fill = [1 - (n * length - store.tokens) / (n * length) if n else 1 for n, store in zip(self.rows, self.stores)]
        weights = [share / f if share > 0 else 0 for share, f in zip(shares, fill)]
        self.weights = [weight / sum(weights) for weight in weights]
        self.done, self.counts = 0, [0] * len(self.weights)

    def read(self, first, rows):
        """ids, labels (already shifted), positions and document starts within the row: [rows, length] each."""
        ids = np.zeros((rows, self.length), np.int64)
        labels = np.full((rows, self.length), IGNORED, np.int64)
        starts = np.tile(np.arange(self.length), (rows, 1))
        for row in range(rows):
            source, index = self.turn(first + row)
            epoch, place = divmod(index + self.after[source], self.rows[source])
            at = permute(place, self.rows[source], self.seed, source, epoch)
            self.fill(self.stores[source], at * self.length, ids[row], labels[row], starts[row])
        positions = np.arange(self.length) - starts
        return {"ids": ids, "labels": labels, "positions": positions, "starts": starts}

    def fill(self, store, start, ids, labels, starts):
        found = np.asarray(store.ids[start : start + self.length + 1])
        count = min(self.length, len(found))
        low, high = np.searchsorted(store.starts, [start, start + self.length + 1])
        begins = store.starts[low:high] - start
        ids[:count] = found[:count]
        labels[: len(found) - 1] = found[1:]
        labels[begins[begins > 0] - 1] = IGNORED  # what follows is another document
        first = np.zeros(count, np.int64)
        first[begins[begins < count]] = begins[begins < count]
        starts[:count] = np.maximum.accumulate(first)

    def turn(self, row):
        """Whose row it is, and how many it had before: Tijdeman's chairman assignment (1980)."""
        if row < self.done:
            self.done, self.counts = 0, [0] * len(self.weights)
        while True:
            source = self.next()
            index = self.counts[source]
            self.counts[source] += 1
            self.done += 1
            if self.done > row:
                return source, index

    def next(self):
        active = [i for i, weight in enumerate(self.weights) if weight > 0]
        slack = 1 / (2 * len(active) - 2) if len(active) > 1 else 0
        behind = {i: self.weights[i] * (self.done + 1) - self.counts[i] for i in active}
        due = [i for i in active if behind[i] >= slack]
        if not due:  # by rounding alone
            return max(active, key=lambda i: behind[i])
        return min(due, key=lambda i: (self.counts[i] + 1 - slack) / self.weights[i])


def batches_of(plan, number, stores):
    """The batches of a stage, counted from 1: each source goes on behind the rows that the stages before it have read."""
    read = [0] * len(stores)
    for stage in plan["stages"][:number]:
        sources = [(stores[source["name"]], source["share"]) for source in stage["sources"]]
        batches = Batches(sources, plan["length"], plan["seed"], read)
        if stage is not plan["stages"][number - 1]:
            batches.turn(stage["steps"] * plan["rows_per_step"] - 1)
            read = [before + own for before, own in zip(read, batches.counts)]
    return batches


def permute(index, count, seed, source, epoch):
    """Where index goes in a shuffle of count rows: a Feistel network on a grid, walked until it lands inside."""
    a = math.ceil(math.sqrt(count))
    b = math.ceil(count / a)
    at = index
    while True:
        left, right = divmod(at, b)
        modulus = a
        for turn in range(8):
            first, second = philox([right, turn, epoch, source], [seed, PURPOSE])[:2]
            moved = (left + int(((first * 2**20 + (second >> 12)) / 2**52) * modulus)) % modulus
            left, right = right, moved
            modulus = b if modulus == a and a != b else a
        at = left * b + right
        if at < count:
            return at


def philox(counter, key):
    """Philox4x32-10: random words that depend on nothing but where they stand (Salmon et al., SC 2011)."""
    (a, b, c, d), (left, right) = counter, key
    for _ in range(10):
        x, y = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (y >> 32) ^ b ^ left, y & 0xFFFFFFFF, (x >> 32) ^ d ^ right, x & 0xFFFFFFFF
        left, right = (left + 0x9E3779B9) & 0xFFFFFFFF, (right + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def windows(store, length, stride=None):
    """Rows in which every token of every document but its first is a label once, having seen at least length - stride.

    The sum of their losses over ln 2 and record["bytes"] is bits per byte, which can be compared across tokenizers.
    """
    stride = stride or max(1, length // 2)
    for ids in store.documents():
        covered, last, start = max(0, len(store.record["before"]) - 1), len(ids) - 1, 0
        while covered < last:
            end = min(start + length, last)
            row = {"ids": np.zeros(length, np.int64), "labels": np.full(length, IGNORED, np.int64)}
            row["ids"][: end - start] = ids[start:end]
            row["labels"][covered - start : end - start] = ids[covered + 1 : end + 1]
            row["starts"] = np.where(np.arange(length) < end - start, 0, np.arange(length))
            row["positions"] = np.arange(length) - row["starts"]
            yield row
            covered, start = max(covered, end), start + stride
