/** Which part of a corpus each of several machines counts. */
import type { CorpusFile } from '../corpus/files'
import { KoVocabError } from '../errors'
import { encodeUtf8 } from '../text/utf8'
import { canonicalJson, sha256Hex } from '../tokenizer/hash'
import { type CorpusPart, canBeCut, weight } from './read-part'

/** Shard `index` of `of`, from 0. */
export interface Shard {
  index: number
  of: number
}

/** More shards than that would be files of next to nothing; and their names have five digits. */
export const SHARDS_MAX = 99_999

/**
 * The parts of a corpus that a shard counts: a function of the list of files, their sizes, and the number of shards
 * alone. Every byte of every file is in exactly one shard.
 *
 * Files that cannot be cut go whole, the largest first, each to the shard that has least so far. The bytes of all others
 * then fill the shards up to one level, in the order of the files, so that a shard reads long stretches. A cut may fall
 * inside a line: it belongs to the part in which it begins (see read-part.ts).
 *
 * @throws KoVocabError `bad-option` for a shard that is none, `unsupported` for a stream, which nobody can read twice
 */
export function shardParts(files: readonly CorpusFile[], { index, of }: Shard): CorpusPart[] {
  checkShard({ index, of })
  const stream = files.find((file) => file.stream)
  if (stream) {
    const what = `${stream.path === '-' ? 'standard input' : stream.path}: a stream cannot be counted in shards`
    throw new KoVocabError('unsupported', what, 'name files that every machine can open')
  }
  const loads: number[] = new Array(of).fill(0)
  const parts: CorpusPart[] = []
  const whole = files.filter((file) => !canBeCut(file)).map((file) => ({ file, start: 0, end: file.size }))
  for (const part of whole.sort((a, b) => weight(b) - weight(a))) {
    const least = leastOf(loads)
    // A file of unknown or no size takes its turn too.
    loads[least] += Math.max(1, weight(part))
    if (least === index) parts.push(part)
  }
  const cut = files.filter(canBeCut)
  const { start, end } = fill(
    loads,
    cut.reduce((sum, { size }) => sum + size, 0),
    index,
  )
  let at = 0
  for (const file of cut) {
    const from = Math.max(start, at)
    const to = Math.min(end, at + file.size)
    if (from < to) parts.push({ file, start: from - at, end: to - at })
    at += file.size
  }
  return parts
}

/** @throws KoVocabError `bad-option` */
export function checkShard({ index, of }: Shard): void {
  if (!Number.isSafeInteger(of) || of < 1 || of > SHARDS_MAX) {
    throw new KoVocabError('bad-option', `${of} is no number of shards`, `give 1 to ${SHARDS_MAX}`)
  }
  if (!Number.isSafeInteger(index) || index < 0 || index >= of) {
    const hint = `shards are numbered from 0: 0/${of} to ${of - 1}/${of}`
    throw new KoVocabError('bad-option', `there is no shard ${index} of ${of}`, hint)
  }
}

/** The first of the smallest. */
function leastOf(loads: readonly number[]): number {
  let least = 0
  for (let i = 1; i < loads.length; i++) if (loads[i] < loads[least]) least = i
  return least
}

/** Which bytes of `total` the shard gets when they are poured over the loads like water: [start, end). */
function fill(loads: readonly number[], total: number, index: number): { start: number; end: number } {
  const sorted = [...loads].sort((a, b) => a - b)
  // The level: the lowest k loads are raised to it.
  let sum = 0
  let level = 0
  for (let k = 1; k <= sorted.length; k++) {
    sum += sorted[k - 1]
    level = (total + sum) / k
    if (k === sorted.length || level <= sorted[k]) break
  }
  if (loads[index] >= level) return { start: 0, end: 0 }
  let before = 0
  for (let i = 0; i < index; i++) before += Math.max(0, level - loads[i])
  const isLast = loads.every((load, i) => i <= index || load >= level)
  // Whole bytes; rounding must leave none out at the end.
  const start = Math.min(total, Math.floor(before))
  const end = isLast ? total : Math.min(total, Math.floor(before + (level - loads[index])))
  return { start, end }
}

/** `part-00003-of-00016.parquet` */
export function shardName({ index, of }: Shard): string {
  const digits = (value: number) => String(value).padStart(5, '0')
  return `part-${digits(index)}-of-${digits(of)}.parquet`
}

/** The name of the completion marker of a shard's file. */
export function markerName(shard: Shard): string {
  return shardName(shard).replace(/parquet$/, 'done')
}

/** The shard that a file name stands for; null for other names. */
export function shardOfName(name: string): Shard | null {
  const found = /^part-(\d{5})-of-(\d{5})\.(?:parquet|done)$/.exec(name)
  return found ? { index: Number(found[1]), of: Number(found[2]) } : null
}

/**
 * What tells two lists of corpus files apart: names, sizes and how they are read, in their order. Folders do not count, since
 * machines may mount them elsewhere; contents do not, since every machine would have to read all of them.
 *
 * @returns SHA-256, hex
 */
export function inputsHash(files: readonly CorpusFile[]): string {
  const list = files.map(({ path, size, compression, records, onError }) => ({
    name: path.replace(/^.*[/\\]/, ''),
    size,
    compression,
    records: records ? { ...records } : null,
    onError: onError ?? 'fail',
  }))
  return sha256Hex(encodeUtf8(canonicalJson(list)))
}
