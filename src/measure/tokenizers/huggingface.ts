/** tokenizer.json of kinds that ko-vocab has no encoder for (Unigram, WordPiece, …), by `@huggingface/tokenizers`. */
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import { applyCharsmapByGrapheme } from '../../donors/charsmap'
import { isKoVocabError, KoVocabError } from '../../errors'
import { decodeUtf8, toWellFormed } from '../../text/utf8'
import { isObject, parseJsonObject, show, unsupported } from '../../tokenizer/files/text'
import { donorFacts } from './donor-facts'
import type { MeasuredTokenizer } from './types'

/** @throws KoVocabError `bad-file`, `unsupported` */
export function huggingFaceTokenizer(file: Uint8Array, name: string, source = name): MeasuredTokenizer {
  const document = parseJsonObject(decodeUtf8(file), source)
  let tokenizer: HuggingFace
  try {
    tokenizer = new HuggingFace({ ...document, pre_tokenizer: corrected(document.pre_tokenizer, source) }, {})
  } catch (cause) {
    if (isKoVocabError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    const hint = 'no tokenizer that is at hand here reads it'
    throw new KoVocabError('unsupported', `${source}: @huggingface/tokenizers does not load it: ${reason}`, hint, {
      cause,
    })
  }
  useCharsmaps(tokenizer.normalizer)
  const pieces: string[] = []
  for (const [piece, id] of tokenizer.get_vocab(true)) pieces[id] = piece
  const facts = donorFacts(file, source.endsWith('.json') ? source : `${source}.json`, Array.from(pieces))
  const unk = unkOf(document.model, pieces)
  const { normalizer } = tokenizer
  return {
    name,
    source,
    engine: '@huggingface/tokenizers',
    kind: kindOf(document.model),
    size: pieces.length,
    sha256: null,
    ...facts,
    unkId: unk,
    readable: (id) => pieces[id] ?? '',
    encode: (text) => tokenizer.encode(toWellFormed(text), { add_special_tokens: false }).ids,
    // It throws on an empty list.
    decode: (ids) =>
      ids.length === 0
        ? ''
        : tokenizer.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    normalize: normalizer ? (text) => normalizer.normalize(text) : (text) => text,
  }
}

/** Rust's `\\w`, where the library's own Whitespace node knows ASCII letters only (0.2.0). */
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d`
const ASCII_PUNCTUATION = String.raw`!-\/:-@\[-\`{-~`

/**
 * Pre-tokenizer nodes that 0.2.0 splits otherwise than Rust, as Split nodes that it splits alike: Whitespace, and
 * Punctuation, of which it joins runs.
 */
function corrected(node: unknown, source: string): unknown {
  if (!isObject(node)) return node
  switch (node.type) {
    case 'Sequence':
      return Array.isArray(node.pretokenizers)
        ? { ...node, pretokenizers: node.pretokenizers.map((part: unknown) => corrected(part, source)) }
        : node
    case 'Whitespace':
      return matches(`[${WORD}]+|[^${WORD}\\s]+`)
    case 'Punctuation': {
      const { behavior = 'Isolated' } = node
      if (behavior === 'Contiguous') return node
      if (behavior === 'Isolated') return matches(`[^${ASCII_PUNCTUATION}\\p{P}]+|[${ASCII_PUNCTUATION}\\p{P}]`)
      throw unsupported(source, `the pre-tokenizer Punctuation has the behavior ${show(behavior)}`)
    }
    default:
      return node
  }
}

/** The parts of a normalizer that its types leave out. */
interface NormalizerNode {
  normalize: (text: string) => string
  config?: { type?: string; precompiled_charsmap?: string }
  normalizers?: (NormalizerNode | null)[]
}

/** 0.2.0 takes every compiled character map for NFKC; the map itself is asked instead. */
function useCharsmaps(normalizer: unknown): void {
  const node = normalizer as NormalizerNode | null
  for (const part of node?.normalizers ?? []) useCharsmaps(part)
  if (node?.config?.type !== 'Precompiled') return
  const map = Uint8Array.from(atob(node.config.precompiled_charsmap ?? ''), (char) => char.charCodeAt(0))
  node.normalize = (text) => applyCharsmapByGrapheme(map, text)
}

function matches(Regex: string): object {
  return { type: 'Split', pattern: { Regex }, behavior: 'Removed', invert: true }
}

function kindOf(model: unknown): string {
  return isObject(model) && typeof model.type === 'string' ? model.type : 'BPE'
}

/** Unigram names it by id, the others by its piece. */
function unkOf(model: unknown, pieces: readonly string[]): number {
  if (!isObject(model)) return -1
  if (typeof model.unk_id === 'number') return model.unk_id
  return typeof model.unk_token === 'string' ? pieces.indexOf(model.unk_token) : -1
}
