/** run.json: what an output was made from. Node only. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { version } from '../version'
import { readBytes } from './bytes'
import type { CorpusFile } from './files'
import type { InputRecord, RunRecord } from './run-types'

export function runRecord(
  command: string,
  options: Record<string, unknown>,
  seed: number,
  inputs: InputRecord[],
): RunRecord {
  return { ko_vocab: version, command, options, seed, inputs }
}

/** The text of run.json. It holds no time and no machine, so that the same run gives the same bytes. */
export function formatRunRecord(record: RunRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`
}

/** Size and SHA-256 of corpus files, as they lie on disk (compressed where compressed). */
export async function describeInputs(files: readonly CorpusFile[], signal?: AbortSignal): Promise<InputRecord[]> {
  const records: InputRecord[] = []
  for (const file of files) {
    if (file.stream) {
      records.push({ path: file.path, size: null, sha256: null, ...readingOf(file) })
      continue
    }
    const hash = createHash('sha256')
    // `none`: the bytes themselves, whatever they hold.
    for await (const block of readBytes({ ...file, compression: 'none' }, { signal })) hash.update(block)
    records.push({ path: file.path, size: file.size, sha256: hash.digest('hex'), ...readingOf(file) })
  }
  return records
}

function readingOf({ records, skipped }: CorpusFile): Pick<InputRecord, 'records' | 'skipped'> {
  return {
    ...(records ? { records } : {}),
    ...(skipped ? { skipped: { ...skipped, examples: skipped.examples.map(({ message }) => message) } } : {}),
  }
}

/** The same of a tokenizer: its file, or those files of its folder that say what it does. */
export async function describeTokenizer(path: string): Promise<InputRecord[]> {
  const names = (await stat(path)).isDirectory() ? (await readdir(path)).filter(isTokenizerFile).sort() : ['']
  const files: CorpusFile[] = []
  for (const name of names) {
    const file = name === '' ? path : join(path, name)
    const info = await stat(file)
    if (info.isFile()) files.push({ path: file, size: info.size, compression: 'none' })
  }
  return describeInputs(files)
}

function isTokenizerFile(name: string): boolean {
  return /^(tokenizer(_config)?|special_tokens_map|added_tokens)\.json$|\.(model|tiktoken|special\.json)$/.test(name)
}

/** What a record says of an input: its path, `given` for one that came as data, and each of several. */
export function recordedInput(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(recordedInput)
  return typeof value === 'string' || value === undefined ? value : 'given'
}
