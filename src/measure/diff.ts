/** How two tokenizers of any kind differ in what they are; diff-texts.ts: in what they make of text. */
import { canonicalJson, tokenizerHash } from '../tokenizer/hash'
import { readablePiece } from '../tokenizer/readable-piece'
import type { AddedToken, Form, JsonNode, Tokenizer } from '../tokenizer/types'
import { diffMerges, type MergesDiff } from './diff-merges'

/** The same thing in the first tokenizer and in the second. */
export interface Both<T> {
  a: T
  b: T
}

export interface IdsDiff {
  size: Both<number>
  /** Ids that have the same piece in both, holes left out. */
  same: number
  /** Ids with different pieces; those that only one has are not among them. */
  changed: number
  /** Pieces that both have, at different ids. */
  moved: number
  /** Pieces that only the first, or only the second has. */
  onlyA: number
  onlyB: number
  /** Pieces that both have, wherever, of different {@link Tokenizer.kinds}. */
  kinds: number
  /** The first of each, by id; pieces as people read them. */
  examples: {
    changed: { id: number; a: string; b: string }[]
    moved: { piece: string; a: number; b: number }[]
    onlyA: { piece: string; id: number }[]
    onlyB: { piece: string; id: number }[]
    kinds: { piece: string; a: number; b: number }[]
  }
}

/** Scores of pieces that both have, compared as float32. */
export interface ScoresDiff {
  equal: number
  changed: number
  /** Whether the pieces that both have come in the same order by falling score, ties by id. */
  sameOrder: boolean
  examples: { piece: string; a: number; b: number }[]
}

export interface AddedTokenDiff {
  content: string
  /** null where that tokenizer has no such added token. */
  a: AddedToken | null
  b: AddedToken | null
}

export interface TokenizersDiff {
  /** Nothing differs that is compared here, scores (where both have some) and special flags included. */
  equal: boolean
  sha256: Both<string>
  ids: IdsDiff
  merges: MergesDiff
  /** null unless both have scores: `.model` files have some, tokenizer.json has the merges they stand for. */
  scores: ScoresDiff | null
  /** By content, those in which a field differs, the id among them. */
  addedTokens: AddedTokenDiff[]
  /** Nodes that differ, as tokenizer.json has them. */
  nodes: Partial<Record<'normalizer' | 'preTokenizer' | 'postProcessor' | 'decoder', Both<JsonNode | null>>>
  options: Partial<{
    form: Both<Form>
    unk: Both<number>
    byteFallback: Both<boolean>
    fuseUnk: Both<boolean>
    ignoreMerges: Both<boolean>
  }>
}

export interface DiffOptions {
  /** Of each kind of difference. Default 10. */
  examples?: number
}

/**
 * Compares two tokenizers in everything that a {@link Tokenizer} holds, their file formats and sidecars apart. Pieces
 * are compared as text, so a SentencePiece vocabulary meets a byte-level one: `▁안` and `Ġìķī` are one piece.
 */
export function diffTokenizers(a: Tokenizer, b: Tokenizer, { examples = 10 }: DiffOptions = {}): TokenizersDiff {
  const sha256 = { a: a.sha256 ?? tokenizerHash(a), b: b.sha256 ?? tokenizerHash(b) }
  const names = { a: namesOf(a, b), b: namesOf(b, a) }
  const ids = diffIds(a, b, names, examples)
  const merges = diffMerges(a, b, names, examples)
  const scores = a.scores && b.scores ? diffScores(a, b, names, examples) : null
  const addedTokens = diffAddedTokens(a, b)
  const nodes: TokenizersDiff['nodes'] = {}
  for (const node of ['normalizer', 'preTokenizer', 'postProcessor', 'decoder'] as const) {
    if (canonicalJson(a[node]) !== canonicalJson(b[node])) nodes[node] = { a: a[node], b: b[node] }
  }
  const options: TokenizersDiff['options'] = {}
  if (a.form !== b.form) options.form = { a: a.form, b: b.form }
  if (a.unkId !== b.unkId) options.unk = { a: a.unkId, b: b.unkId }
  for (const flag of ['byteFallback', 'fuseUnk', 'ignoreMerges'] as const) {
    if (a[flag] !== b[flag]) options[flag] = { a: a[flag], b: b[flag] }
  }
  const counts = [ids.changed, ids.moved, ids.onlyA, ids.onlyB, ids.kinds, merges.onlyA, merges.onlyB]
  const equal =
    counts.every((count) => count === 0) &&
    ids.size.a === ids.size.b &&
    merges.orderChangesAt === null &&
    (scores === null || scores.changed === 0) &&
    addedTokens.length === 0 &&
    Object.keys(nodes).length === 0 &&
    Object.keys(options).length === 0
  return { equal, sha256, ids, merges, scores, addedTokens, nodes, options }
}

/** Pieces by id, '' for holes: in the vocabulary's spelling, or readable where the two spell differently. */
function namesOf(tokenizer: Tokenizer, other: Tokenizer): string[] {
  if (tokenizer.form === other.form) return tokenizer.pieces
  const readable = readablePiece(tokenizer)
  return tokenizer.pieces.map((_, id) => readable(id))
}

function diffIds(a: Tokenizer, b: Tokenizer, names: Both<string[]>, most: number): IdsDiff {
  const read = { a: readablePiece(a), b: readablePiece(b) }
  const idsInA = idsOf(names.a)
  const idsInB = idsOf(names.b)
  const diff: IdsDiff = {
    size: { a: a.pieces.length, b: b.pieces.length },
    same: 0,
    changed: 0,
    moved: 0,
    onlyA: 0,
    onlyB: 0,
    kinds: 0,
    examples: { changed: [], moved: [], onlyA: [], onlyB: [], kinds: [] },
  }
  const { examples } = diff
  const note = <K extends keyof IdsDiff['examples']>(kind: K, example: IdsDiff['examples'][K][number]) => {
    diff[kind]++
    if (examples[kind].length < most) (examples[kind] as (typeof example)[]).push(example)
  }
  names.a.forEach((name, id) => {
    if (name === '') return
    const there = names.b[id] ?? ''
    if (there === name) diff.same++
    else if (there !== '') note('changed', { id, a: read.a(id), b: read.b(id) })
    const other = idsInB.get(name)
    if (other === undefined) note('onlyA', { piece: read.a(id), id })
    else {
      if (there !== name && idsInA.get(name) === id) note('moved', { piece: read.a(id), a: id, b: other })
      const at = there === name ? id : other
      if (a.kinds[id] !== b.kinds[at]) note('kinds', { piece: read.a(id), a: a.kinds[id], b: b.kinds[at] })
    }
  })
  names.b.forEach((name, id) => {
    if (name !== '' && !idsInA.has(name)) note('onlyB', { piece: read.b(id), id })
  })
  return diff
}

/** Piece → its first id. */
function idsOf(names: readonly string[]): Map<string, number> {
  const ids = new Map<string, number>()
  for (let id = names.length - 1; id >= 0; id--) if (names[id] !== '') ids.set(names[id], id)
  return ids
}

function diffScores(first: Tokenizer, second: Tokenizer, names: Both<string[]>, most: number): ScoresDiff {
  const [a, b] = [first.scores!, second.scores!]
  const read = readablePiece(first)
  const inB = idsOf(names.b)
  const diff: ScoresDiff = { equal: 0, changed: 0, sameOrder: true, examples: [] }
  const shared: { a: number; b: number }[] = []
  for (const [name, id] of idsOf(names.a)) {
    const other = inB.get(name)
    if (other === undefined) continue
    shared.push({ a: id, b: other })
    if (a[id] === b[other]) {
      diff.equal++
      continue
    }
    diff.changed++
    if (diff.examples.length < most) diff.examples.push({ piece: read(id), a: a[id], b: b[other] })
  }
  const byA = [...shared].sort((x, y) => a[y.a] - a[x.a] || x.a - y.a)
  const byB = [...shared].sort((x, y) => b[y.b] - b[x.b] || x.b - y.b)
  diff.sameOrder = byA.every((pair, i) => pair === byB[i])
  return diff
}

function diffAddedTokens(a: Tokenizer, b: Tokenizer): AddedTokenDiff[] {
  const inA = new Map(a.addedTokens.map((token) => [token.content, token]))
  const inB = new Map(b.addedTokens.map((token) => [token.content, token]))
  const diffs: AddedTokenDiff[] = []
  for (const content of new Set([...inA.keys(), ...inB.keys()])) {
    const pair = { content, a: inA.get(content) ?? null, b: inB.get(content) ?? null }
    if (canonicalJson(pair.a) !== canonicalJson(pair.b)) diffs.push(pair)
  }
  return diffs.sort((x, y) => (x.a ?? x.b)!.id - (y.a ?? y.b)!.id)
}
