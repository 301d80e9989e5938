/** The pieces of a tokenizer.json's model, each with its place in the file's own order. */

import { badFile, isObject, type JsonObject, show } from '../tokenizer/files/text'
import { splitMerge } from '../tokenizer/files/tokenizer-json'

export interface ListedPiece {
  piece: string
  /** Rank, log probability, or null where the file says nothing. */
  score: number | null
}

/**
 * Pieces of BPE: by the rank of the first merge that makes them; those that no merge makes (the characters, or bytes)
 * behind them by id.
 */
export function bpePieces(model: JsonObject, name: string): ListedPiece[] {
  const byId = vocabById(model.vocab, name)
  const known = new Set(byId)
  const { merges } = model
  if (!Array.isArray(merges)) throw badFile(name, `model.merges is ${show(merges)}, a list is expected`)
  const prefix = typeof model.continuing_subword_prefix === 'string' ? model.continuing_subword_prefix : ''
  const rankOf = new Map<string, number>()
  for (let rank = 0; rank < merges.length; rank++) {
    const pair = splitMerge(merges[rank])
    if (!pair) throw badFile(name, `model.merges[${rank}] is ${show(merges[rank])}, two pieces are expected`)
    const [left, right] = pair
    // The mark of the inside of a word goes where two parts become one: `법` `##원` is `법원`.
    const result = left + (prefix && right.startsWith(prefix) ? right.slice(prefix.length) : right)
    if (!known.has(result)) {
      throw badFile(
        name,
        `model.merges[${rank}] is ${show(merges[rank])}, but model.vocab has no piece ${show(result)}`,
      )
    }
    if (!rankOf.has(result)) rankOf.set(result, rank)
  }
  const made = byId.filter((piece) => rankOf.has(piece)).map((piece) => ({ piece, score: rankOf.get(piece)! }))
  made.sort((a, b) => a.score - b.score)
  return [...made, ...byId.filter((piece) => !rankOf.has(piece)).map((piece) => ({ piece, score: null }))]
}

/** Pieces of Unigram, by log probability, equal ones by id; and the piece that stands for unknown text. */
export function unigramPieces(model: JsonObject, name: string): { pieces: ListedPiece[]; unk: string | null } {
  const { vocab, unk_id: unkId } = model
  if (!Array.isArray(vocab))
    throw badFile(name, `model.vocab is ${show(vocab)}, a list of pieces with scores is expected`)
  const pieces = vocab.map((entry: unknown, id) => {
    const [piece, score] = Array.isArray(entry) ? (entry as unknown[]) : []
    if (typeof piece !== 'string' || typeof score !== 'number' || !Number.isFinite(score)) {
      throw badFile(name, `model.vocab[${id}] is ${show(entry)}, a piece and its score are expected`)
    }
    return { piece, score }
  })
  if (pieces.length === 0) throw badFile(name, 'model.vocab is empty')
  const unk = typeof unkId === 'number' ? (pieces[unkId]?.piece ?? null) : null
  if (typeof unkId === 'number' && unk === null) {
    throw badFile(name, `model.unk_id is ${unkId}, model.vocab has ${pieces.length} pieces`)
  }
  return { pieces: [...pieces].sort((a, b) => b.score - a.score), unk }
}

/** Pieces of WordPiece and WordLevel, by id. */
export function wordPieces(model: JsonObject, name: string): ListedPiece[] {
  return vocabById(model.vocab, name).map((piece) => ({ piece, score: null }))
}

/** Ids are only an order here: holes and ids that stand twice do no harm. */
function vocabById(vocab: unknown, name: string): string[] {
  if (!isObject(vocab)) throw badFile(name, `model.vocab is ${show(vocab)}, an object is expected`)
  const entries = Object.entries(vocab)
  if (entries.length === 0) throw badFile(name, 'model.vocab is empty')
  for (const [piece, id] of entries) {
    if (typeof id !== 'number' || !Number.isInteger(id)) {
      throw badFile(name, `model.vocab[${show(piece)}] is ${show(id)}, an id is expected`)
    }
  }
  return (entries as [string, number][]).sort((a, b) => a[1] - b[1]).map(([piece]) => piece)
}
