/**
 * Writes Hugging Face tokenizer.json: everything that was in the base's file stays as it was, at its place; vocabulary,
 * merges, added tokens and the four pipeline nodes are written anew, formatted as `Tokenizer.save` formats them.
 */
import type { JsonNode, Tokenizer } from '../types'
import { isObject, type JsonObject } from './text'

/** Stands for the vocabulary, then for the merges, until the document is printed. */
const VOCAB_MARK = '\u0000vocab\u0000'
const MERGES_MARK = '\u0000merges\u0000'

/** The text of a tokenizer.json, without a line end at its end (as Hugging Face writes it). */
export function writeTokenizerJson(tokenizer: Tokenizer): string {
  const source = tokenizer.sources.json
  const document: JsonObject = { ...(source?.document ?? emptyDocument()) }
  const model: JsonObject = isObject(document.model) ? { ...document.model } : {}

  setNode(document, 'normalizer', tokenizer.normalizer)
  setNode(document, 'pre_tokenizer', tokenizer.preTokenizer)
  setNode(document, 'post_processor', tokenizer.postProcessor)
  setNode(document, 'decoder', tokenizer.decoder)
  document.added_tokens = tokenizer.addedTokens.map((token) => ({
    id: token.id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  }))
  if (!source) {
    model.unk_token = tokenizer.unkId >= 0 ? tokenizer.pieces[tokenizer.unkId] : null
    model.fuse_unk = tokenizer.fuseUnk
    model.byte_fallback = tokenizer.byteFallback
  }
  if (tokenizer.ignoreMerges || model.ignore_merges !== undefined) model.ignore_merges = tokenizer.ignoreMerges
  model.vocab = VOCAB_MARK
  model.merges = MERGES_MARK
  document.model = model

  // JSON.stringify would move integer-like keys ("0" to "9") to the front of the vocabulary, so it is printed by hand.
  return JSON.stringify(document, null, 2)
    .split(/("\\u0000(?:vocab|merges)\\u0000")/)
    .map((part) => {
      if (part === JSON.stringify(VOCAB_MARK)) return printVocab(tokenizer)
      if (part === JSON.stringify(MERGES_MARK)) return printMerges(tokenizer, source?.mergesAs ?? 'strings')
      return part
    })
    .join('')
}

/** The order of keys is that of Hugging Face tokenizers. */
function emptyDocument(): JsonObject {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: null,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: null,
      merges: null,
    },
  }
}

function setNode(document: JsonObject, key: string, node: JsonNode | null): void {
  if (node !== null || document[key] !== undefined) document[key] = node
}

function printVocab(tokenizer: Tokenizer): string {
  const left = new Set(outsideVocab(tokenizer))
  const lines: string[] = []
  tokenizer.pieces.forEach((piece, id) => {
    if (piece !== '' && !left.has(id)) lines.push(`      ${JSON.stringify(piece)}: ${id}`)
  })
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n    }`
}

function printMerges({ merges, pieces }: Tokenizer, mergesAs: 'strings' | 'pairs'): string {
  const { left, right } = merges
  if (left.length === 0) return '[]'
  // "a b" cannot say where the cut is once a piece holds a space itself.
  let asPairs = mergesAs === 'pairs'
  for (let rank = 0; rank < left.length && !asPairs; rank++) {
    asPairs = pieces[left[rank]].includes(' ') || pieces[right[rank]].includes(' ')
  }
  const lines = new Array<string>(left.length)
  for (let rank = 0; rank < left.length; rank++) {
    const l = pieces[left[rank]]
    const r = pieces[right[rank]]
    lines[rank] = asPairs
      ? `      [\n        ${JSON.stringify(l)},\n        ${JSON.stringify(r)}\n      ]`
      : `      ${JSON.stringify(`${l} ${r}`)}`
  }
  return `[\n${lines.join(',\n')}\n    ]`
}

/**
 * Ids of the added tokens that may stay outside model.vocab, as they did in the base's file.
 *
 * Hugging Face ignores the `id` of such a token on load and numbers them in order, from the size of the vocabulary or
 * the highest added id upwards. So they may only stay outside while that numbering gives every one of them its own id;
 * otherwise all go into model.vocab, which pins them.
 */
export function outsideVocab(tokenizer: Tokenizer): number[] {
  const outside = new Set(tokenizer.sources.json?.outsideVocab ?? [])
  if (outside.size === 0) return []
  let size = 0
  let highestInside = -1
  tokenizer.pieces.forEach((piece, id) => {
    if (piece === '' || outside.has(id)) return
    size++
    highestInside = id
  })
  let highest = -1
  for (const { id } of tokenizer.addedTokens) {
    if (outside.has(id)) {
      const given = highest >= size ? highest + 1 : size
      if (given !== id || id < highestInside) return []
    }
    if (id > highest) highest = id
  }
  return [...outside]
}
