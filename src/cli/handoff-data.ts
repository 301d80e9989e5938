/** What a hand-off is made from: the model's facts, and texts encoded into its folder. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { KoVocabError } from '../errors'
import { tokenizerConfig } from '../tokenizer/files/tokenizer-config'
import type { Tokenizer } from '../tokenizer/types'
import { createDocumentEncoder, type DocumentEncoder, specialId } from '../trainer/data/document-encoder'
import type { DocumentEnd } from '../trainer/data/documents'
import { openTokens } from '../trainer/data/open-tokens'
import { readDocuments } from '../trainer/data/read-documents'
import { evaluationStart } from '../trainer/data/windows'
import { writeTokens } from '../trainer/data/write-tokens'
import type { HandoffModel, HandoffSource } from '../trainer/handoff/types'
import { openModel } from '../trainer/load'
import { readBaseRows } from '../trainer/run/base-rows'
import type { HeldOut, NamedText } from '../trainer/run/texts'

export async function handoffModel(
  folder: string,
  tokenizer: Tokenizer,
  out: string,
  baseRows?: number,
): Promise<HandoffModel> {
  const { config, checkpoint } = await openModel(folder)
  const { architectures } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  const names = await readdir(folder)
  return {
    config,
    folder: fromOut(out, folder),
    weights: checkpoint.shards.map(({ path }) => path.replace(/^.*[\\/]/, '')),
    hasSentencePiece: names.includes('tokenizer.model'),
    padding: paddingOf(tokenizer),
    layerClass: architectures[0] === 'MistralForCausalLM' ? 'MistralDecoderLayer' : 'LlamaDecoderLayer',
    baseRows: baseRows ?? (await readBaseRows(folder)),
  }
}

function paddingOf(tokenizer: Tokenizer): string | null {
  if (tokenizerConfig(tokenizer.sources.sidecars)?.pad_token != null) return null
  const eos = specialId(tokenizer, 'eos')
  return eos === null ? null : tokenizer.pieces[eos]
}

/** The hand-off may move with what lies beside it. */
export function fromOut(out: string, path: string): string {
  return relative(resolve(out), resolve(path)).replaceAll('\\', '/')
}

export interface EncodeOptions {
  tokenizer: Tokenizer
  ends: DocumentEnd
  eos: 'auto' | 'always' | 'never'
  heldOut?: HeldOut
  onProgress: (name: string, done: number, total: number) => void
  signal: AbortSignal
}

/** Texts to train on, into `tokens/<name>` of a folder. */
export async function encodeSources(
  texts: readonly NamedText[],
  role: HandoffSource['role'],
  folder: string,
  out: string,
  options: EncodeOptions,
): Promise<HandoffSource[]> {
  const encoder = createDocumentEncoder(options.tokenizer, { eos: options.eos })
  const sources: HandoffSource[] = []
  for (const text of texts) {
    const place = `tokens/${text.name}`
    const { tokens } = await encode(text, join(folder, place), encoder, options)
    if (tokens === 0) {
      throw new KoVocabError('bad-option', `${text.name}: no text is left to train on`, 'give more text, or --eval')
    }
    const files = text.files.map(({ path, records }) => ({
      ...{ path: fromOut(out, path), format: records?.format ?? ('text' as const) },
      ...(records?.field === undefined ? {} : { field: records.field }),
    }))
    sources.push({ name: text.name, folder: place, tokens, role, files })
  }
  return sources
}

/** Texts to measure on, into `measured/<name>`, no more than so many bytes of each. */
export async function encodeMeasured(
  texts: readonly NamedText[],
  folder: string,
  { maxBytes, ...options }: EncodeOptions & { maxBytes: number },
): Promise<{ name: string; folder: string }[]> {
  const plain = createDocumentEncoder(options.tokenizer, { bos: 'never', eos: 'never' })
  const before = evaluationStart(options.tokenizer)
  const inside = plain.before.length
  const encoder: DocumentEncoder = {
    ...plain,
    before,
    after: [],
    encode: (text) => {
      const ids = plain.encode(text).subarray(inside)
      return Int32Array.from([...before, ...ids.subarray(0, ids.length - plain.after.length)])
    },
  }
  const measured: { name: string; folder: string }[] = []
  for (const text of texts) {
    const place = `measured/${text.name}`
    const { documents } = await encode(text, join(folder, place), encoder, options, maxBytes)
    if (documents > 0) measured.push({ name: text.name, folder: place })
  }
  return measured
}

async function encode(
  { name, files }: NamedText,
  folder: string,
  encoder: DocumentEncoder,
  { ends, heldOut, onProgress, signal }: EncodeOptions,
  maxBytes = Number.POSITIVE_INFINITY,
) {
  await mkdir(folder, { recursive: true })
  const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0)
  let done = 0
  const onBytes = (more: number) => {
    done += more
    onProgress(name, done, total)
  }
  const documents = firstBytes(readDocuments(files, { ends, heldOut, onBytes, signal }), maxBytes)
  // No cache reads this folder: what it is of stands in run.json.
  await writeTokens(folder, documents, encoder, encoder.tokenizerSha256)
  const { record, close } = await openTokens(folder)
  close()
  return record
}

async function* firstBytes(documents: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const text of documents) {
    if (bytes >= most) return
    yield text
    bytes += text.length
  }
}
