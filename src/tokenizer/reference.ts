/**
 * The slow encoders: what Hugging Face `tokenizers`, SentencePiece and tiktoken do, in as few words as possible. They
 * are the truth for the fast encoder and for the tests that two formats agree; nothing else should call them.
 */
import { KoVocabError } from '../errors'
import { encodeUtf8, toWellFormed } from '../text/utf8'
import { bytesToPiece } from './byte-alphabet'
import { splitAddedTokens } from './pipeline/added-tokens'
import { compileNormalizer } from './pipeline/normalize'
import { compilePreTokenizer } from './pipeline/pre-tokenize'
import { addSpecialTokens } from './post-process'
import { PieceKind, type Tokenizer } from './types'

/** The ids that Hugging Face `tokenizers` gives: explicit merges, the pair of lowest rank first, then the leftmost. */
export function encodeReference(
  tokenizer: Tokenizer,
  text: string,
  options: { addSpecialTokens?: boolean } = {},
): number[] {
  const encode = referenceEncoder(tokenizer)
  const ids = encode(text)
  return options.addSpecialTokens ? addSpecialTokens(tokenizer, ids) : ids
}

/** {@link encodeReference} with its tables made once, without special tokens. */
export function referenceEncoder(tokenizer: Tokenizer): (text: string) => number[] {
  const { merges } = tokenizer
  const vocab = modelVocab(tokenizer)
  const rankOf = new Map<number, number>()
  const keyOf = (left: number, right: number) => left * tokenizer.pieces.length + right
  for (let rank = merges.left.length - 1; rank >= 0; rank--)
    rankOf.set(keyOf(merges.left[rank], merges.right[rank]), rank)
  const split = splitAddedTokens(tokenizer)
  const preTokenize = compilePreTokenizer(tokenizer.preTokenizer, tokenizer.form)
  const mapped = tokenizer.form === 'byte-level' && !hasByteLevel(tokenizer.normalizer)

  const encodeWord = (word: string): number[] => {
    const symbols = mapped ? bytesToPiece(encodeUtf8(word)) : word
    const whole = vocab.get(symbols)
    if (tokenizer.ignoreMerges && whole !== undefined) return [whole]
    const ids = firstSymbols(tokenizer, vocab, symbols)
    for (;;) {
      let best = -1
      let bestRank = Number.POSITIVE_INFINITY
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = rankOf.get(keyOf(ids[i], ids[i + 1]))
        if (rank !== undefined && rank < bestRank) {
          best = i
          bestRank = rank
        }
      }
      if (best < 0) return ids
      ids.splice(best, 2, merges.result[bestRank])
    }
  }

  return (text) =>
    split(toWellFormed(text)).flatMap((segment, i) =>
      segment.id !== undefined ? [segment.id] : preTokenize(segment.text, i === 0).flatMap(encodeWord),
    )
}

/** Piece → id of the model's own vocabulary. A string that is also an added token keeps the model's id. */
function modelVocab(tokenizer: Tokenizer): Map<string, number> {
  const added = new Set(tokenizer.addedTokens.map((token) => token.id))
  const vocab = new Map<string, number>()
  for (const pass of [true, false]) {
    tokenizer.pieces.forEach((piece, id) => {
      if (piece !== '' && added.has(id) === pass) vocab.set(piece, id)
    })
  }
  return vocab
}

function hasByteLevel(node: Tokenizer['normalizer']): boolean {
  if (!node) return false
  return node.type === 'ByteLevel' || (Array.isArray(node.normalizers) && node.normalizers.some(hasByteLevel))
}

/** Characters; unknown ones as bytes or as unk. */
function firstSymbols(tokenizer: Tokenizer, vocab: Map<string, number>, symbols: string): number[] {
  const ids: number[] = []
  let afterUnknown = false
  for (const char of symbols) {
    const id = vocab.get(char)
    const bytes = id === undefined && tokenizer.byteFallback ? byteIds(vocab, char) : null
    if (id !== undefined) ids.push(id)
    else if (bytes) ids.push(...bytes)
    else if (tokenizer.unkId >= 0 && !(afterUnknown && tokenizer.fuseUnk)) ids.push(tokenizer.unkId)
    afterUnknown = id === undefined && !bytes
  }
  return ids
}

/** The ids of `<0xNN>` for each byte, or null when one of them is missing. */
function byteIds(vocab: Map<string, number>, text: string): number[] | null {
  const ids: number[] = []
  for (const byte of encodeUtf8(text)) {
    const id = vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
    if (id === undefined) return null
    ids.push(id)
  }
  return ids
}

/**
 * The ids that SentencePiece gives (bpe_model.cc): the adjacent symbols whose concatenation is the piece of highest
 * score, leftmost where equal. User-defined symbols are cut first, the longest at each place, and never merge. Control
 * pieces are never found in text. Unknown characters become bytes at the end. Needs `tokenizer.scores`.
 */
export function encodeSentencePieceReference(tokenizer: Tokenizer, text: string): number[] {
  return sentencePieceReferenceEncoder(tokenizer)(text)
}

/** {@link encodeSentencePieceReference} with its tables made once. */
export function sentencePieceReferenceEncoder(tokenizer: Tokenizer): (text: string) => number[] {
  const { kinds, scores } = tokenizer
  if (!scores)
    throw new KoVocabError(
      'mismatch',
      'the SentencePiece reference encoder needs scores',
      'load a .model, or derive scores from the merges',
    )
  const pieces = new Map<string, number>()
  const reserved = new Map<string, number>()
  const userDefined: string[] = []
  tokenizer.pieces.forEach((piece, id) => {
    if (kinds[id] === PieceKind.Normal || kinds[id] === PieceKind.UserDefined) pieces.set(piece, id)
    else if (kinds[id] !== 0) reserved.set(piece, id)
    if (kinds[id] === PieceKind.UserDefined) userDefined.push(piece)
  })
  userDefined.sort((a, b) => b.length - a.length)
  const normalize = compileNormalizer(tokenizer.normalizer)
  const preTokenize = compilePreTokenizer(tokenizer.preTokenizer, 'sentencepiece')

  return (text) => {
    const normalized = preTokenize(normalize(toWellFormed(text)), true).join('')
    const symbols: { piece: string; frozen: boolean }[] = []
    for (let at = 0; at < normalized.length; ) {
      const symbol = userDefined.find((piece) => normalized.startsWith(piece, at))
      const piece = symbol ?? String.fromCodePoint(normalized.codePointAt(at)!)
      symbols.push({ piece, frozen: symbol !== undefined })
      at += piece.length
    }
    for (;;) {
      let best = -1
      let bestScore = Number.NEGATIVE_INFINITY
      for (let i = 0; i + 1 < symbols.length; i++) {
        if (symbols[i].frozen || symbols[i + 1].frozen) continue
        const id = pieces.get(symbols[i].piece + symbols[i + 1].piece)
        if (id !== undefined && scores[id] > bestScore) {
          best = i
          bestScore = scores[id]
        }
      }
      if (best < 0) break
      symbols.splice(best, 2, { piece: symbols[best].piece + symbols[best + 1].piece, frozen: false })
    }
    let afterUnknown = false
    return symbols.flatMap(({ piece }) => {
      const id = reserved.get(piece) ?? pieces.get(piece)
      const bytes = id === undefined && tokenizer.byteFallback ? byteIds(reserved, piece) : null
      const fused = id === undefined && !bytes && afterUnknown
      afterUnknown = id === undefined && !bytes
      return id !== undefined ? [id] : (bytes ?? (fused ? [] : [tokenizer.unkId]))
    })
  }
}

/**
 * The ids that tiktoken gives for the bytes of one pre-token: the whole, if it is a token; else the adjacent parts
 * whose concatenation has the lowest rank, leftmost where equal. The rank of a token is its id.
 */
export function encodeTiktokenReference(tokenizer: Tokenizer, preToken: Uint8Array): number[] {
  return tiktokenReferenceEncoder(tokenizer)(preToken)
}

/** {@link encodeTiktokenReference} with its table made once. */
export function tiktokenReferenceEncoder(tokenizer: Tokenizer): (preToken: Uint8Array) => number[] {
  const added = new Set(tokenizer.addedTokens.map((token) => token.id))
  const ranks = new Map<string, number>()
  tokenizer.pieces.forEach((piece, id) => {
    if (piece !== '' && !added.has(id)) ranks.set(piece, id)
  })
  return (preToken) => {
    const word = bytesToPiece(preToken)
    const parts = ranks.has(word) ? [word] : [...word]
    for (;;) {
      let best = -1
      let bestRank = Number.POSITIVE_INFINITY
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = ranks.get(parts[i] + parts[i + 1])
        if (rank !== undefined && rank < bestRank) {
          best = i
          bestRank = rank
        }
      }
      if (best < 0) return parts.map((part) => ranks.get(part)!)
      parts.splice(best, 2, parts[best] + parts[best + 1])
    }
  }
}
