/** Batches of a training run as a plain function of where in the run they stand. */
import { KoVocabError } from '../../errors'
import { type Blocks, emptyBlocks, fillRow } from './blocks'
import { createMixer } from './mixing'
import { type Packing, type PackingKind, packTokens } from './packing'
import { permute } from './permutation'
import type { TokenStore } from './token-store'

export interface Source {
  name: string
  store: TokenStore
  /**
   * Share of all tokens that are trained on, from 0 to 1. Sources without one divide the rest among them in proportion
   * to their tokens, so that all of them are read equally often.
   */
  share?: number
}

export interface BatchesOptions {
  sources: readonly Source[]
  /** Tokens a row. */
  length: number
  /** A whole number from 0 to 2^32 - 1. */
  seed: number
  /** How many ids the model has: tokens must be below. */
  vocabulary: number
  /** Default `cut`. */
  packing?: PackingKind
  /** Input id of padding, of which nothing is learned. Default 0. */
  pad?: number
  /** By source: so many of its rows were read by other batches before, and these go on behind them. Default: none. */
  after?: readonly number[]
}

/** What decides the batches: two runs with equal descriptions read the same tokens. JSON. */
export interface DataDescription {
  seed: number
  length: number
  packing: PackingKind
  sources: { name: string; key: string; tokens: number; share: number }[]
}

export interface SourcedBlocks extends Blocks {
  /** [rows]: the source of each row, an index into `DataDescription.sources`. */
  sources: Int32Array
}

export interface Batches {
  /**
   * Rows [first, first + rows) of the run. It never ends: after all rows of a source come all of them again, in another
   * order. A run that goes on needs the number of rows it has had, nothing else.
   */
  read: (first: number, rows: number) => SourcedBlocks
  description: DataDescription
  /** By source: rows and padding of one pass over it. */
  packings: { rows: number; padding: number }[]
  /** By source: how often it has been read after so many rows of the run. */
  epochs: (rows: number) => number[]
  /** By source: rows of it among the first so many of the run, those that came before not counted. */
  counts: (rows: number) => number[]
}

/**
 * Which source a row is of, {@link createMixer} says, so that after every row each source is within one row of its
 * share; which of its rows, {@link permute}, anew for each epoch. Shares are those of tokens: a source whose rows hold
 * more padding gets more rows.
 *
 * Tokens are read by place from stores that were encoded once, as Megatron-LM (`.bin` and `.idx`) and nanoGPT (`.bin`)
 * do: then the shuffle goes over all of a source, and no state of readers, packers or shuffle buffers has to be saved.
 * Documents inside a row stay neighbours, as they stand in their file, and rows are cut at the same places in every
 * epoch; nanoGPT's random offsets would repeat some tokens and miss others.
 *
 * @throws KoVocabError `bad-option`: shares that do not fit, a source without text, seed or length out of range
 */
export function createBatches(options: BatchesOptions): Batches {
  const { sources, length, seed, vocabulary, packing = 'cut', pad = 0, after = [] } = options
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new KoVocabError('bad-option', `the seed must be a whole number from 0 to 2^32 - 1, not ${seed}`)
  }
  const shares = sharesOf(sources)
  const used = sources.map(({ store }, i) => (shares[i] > 0 ? packTokens(store, length, packing) : null))
  const mixer = createMixer(used.map((packed, i) => (packed ? shares[i] / fillOf(packed) : 0)))

  const fill = (blocks: SourcedBlocks, row: number, place: number): void => {
    const { source, index: turn } = mixer.turn(place)
    const packed = used[source]!
    const index = turn + (after[source] ?? 0)
    const epoch = Math.floor(index / packed.rows)
    const from = permute(index % packed.rows, packed.rows, { seed, source, epoch })
    blocks.sources[row] = source
    fillRow(blocks, row, packed.ranges(from), sources[source].store, vocabulary)
  }
  return {
    read(first, rows) {
      if (!(Number.isSafeInteger(first) && first >= 0 && Number.isSafeInteger(rows) && rows > 0)) {
        throw new KoVocabError('bad-option', `${rows} rows from row ${first} on cannot be read`)
      }
      const blocks = { ...emptyBlocks(rows, length, pad), sources: new Int32Array(rows) }
      for (let row = 0; row < rows; row++) fill(blocks, row, first + row)
      return blocks
    },
    description: {
      seed,
      length,
      packing,
      sources: sources.map(({ name, store: { key, tokens } }, i) => ({ name, key, tokens, share: shares[i] })),
    },
    packings: used.map((packed) => ({ rows: packed?.rows ?? 0, padding: packed?.padding ?? 0 })),
    epochs: (rows) => mixer.counts(rows).map((count, i) => (count + (after[i] ?? 0)) / (used[i]?.rows ?? 1)),
    counts: (rows) => mixer.counts(rows),
  }
}

const fillOf = ({ rows, length, padding }: Packing): number => 1 - padding / (rows * length)

/** The share of each source, their sum being 1. */
function sharesOf(sources: readonly Source[]): number[] {
  const names = sources.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (sources.length === 0) throw new KoVocabError('bad-option', 'there is no text to train on', 'name a source')
  if (twice !== undefined) throw new KoVocabError('bad-option', `two sources are called ${twice}`, 'rename one')
  let given = 0
  let open = 0
  for (const { name, store, share } of sources) {
    if (share !== undefined && !(share >= 0 && share <= 1)) {
      throw new KoVocabError('bad-option', `the share of ${name} must be a number from 0 to 1, not ${share}`)
    }
    if (store.tokens === 0 && share !== 0) {
      throw new KoVocabError('bad-option', `${name} holds no text`, 'give it files with text, or the share 0')
    }
    given += share ?? 0
    open += share === undefined ? store.tokens : 0
  }
  const rest = 1 - given
  if (rest < -1e-9 || (open === 0 && rest > 1e-9) || (open > 0 && rest <= 1e-9)) {
    const shares = sources.map(({ name, share }) => `${name} ${share ?? 'the rest'}`).join(', ')
    const hint = 'shares must come to 1, or leave something to the sources without one'
    throw new KoVocabError('bad-option', `the shares do not fit: ${shares}`, hint)
  }
  return sources.map(({ store, share }) => share ?? (rest * store.tokens) / open)
}

/**
 * For a run that goes on: its data must be what it was.
 *
 * @throws KoVocabError `mismatch` naming the first thing that differs
 */
export function requireSameData(saved: DataDescription, now: DataDescription): void {
  const differ = (what: string, was: unknown, is: unknown): never => {
    const hint = 'give the same texts, tokenizer and options, or begin a new run'
    throw new KoVocabError('mismatch', `the data is not that of the run: ${what} was ${was}, now it is ${is}`, hint)
  }
  for (const key of ['seed', 'length', 'packing'] as const)
    if (saved[key] !== now[key]) differ(key, saved[key], now[key])
  const names = (description: DataDescription) => description.sources.map(({ name }) => name).join(', ')
  if (names(saved) !== names(now)) differ('the list of sources', names(saved), names(now))
  for (const [i, was] of saved.sources.entries()) {
    const is = now.sources[i]
    for (const key of ['share', 'tokens', 'key'] as const) {
      if (was[key] !== is[key]) differ(`the ${key} of ${was.name}`, was[key], is[key])
    }
  }
}
