/** Documents into shards as Hugging Face datasets have them: `data/train-00000-of-00004.parquet`. Node only. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { utf8Bytes } from '../../text/length'
import { writeFileAtomic } from '../atomic'
import { zstd } from '../zstd'
import type { DocumentSource } from './batches'
import type { PrepareDocument } from './types'

export const SHARD_FORMATS = ['jsonl.zst', 'jsonl.gz', 'jsonl', 'parquet'] as const
export type ShardFormat = (typeof SHARD_FORMATS)[number]

/** Bytes of text (UTF-8, before compression) after which a shard ends. */
export const DEFAULT_SHARD_BYTES = 256_000_000

/** Text of a row group: what a reader has to hold at once. */
const GROUP_BYTES = 16_000_000

export interface WriteShardsOptions {
  format: ShardFormat
  shardBytes?: number
  /** Shards that an interrupted call with the same documents and options has left stay as they are. Default: no. */
  keep?: boolean
}

/**
 * Writes the documents into `folder/data`. Where shards end depends on the text alone, so that the same documents give
 * the same shards whatever the format. The bytes of `jsonl.gz` are those of Node's zlib, which another version of Node may
 * pack otherwise.
 *
 * @returns the paths of the shards, relative to the folder; none without documents
 */
export async function writeShards(
  documents: DocumentSource,
  folder: string,
  { format, shardBytes = DEFAULT_SHARD_BYTES, keep = false }: WriteShardsOptions,
): Promise<string[]> {
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true })
  const there = keep ? await shardsIn(data, format) : 0
  const iterator = batched(documents)
  let next = await iterator.next()
  let from = 0
  let written = 0
  /** The documents of one shard, some at once. */
  const shard = async function* (): AsyncGenerator<readonly PrepareDocument[]> {
    for (let bytes = 0; !next.done && bytes < shardBytes; ) {
      const some = next.value
      const first = from
      while (from < some.length && bytes < shardBytes) bytes += utf8Bytes(some[from++].text)
      yield some.slice(first, from)
      for (; !next.done && from === next.value.length; from = 0) next = await iterator.next()
    }
  }
  try {
    while (!next.done) {
      if (written < there) for await (const _ of shard());
      else await writeFileAtomic(join(data, `part-${written}`), encoded(shard(), format))
      written++
    }
  } finally {
    await iterator.return(undefined)
  }
  const names: string[] = []
  const digits = (n: number) => String(n).padStart(5, '0')
  for (let i = 0; i < written; i++) {
    const name = `data/train-${digits(i)}-of-${digits(written)}.${format}`
    await rename(join(data, `part-${i}`), join(folder, name))
    names.push(name)
  }
  return names
}

/** None of them empty. */
async function* batched(documents: DocumentSource): AsyncGenerator<readonly PrepareDocument[]> {
  for await (const some of documents) {
    if ('text' in some) yield [some]
    else if (some.length > 0) yield some
  }
}

/**
 * How many whole shards an interrupted run has left, one behind the other; each was renamed when it was whole. All else
 * in the folder is removed, and the shards have the names again that they have while others are still to come.
 */
async function shardsIn(data: string, format: ShardFormat): Promise<number> {
  const found = new Set<number>()
  for (const name of await readdir(data)) {
    const named = /^(?:part-(\d+)|train-(\d{5,})-of-\d{5,}\.(.+))$/.exec(name)
    if (!named || (named[3] ?? format) !== format) {
      await rm(join(data, name), { recursive: true })
      continue
    }
    const number = Number(named[1] ?? named[2])
    found.add(number)
    if (named[2] !== undefined) await rename(join(data, name), join(data, `part-${number}`))
  }
  let count = 0
  while (found.has(count)) count++
  return count
}

function encoded(documents: AsyncIterable<readonly PrepareDocument[]>, format: ShardFormat): AsyncIterable<Uint8Array> {
  if (format === 'parquet') return parquet(documents)
  const lines = jsonLines(documents)
  if (format === 'jsonl') return lines
  return format === 'jsonl.zst' ? zstd(lines) : portableGzip(compressed(lines, zlib.createGzip({ level: 6 })))
}

async function* jsonLines(documents: AsyncIterable<readonly PrepareDocument[]>): AsyncGenerator<Uint8Array> {
  let part = ''
  for await (const some of documents) {
    for (const { text, source, license, id } of some) {
      part += `${JSON.stringify({ text, source, license, id })}\n`
      if (part.length < 1 << 18) continue
      yield Buffer.from(part)
      part = ''
    }
  }
  if (part !== '') yield Buffer.from(part)
}

/** What the compressor makes of the source; an error of the source comes out as it is. */
async function* compressed(source: AsyncIterable<Uint8Array>, stream: zlib.Gzip): AsyncGenerator<Uint8Array> {
  let failure: { error: unknown } | null = null
  const feed = async () => {
    try {
      for await (const chunk of source) {
        if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve))
      }
      stream.end()
    } catch (error) {
      failure = { error }
      stream.destroy(error as Error)
    }
  }
  const fed = feed()
  try {
    yield* stream as AsyncIterable<Uint8Array>
    await fed
  } catch (error) {
    throw failure ? (failure as { error: unknown }).error : error
  } finally {
    stream.destroy()
  }
}

/** The tenth byte of a gzip file names the system it was made on (RFC 1952, 2.3.1): 255, unknown, on all of them. */
async function* portableGzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of source) {
    if (at <= 9 && at + chunk.length > 9) chunk[9 - at] = 255
    at += chunk.length
    yield chunk
  }
}

const column = (name: string, repetition_type: 'REQUIRED' | 'OPTIONAL'): SchemaElement => ({
  ...{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type },
})

const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: 4 },
  column('text', 'REQUIRED'),
  column('source', 'REQUIRED'),
  column('license', 'OPTIONAL'),
  column('id', 'REQUIRED'),
]

async function* parquet(documents: AsyncIterable<readonly PrepareDocument[]>): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema: SCHEMA, createdBy: 'ko-vocab' })
  let group: PrepareDocument[] = []
  let bytes = 0
  const written = (): Uint8Array => {
    const chunk = writer.getBytes().slice()
    writer.index = 0
    return chunk
  }
  const flush = (): Uint8Array => {
    const columnOf = (name: 'text' | 'source' | 'license' | 'id') => ({
      name,
      data: group.map((document) => document[name]),
    })
    file.write({
      columnData: [{ ...columnOf('text'), encoding: 'PLAIN' }, columnOf('source'), columnOf('license'), columnOf('id')],
      rowGroupSize: group.length,
    })
    group = []
    bytes = 0
    return written()
  }
  for await (const some of documents) {
    for (const document of some) {
      group.push(document)
      bytes += utf8Bytes(document.text)
      if (bytes >= GROUP_BYTES) yield flush()
    }
  }
  if (group.length > 0) yield flush()
  file.finish()
  yield written()
}
