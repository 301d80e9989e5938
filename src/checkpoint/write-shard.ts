/** A safetensors file again, some of its tensors with more rows: read and written as a stream. Node only. */
import { type FileHandle, open } from 'node:fs/promises'
import { KoVocabError, throwIfAborted } from '../errors'
import type { InitMap } from '../init/init-map'
import type { Side } from '../init/methods/types'
import { byPlace, formatHeader, type TensorEntry } from '../init/safetensors-header'
import { meanOf, newRowMaker, type RowSource, roundedMean } from './new-rows'
import { readAt, type Shard } from './open-checkpoint'
import type { RowPlan } from './row-plan'
import { ROW_BYTES, type RowDtype } from './row-values'

/** Two of these are under way: one is read while the other is written. */
const CHUNK_BYTES = 8 << 20
const SYNC_BYTES = 256 << 20

/** How one tensor grows. */
export interface Growth {
  plan: RowPlan
  map: InitMap
  side: Side
  dtype: RowDtype
  columns: number
}

export interface WriteShardOptions {
  shard: Shard
  /** Tensor → how it grows. */
  growths: ReadonlyMap<string, Growth>
  target: string
  /** Bytes written since the last call. */
  onWritten: (bytes: number) => void
  signal?: AbortSignal
}

/** The header that a shard will have; names, order, dtypes and metadata stay. */
export function grownEntries(shard: Shard, growths: ReadonlyMap<string, Growth>): TensorEntry[] {
  const grown = new Map<string, TensorEntry>()
  let place = 0
  for (const entry of [...shard.entries].sort(byPlace)) {
    const growth = growths.get(entry.name)
    const shape = growth ? [growth.plan.rows, ...entry.shape.slice(1)] : entry.shape
    const bytes = growth ? growth.plan.rows * growth.columns * ROW_BYTES[growth.dtype] : entry.end - entry.begin
    grown.set(entry.name, { ...entry, shape, begin: place, end: place + bytes })
    place += bytes
  }
  return shard.entries.map(({ name }) => grown.get(name)!)
}

/** Bytes of a shard's file once it is written. */
export function grownBytes(shard: Shard, growths: ReadonlyMap<string, Growth>): number {
  const entries = grownEntries(shard, growths)
  return headerOf(shard, entries).length + entries.reduce((most, { end }) => Math.max(most, end), 0)
}

function headerOf({ metadata }: Shard, entries: readonly TensorEntry[]): Uint8Array {
  return formatHeader(entries, Object.keys(metadata).length > 0 ? metadata : null)
}

/**
 * Writes the shard to `target`, which must not exist, and syncs it to the disk. The source is only ever read.
 *
 * @throws KoVocabError as {@link newRowMaker}; `bad-file` when the source changes meanwhile; `aborted`
 */
export async function writeShard({ shard, growths, target, onWritten, signal }: WriteShardOptions): Promise<void> {
  const source = await open(shard.path, 'r')
  try {
    // `wx`: a file that exists, a hard link of the source perhaps, is never opened for writing.
    const handle = await open(target, 'wx')
    try {
      const syncer = backgroundSync(handle)
      const write = async (bytes: Uint8Array) => {
        throwIfAborted(signal)
        await writeAll(handle, bytes)
        onWritten(bytes.length)
        syncer.wrote(bytes.length)
      }
      const copy = (begin: number, end: number) =>
        copyRange(source, shard.dataStart + begin, shard.dataStart + end, shard.path, write)
      await write(headerOf(shard, grownEntries(shard, growths)))
      // Neighbours that stay as they are go in one piece.
      let from = 0
      let to = 0
      for (const entry of [...shard.entries].sort(byPlace)) {
        const growth = growths.get(entry.name)
        if (growth) {
          await copy(from, to)
          await writeGrown(shard, entry, growth, source, copy, write)
          from = entry.end
        }
        to = entry.end
      }
      await copy(from, to)
      await syncer.end()
    } finally {
      // Waits for a sync that is under way.
      await handle.close()
    }
  } finally {
    await source.close()
  }
}

/**
 * The disk begins to write while the rest is read and computed, instead of all at once at the end. An error of the disk is
 * told once only, to the sync that comes next (errseq in Linux): so every one of them must be heard.
 */
function backgroundSync(handle: FileHandle) {
  let unsynced = 0
  let running: Promise<void> | null = null
  let failure: { error: unknown } | null = null
  return {
    wrote(bytes: number): void {
      if (failure) throw failure.error
      unsynced += bytes
      if (unsynced < SYNC_BYTES || running) return
      unsynced = 0
      running = handle
        .datasync()
        .catch((error: unknown) => {
          failure = { error }
        })
        .finally(() => {
          running = null
        })
    },
    async end(): Promise<void> {
      await running
      if (failure) throw (failure as { error: unknown }).error
      await handle.sync()
    },
  }
}

type Write = (bytes: Uint8Array) => Promise<void>

async function writeGrown(
  shard: Shard,
  entry: TensorEntry,
  { plan, map, side, dtype, columns }: Growth,
  handle: FileHandle,
  copy: (begin: number, end: number) => Promise<void>,
  write: Write,
): Promise<void> {
  const rowBytes = columns * ROW_BYTES[dtype]
  const source: RowSource = {
    name: `${shard.path}: ${entry.name}`,
    dtype,
    columns,
    read: (first, count) =>
      readAt(handle, shard.dataStart + entry.begin + first * rowBytes, count * rowBytes, shard.path),
  }
  let values: Promise<Float64Array> | undefined
  const mean = () => {
    values ??= meanOf(source, map.baseRows)
    return values
  }
  const makeNew = newRowMaker({ source, map, side, mean })
  let made = 0
  for (const { kind, first, count } of plan.runs) {
    if (kind === 'base' || kind === 'kept') {
      await copy(entry.begin + first * rowBytes, entry.begin + (first + count) * rowBytes)
    } else if (kind === 'new') {
      await makeNew(made, count, write)
      made += count
    } else {
      await writeRepeated(roundedMean(source, await mean()), count, write)
    }
  }
}

async function writeRepeated(row: Uint8Array, count: number, write: Write): Promise<void> {
  const most = Math.max(1, Math.min(count, Math.floor((1 << 20) / row.length)))
  const block = new Uint8Array(most * row.length)
  for (let i = 0; i < most; i++) block.set(row, i * row.length)
  for (let left = count; left > 0; left -= most) await write(block.subarray(0, Math.min(left, most) * row.length))
}

async function copyRange(handle: FileHandle, begin: number, end: number, path: string, write: Write): Promise<void> {
  const buffers = [0, 1].map(() => new Uint8Array(Math.min(CHUNK_BYTES, end - begin)))
  let writing: Promise<void> = Promise.resolve()
  try {
    for (let at = begin, turn = 0; at < end; at += CHUNK_BYTES, turn ^= 1) {
      const bytes = await readAt(handle, at, Math.min(CHUNK_BYTES, end - at), path, buffers[turn])
      await writing
      writing = write(bytes)
      // Whoever awaits it hears of a failure; until then it must not count as unhandled.
      writing.catch(() => {})
    }
  } finally {
    await writing
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten
  }
}

/** @throws KoVocabError `bad-file` when what was written is not what the header says */
export function checkWritten(path: string, bytes: number, expected: number): void {
  if (bytes === expected) return
  throw new KoVocabError('bad-file', `${path}: ${bytes} bytes were written, ${expected} were due`, 'run it again')
}
