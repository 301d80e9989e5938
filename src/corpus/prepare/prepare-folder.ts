/** `ko-vocab prepare` as a function: corpus files in, a folder of shards, report and data card out. Node only. */
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { isKoVocabError } from '../../errors'
import { version } from '../../version'
import { requireFreeFolder, writeFileAtomic } from '../atomic'
import type { CorpusDomain } from '../domains'
import { type CorpusFile, expandInputs, totalBytes } from '../files'
import type { ReadingOptions } from '../format'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from '../run-record'
import type { InputRecord } from '../run-types'
import { withWorkFolder } from '../work-folder'
import { batchesOf } from './batches'
import { formatDataCard } from './card'
import { journaled } from './journaled'
import { runSteps } from './prepare'
import { readPrepareBatches } from './read-documents'
import type { PreparePlan } from './read-steps'
import { type ShardFormat, writeShards } from './shards'
import { spillFile } from './spill-file'
import { batchDoer, startThreads, threadScript } from './threads'
import type { PrepareReport } from './types'

export interface PrepareFolderOptions {
  /** Each domain is a source. */
  domains: readonly CorpusDomain[]
  plan: PreparePlan
  out: string
  force?: boolean
  format: ShardFormat
  shardBytes?: number
  /** Where a document of running text ends. Default `blank-line`. */
  ends?: 'blank-line' | 'line'
  seed?: number
  /** Path of a tokenizer that counts the tokens of what is kept. */
  tokenizer?: string
  /** How benchmark files are read; the field is each step's own. */
  benchmarks?: ReadingOptions
  /** Of the data card. Default: the name of the folder. */
  name?: string
  /** Threads for what needs one document at a time; the bytes are the same for any number. Default: all, at most 16. */
  threads?: number
  /** Put into run.json. */
  recorded?: Record<string, unknown>
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
  /** The script of the threads; for tests, which run unbuilt sources. */
  worker?: string
}

export interface PreparedFolder {
  report: PrepareReport
  shards: string[]
  tokens: Record<string, number> | null
  /** Documents that an interrupted run had done already. */
  resumed: number
}

/** Text up to this size is done faster here than by threads that must start first. */
const THREADS_FROM = 2 << 20

/**
 * The folder is there whole or not at all. The same files, plan, seed and format give the same bytes (`jsonl.gz` with the
 * same Node), whatever the threads.
 *
 * What was done is kept in a hidden folder beside it until it is there: when the process is killed, the same call goes on
 * from there. Not with standard input and other streams, which cannot be read again.
 *
 * @throws KoVocabError `bad-option`, `io`, `unsupported`, `aborted`; those of reading the files
 */
export async function prepareFolder(options: PrepareFolderOptions): Promise<PreparedFolder> {
  const { domains, plan, out, format, shardBytes, ends, seed = 1, signal, onProgress, tokenizer } = options
  await requireFreeFolder(out, options.force)
  const files = domains.flatMap((domain) => domain.files)
  const name = options.name ?? basename(resolve(out))
  const inputs = tokenizer === undefined ? [] : await describeTokenizer(tokenizer)
  const corpus = await describeInputs(files, signal)
  inputs.push(...corpus)
  for (const file of await benchmarkFiles(plan, options.benchmarks))
    inputs.push(...(await describeInputs([file], signal)))
  const record = () => runRecord('prepare', { ...options.recorded, ...plan }, seed, inputs)
  const isStreamed = files.some((file) => file.stream)
  const key = isStreamed ? null : keyOf({ record: record(), sources: domains, name, format, shardBytes, ends })

  const { opened: _, ...benchmarks } = options.benchmarks ?? {}
  const setup = { steps: plan.steps, files: { seed, benchmarks, tokenizer } }
  const total = totalBytes(files)
  const script = options.worker ?? (isStreamed || total >= THREADS_FROM ? threadScript() : null)
  const wanted = Math.max(1, Math.min(options.threads ?? Math.min(availableParallelism(), 16), 256))
  const threads = wanted > 1 && script !== null ? startThreads(script, wanted, setup) : null
  const doBatch = threads?.doBatch ?? batchDoer(setup)
  let written = () => 0
  try {
    return await withWorkFolder(
      out,
      key,
      async (work, folder) => {
        await clearButData(folder)
        let bytes = 0
        let report: PrepareReport | null = null
        let tokens: Record<string, number> | null = null
        const journals = journaled(isStreamed ? null : work, doBatch, threads ? wanted + 2 : 1)
        written = journals.written
        const documents = readPrepareBatches(domains, {
          ends,
          sources: plan.sources,
          onBytes: (more) => {
            bytes += more
            onProgress?.('prepare', bytes, total)
          },
          signal,
        })
        let spills = 0
        const prepared = runSteps(batchesOf(documents), plan.steps, {
          seed,
          runSegment: journals.runSegment,
          openSpill: () => journals.openSpill(spillFile(join(work, `waiting-${spills++}`))),
          onReport: (made) => {
            report = made
          },
          onTokens:
            tokenizer === undefined
              ? undefined
              : (bySource) => {
                  tokens = bySource
                },
          onProgress: (stage, done, of) => of > 0 && onProgress?.(stage, done, of),
          signal,
        })
        try {
          const shards = await writeShards(prepared, folder, { format, shardBytes, keep: key !== null })
          const made = report! as PrepareReport
          const counted = tokens && { tokenizer: basename(resolve(tokenizer!)), bySource: tokens }
          const card = formatDataCard({
            ...{ name, report: made, sources: plan.sources, shards, format, tokens: counted, version },
          })
          const document = { ko_vocab: version, ...made, shards, tokens }
          await writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(document, null, 2)}\n`)
          await writeFileAtomic(join(folder, 'README.md'), card)
          addSkipped(corpus, files)
          await writeFileAtomic(join(folder, 'run.json'), formatRunRecord(record()))
          return { report: made, shards, tokens, resumed: journals.found() }
        } finally {
          await journals.close()
        }
      },
      { replace: options.force, isWorthKeeping: (error) => written() > 0 && isPassing(error) },
    )
  } finally {
    await threads?.stop()
  }
}

/** What a killed run has left beside the shards: the report and others, or halves of them. */
async function clearButData(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== 'data') await rm(join(folder, name), { recursive: true })
  }
}

/** Of errors that the next try need not meet: an interruption, a full disk. */
function isPassing(error: unknown): boolean {
  return isKoVocabError(error) && (error.code === 'aborted' || error.code === 'io')
}

/** Of all that the output depends on, and how the journals are written. */
function keyOf(facts: Record<string, unknown>): string {
  const text = JSON.stringify({ ...facts, journals: 1, v8: process.versions.v8 })
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** What was left out of the files is known only when they were read. */
function addSkipped(inputs: readonly InputRecord[], files: readonly CorpusFile[]): void {
  for (const [i, { skipped }] of files.entries()) {
    if (skipped) inputs[i].skipped = { ...skipped, examples: skipped.examples.map(({ message }) => message) }
  }
}

async function benchmarkFiles({ steps }: PreparePlan, reading: ReadingOptions = {}): Promise<CorpusFile[]> {
  const found: CorpusFile[] = []
  for (const { options } of steps) {
    if (!Array.isArray(options.files)) continue
    const field = typeof options.field === 'string' ? options.field : undefined
    found.push(...(await expandInputs(options.files as string[], { ...reading, field })))
  }
  return found
}
