/** The texts of a run: encoded to be trained on, and set apart to be measured on. Node only. */
import { nameAndPath } from '../../corpus/domains'
import { type CorpusFile, expandInputs } from '../../corpus/files'
import { type ReadingOptions, readingBeside } from '../../corpus/format'
import { readLines } from '../../corpus/lines'
import { KoVocabError } from '../../errors'
import type { Tokenizer } from '../../tokenizer/types'
import type { Source } from '../data/batches'
import type { DocumentEnd } from '../data/documents'
import { readDocuments } from '../data/read-documents'
import { encodeFiles } from '../data/token-cache'
import { type EvaluationSet, evaluationSet } from '../evaluate/sets'
import { chatTemplateOf } from '../objectives/chat-template'
import { createConversationEncoder } from '../objectives/encode-conversation'
import { conversationStore } from '../objectives/instruction'
import { type HeldOutPairs, type PreferenceStore, preferenceStore } from '../objectives/preferences'
import type { EvaluationOfSet } from './metrics'

/** Files of one name. */
export interface NamedText {
  name: string
  files: CorpusFile[]
}

/**
 * `name=path` gives a text its name; all others are one text, called after its file where it is a single one.
 *
 * @param fallback what several files without a name are called
 * @throws KoVocabError as expandInputs; `bad-option` for a name that stands for nothing
 */
export async function namedTexts(
  specs: readonly string[],
  fallback: string,
  { jsonLines = false, reading }: { jsonLines?: boolean; reading?: ReadingOptions } = {},
): Promise<NamedText[]> {
  const options = { ...readingBeside(reading), jsonLines }
  const paths = new Map<string, string[]>()
  const plain: string[] = []
  for (const spec of specs) {
    const [name, path] = await nameAndPath(spec)
    if (name === null) plain.push(path)
    else paths.set(name, [...(paths.get(name) ?? []), path])
  }
  const texts: NamedText[] = []
  if (plain.length > 0) {
    const files = await expandInputs(plain, options)
    texts.push({ name: files.length === 1 ? stem(files[0].path) : fallback, files })
  }
  for (const [name, some] of paths) texts.push({ name, files: await expandInputs(some, options) })
  return texts
}

/** `news/ko.txt.gz` → `ko`. */
function stem(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/(\.\w+)?(\.(gz|zst))?$/, '') || path
}

export interface HeldOut {
  /** One document in so many. */
  every: number
  side: 'held' | 'others'
}

export interface EncodeTextsOptions {
  tokenizer: Tokenizer
  /** A folder for encoded texts: they are made once. */
  cache: string
  ends: DocumentEnd
  /** `always` teaches the model where texts end. */
  eos: 'auto' | 'always' | 'never'
  heldOut?: HeldOut
  onProgress?: (name: string, done: number, total: number) => void
  signal?: AbortSignal
}

/** @throws KoVocabError as encodeFiles; `bad-option` for a text without documents */
export async function encodeTexts(texts: readonly NamedText[], options: EncodeTextsOptions): Promise<Source[]> {
  const { tokenizer, cache, ends, eos, heldOut, onProgress = () => {}, signal } = options
  const sources: Source[] = []
  for (const { name, files } of texts) {
    const { store } = await encodeFiles({
      ...{ files, tokenizer, cache, signal },
      special: { eos },
      documents: { ends, heldOut },
      onProgress: ({ bytes, total }) => onProgress(name, bytes, total),
    })
    if (store.tokens === 0) {
      const hint = heldOut
        ? 'all of its documents are held out: name another text with --eval or --guard, or --documents line'
        : 'give files with text'
      throw new KoVocabError('bad-option', `${name}: no text is left to train on`, hint)
    }
    sources.push({ name, store })
  }
  return sources
}

export interface EncodeConversationsOptions {
  tokenizer: Tokenizer
  /** `chatml`, `llama-2`, `llama-3`, or the text of a file; by default the tokenizer's own. */
  chatTemplate?: string | { text: string; source: string }
  /** Tokens of a block. */
  length: number
  onNote: (text: string) => void
  signal?: AbortSignal
}

/**
 * Conversations in JSON Lines, of which the assistant's turns are learned. They are held in memory, 5 bytes a token.
 *
 * @throws KoVocabError as chatTemplateOf and conversationStore
 */
export async function encodeConversations(
  texts: readonly NamedText[],
  { tokenizer, chatTemplate, length, onNote, signal }: EncodeConversationsOptions,
): Promise<Source[]> {
  const encode = createConversationEncoder(tokenizer, chatTemplateOf(tokenizer, chatTemplate))
  const sources: Source[] = []
  for (const { name, files } of texts) {
    const lines = files.map((file) => ({ name: file.path, lines: readLines(file, { signal }) }))
    const { store, conversations, cut, left } = await conversationStore(lines, encode, { length, signal })
    if (cut + left > 0) {
      const what = `of ${conversations + left} conversations ${cut} were cut to ${length} tokens`
      onNote(`${name}: ${what}, and ${left} left out, since no learned turn is in their first ${length}`)
    }
    sources.push({ name, store })
  }
  return sources
}

export interface EncodePreferencesOptions extends EncodeConversationsOptions {
  heldOut?: HeldOutPairs
  /** Default: all pairs. */
  maxBytes?: number
}

/**
 * Pairs of answers in JSON Lines, held in memory.
 *
 * @throws KoVocabError as chatTemplateOf and preferenceStore
 */
export async function encodePreferences(
  { name, files }: NamedText,
  { tokenizer, chatTemplate, length, heldOut, maxBytes, onNote, signal }: EncodePreferencesOptions,
): Promise<PreferenceStore> {
  const encode = createConversationEncoder(tokenizer, chatTemplateOf(tokenizer, chatTemplate))
  const lines = files.map((file) => ({ name: file.path, lines: readLines(file, { signal }) }))
  const found = await preferenceStore(lines, encode, { length, heldOut, maxBytes, signal })
  if (found.left > 0) {
    const what = `of ${found.pairs + found.left} pairs ${found.left} were left out`
    onNote(`${name}: ${what}: their two conversations do not fit into ${length} tokens, or have nothing to learn`)
  }
  return found
}

export interface MeasureTextsOptions {
  tokenizer: Tokenizer
  role: EvaluationOfSet['role']
  ends: DocumentEnd
  heldOut?: HeldOut
  maxBytes: number
  /** Gets what a user should know: a text of which nothing could be held out. */
  onNote?: (text: string) => void
  signal?: AbortSignal
}

/** @throws KoVocabError `bad-option` for a text without documents, unless it is what was held out */
export async function measuredTexts(
  texts: readonly NamedText[],
  { tokenizer, role, ends, heldOut, maxBytes, onNote = () => {}, signal }: MeasureTextsOptions,
): Promise<EvaluationSet[]> {
  const sets: EvaluationSet[] = []
  for (const { name, files } of texts) {
    const documents: Uint8Array[] = []
    let bytes = 0
    for await (const text of readDocuments(files, { ends, heldOut, signal })) {
      if (bytes >= maxBytes) break
      documents.push(text)
      bytes += text.length
    }
    if (documents.length === 0 && heldOut) {
      const why = `none of its documents is the one in ${heldOut.every} that is held out`
      const hint = ends === 'blank-line' ? ', or --documents line if every line is one' : ''
      onNote(`${name}: is not measured on: ${why}; name another text with --eval or --guard${hint}`)
      continue
    }
    sets.push(await evaluationSet({ name, role, documents, tokenizer, signal }))
  }
  return sets
}
