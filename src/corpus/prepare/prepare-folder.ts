/** `ko-vocab prepare` as a function: corpus files in, a folder of shards, report and data card out. Node only. */
import { basename, join, resolve } from 'node:path'
import { decodeUtf8 } from '../../text/utf8'
import { countTokens, createEncoder } from '../../tokenizer/encoder'
import { loadTokenizer } from '../../tokenizer/load'
import { version } from '../../version'
import { requireFreeFolder, withTemporaryFolder, writeFileAtomic } from '../atomic'
import type { CorpusDomain } from '../domains'
import { type CorpusFile, expandInputs } from '../files'
import type { ReadingOptions } from '../format'
import { readRecords } from '../records'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from '../run-record'
import { formatDataCard } from './card'
import { runSteps } from './prepare'
import { readPrepareDocuments } from './read-documents'
import type { PreparePlan } from './read-steps'
import { type ShardFormat, writeShards } from './shards'
import { spillFile } from './spill-file'
import type { PrepareDocument, PrepareReport } from './types'

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
  /** Put into run.json. */
  recorded?: Record<string, unknown>
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

export interface PreparedFolder {
  report: PrepareReport
  shards: string[]
  tokens: Record<string, number> | null
}

/**
 * The folder is there whole or not at all. The same files, plan, seed and format give the same bytes (compressed ones with
 * the same Node).
 *
 * @throws KoVocabError `bad-option`, `io`, `unsupported`, `aborted`; those of reading the files
 */
export async function prepareFolder(options: PrepareFolderOptions): Promise<PreparedFolder> {
  const { domains, plan, out, format, seed = 1, signal, onProgress } = options
  await requireFreeFolder(out, options.force)
  const encoder = options.tokenizer === undefined ? null : createEncoder(await loadTokenizer(options.tokenizer))
  const files = domains.flatMap((domain) => domain.files)
  const inputs = options.tokenizer === undefined ? [] : await describeTokenizer(options.tokenizer)
  inputs.push(...(await describeInputs(files, signal)))
  for (const file of await benchmarkFiles(plan, options.benchmarks))
    inputs.push(...(await describeInputs([file], signal)))

  const total = files.reduce((sum, { size }) => sum + size, 0)
  let bytes = 0
  let report: PrepareReport | null = null
  const tokens: Record<string, number> = {}
  let spills = 0
  const count = async function* (documents: AsyncIterable<PrepareDocument>): AsyncGenerator<PrepareDocument> {
    for await (const document of documents) {
      if (encoder) tokens[document.source] = (tokens[document.source] ?? 0) + countTokens(encoder, document.text)
      yield document
    }
  }
  return await withTemporaryFolder(
    out,
    async (folder) => {
      const documents = readPrepareDocuments(domains, {
        ends: options.ends,
        sources: plan.sources,
        onBytes: (more) => {
          bytes += more
          onProgress?.('prepare', bytes, total)
        },
        signal,
      })
      const prepared = runSteps(documents, plan.steps, {
        seed,
        openItems: (path, field) => benchmarkItems(path, { ...options.benchmarks, field }),
        openSpill: () => spillFile(join(folder, `.waiting-${spills++}.jsonl`)),
        onReport: (made) => {
          report = made
        },
        onProgress: (stage, done, of) => of > 0 && onProgress?.(stage, done, of),
        signal,
      })
      const shards = await writeShards(count(prepared), folder, { format, shardBytes: options.shardBytes })
      const name = options.name ?? basename(resolve(out))
      const made = report! as PrepareReport
      const counted = encoder && { tokenizer: basename(resolve(options.tokenizer!)), bySource: tokens }
      const card = formatDataCard({
        ...{ name, report: made, sources: plan.sources, shards, format, tokens: counted, version },
      })
      const document = { ko_vocab: version, ...made, shards, tokens: encoder ? tokens : null }
      await writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(document, null, 2)}\n`)
      await writeFileAtomic(join(folder, 'README.md'), card)
      const record = runRecord('prepare', { ...options.recorded, ...plan }, seed, inputs)
      await writeFileAtomic(join(folder, 'run.json'), formatRunRecord(record))
      return { report: made, shards, tokens: encoder ? tokens : null }
    },
    { replace: options.force },
  )
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

async function* benchmarkItems(pattern: string, reading: ReadingOptions): AsyncGenerator<string> {
  for await (const { text } of readRecords(await expandInputs([pattern], reading), { ends: 'line' }))
    yield decodeUtf8(text)
}
