import { KoVocabError } from '../errors'
import type { LearnedMerges } from '../merges/types'
import { readablePiece } from '../tokenizer/readable-piece'
import type { Tokenizer } from '../tokenizer/types'
import type { AddedPieces } from './added-pieces'
import type { UsedWords } from './used-words'

export interface PruneOptions {
  /** Take away that many learned pieces. One of remove, keep, belowUses and pieces is needed. */
  remove?: number
  /** Take away until that many learned pieces are left. */
  keep?: number
  /** Take away pieces used less often than that, until those left are used more or needed. Needs `words`. */
  belowUses?: number
  /** Take away these, as the vocabulary spells them or as readablePiece shows them; user-defined symbols too. */
  pieces?: readonly string[]
  /** With `pieces`: also what is made of them, instead of refusing. */
  withDependents?: boolean
  /** Pieces that must stay, spelled as for `pieces`; what they are made of stays too. */
  required?: readonly string[]
  /** Where uses are counted (see {@link createUseCounter}). Without, every piece has 0 uses: the last learned go first. */
  words?: UsedWords
  /** Ids that only pad the extended vocabulary, where known; else told by the names that padTokenizer gives. */
  paddingIds?: readonly number[]
  /** Padding is dropped, and made again to this multiple. Default 1: none. */
  padToMultiple?: number
  /** What the pieces were learned with: counts and metadata are taken over. */
  learned?: LearnedMerges
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/** What {@link pruneExtension} may take away, and when it stops. */
export interface PruneGoal {
  mayGo: (id: number) => boolean
  /** Pieces to take away, symbols included; Infinity: as many as there are. */
  total: number
  /** Only pieces with fewer uses go. */
  below: number
}

/**
 * @param counted whether there are uses to go by
 * @throws KoVocabError `bad-option` unless exactly one goal is given, and what it needs
 */
export function requireOneGoal(
  {
    remove,
    keep,
    belowUses,
    pieces,
    withDependents,
  }: Pick<PruneOptions, 'remove' | 'keep' | 'belowUses' | 'pieces' | 'withDependents'>,
  counted: boolean,
): void {
  const given = Object.entries({ remove, keep, belowUses, pieces }).filter(([, value]) => value !== undefined)
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ')
    const what = given.length === 0 ? 'what to take away is not said' : `${names} are given`
    throw new KoVocabError('bad-option', what, 'say one: how many to remove or keep, below which uses, or which pieces')
  }
  for (const [name, value] of Object.entries({ remove, keep, belowUses })) {
    if (value !== undefined && !(value >= 0 && (name === 'belowUses' || Number.isSafeInteger(value)))) {
      throw new KoVocabError('bad-option', `${name} is ${value}`, 'give a number from 0')
    }
  }
  if (belowUses !== undefined && !counted) {
    throw new KoVocabError('bad-option', 'belowUses needs words to count uses on', 'give a corpus')
  }
  if (withDependents && !pieces) {
    throw new KoVocabError('bad-option', 'withDependents belongs to pieces', 'leave it out: leaves go first anyway')
  }
}

/**
 * @throws KoVocabError `bad-option` for a piece that was not added, for more than can go, and for chosen pieces that a
 * piece which stays is made of, naming it
 */
export function pruneGoal(extended: Tokenizer, added: AddedPieces, options: PruneOptions): PruneGoal {
  const { learned, symbols } = added
  const idOf = addedByName(extended, added)
  const staying = new Set<number>()
  for (const name of options.required ?? []) {
    const id = idOf('required', name)
    staying.add(id)
    for (const part of added.derivations.get(id)?.parts ?? []) staying.add(part)
  }
  if (options.pieces) {
    const chosen = new Set(options.pieces.map((name) => idOf('pieces', name)))
    requireNoDependents(extended, added, chosen, staying, options)
    return { mayGo: (id) => chosen.has(id), total: chosen.size, below: Number.POSITIVE_INFINITY }
  }
  const free = learned.filter((id) => !staying.has(id)).length
  const mayGo = (id: number) => !staying.has(id) && !symbols.includes(id)
  if (options.belowUses !== undefined) return { mayGo, total: Number.POSITIVE_INFINITY, below: options.belowUses }
  const total = options.remove ?? learned.length - options.keep!
  if (total < 0 || total > free) {
    const asked = options.remove === undefined ? `keep is ${options.keep}` : `remove is ${options.remove}`
    const there = `the extension has ${learned.length} learned pieces`
    throw new KoVocabError(
      'bad-option',
      `${asked}, and ${there}${free < learned.length ? `, ${learned.length - free} of which are required` : ''}`,
      total < 0 ? `keep at most ${learned.length}` : `take at most ${free} away, which leaves ${learned.length - free}`,
    )
  }
  return { mayGo, total, below: Number.POSITIVE_INFINITY }
}

/** Finds an added piece by its spelling in the vocabulary, else by how it reads. */
function addedByName(extended: Tokenizer, { symbols, learned }: AddedPieces): (option: string, name: string) => number {
  const readable = readablePiece(extended)
  const ids = new Map<string, number>()
  for (const id of [...symbols, ...learned]) ids.set(readable(id), id)
  for (const id of [...symbols, ...learned]) ids.set(extended.pieces[id], id)
  return (option, name) => {
    const id = ids.get(name)
    if (id !== undefined) return id
    const base = extended.pieces.indexOf(name)
    throw new KoVocabError(
      'bad-option',
      `${option}: ${JSON.stringify(name)} ${base < 0 ? 'is no piece of the extension' : `is id ${base}, which was not added`}`,
      'write pieces as init-map.json shows them, ▁ for a leading space',
    )
  }
}

const NAMED_MAX = 5

/** Chosen pieces go alone only if nothing that stays is made of them; with `withDependents` what is joins them. */
function requireNoDependents(
  extended: Tokenizer,
  { learned, derivations }: AddedPieces,
  chosen: Set<number>,
  staying: ReadonlySet<number>,
  { withDependents = false }: PruneOptions,
): void {
  const readable = readablePiece(extended)
  const quoted = (id: number) => JSON.stringify(readable(id))
  const asked = new Set(chosen)
  const dependents = new Map<number, number[]>()
  for (const id of learned) {
    // Parts of parts are parts, so one pass finds all.
    const of = derivations.get(id)!.parts.filter((part) => asked.has(part))
    if (of.length === 0) continue
    if (withDependents) chosen.add(id)
    else if (!chosen.has(id)) for (const part of of) dependents.set(part, [...(dependents.get(part) ?? []), id])
  }
  if (dependents.size > 0) {
    const first = [...dependents].slice(0, NAMED_MAX)
    const lines = first.map(([part, ids]) => {
      const more = ids.length > NAMED_MAX ? ` and ${ids.length - NAMED_MAX} more` : ''
      return `${quoted(part)} is needed by ${ids.slice(0, NAMED_MAX).map(quoted).join(', ')}${more}`
    })
    const more = dependents.size > first.length ? `; and ${dependents.size - first.length} more such pieces` : ''
    throw new KoVocabError(
      'bad-option',
      `${lines.join('; ')}${more}`,
      'name those too, or take what is made of the pieces away with them',
    )
  }
  const both = [...chosen].filter((id) => staying.has(id))
  if (both.length > 0) {
    throw new KoVocabError(
      'bad-option',
      `${both.slice(0, NAMED_MAX).map(quoted).join(', ')}: to be taken away, and required`,
      'leave it out of one of the two; what a required piece is made of is required too',
    )
  }
}
