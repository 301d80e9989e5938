import type { WordCounts } from '../../counts/types'
import type { Donor } from '../../donors/types'
import { KoVocabError, throwIfAborted } from '../../errors'
import { type Scope, scopeNamed } from '../../text/scope'
import { plainToken } from '../../tokenizer/files/tokenizer-config'
import { tokenizerHash } from '../../tokenizer/hash'
import type { Tokenizer } from '../../tokenizer/types'
import { isAllowed, type PieceLimits, twinsOf } from '../allowed'
import { keyOfPiece, keyToPiece, pieceToKey } from '../keys'
import { closedCharacters } from '../train-merges'
import type { LearnedPiece } from '../types'
import { planPiece } from './insert'
import { complete, type GroupOptions, insertionOf, learnGroup, registryOf } from './learn-group'
import { takePieces } from './take'
import { type DonorMerges, FATES, type Fate, type Intermediate, type PieceFate } from './types'
import { chooseWanted, type WantedPiece } from './wanted'

export interface FromDonorsOptions {
  /** New ids in all, intermediate pieces counted; from 1. Default: as many as it takes. */
  add?: number
  /** Counted words of the user's text, in any order. Without them the donors' own order ranks the pieces. */
  words?: WordCounts
  /** By donor: who goes first, lower numbers before higher ones, equal ones as one. Default: all as one. */
  priorities?: readonly number[]
  /** For pieces that no two tokens spell: make what they need, or drop them. Default `complete`. */
  unreachable?: 'complete' | 'drop'
  /** For pieces that the words never give: put them behind all others, or drop them. Default `keep`. */
  unseen?: 'keep' | 'drop'
  /** With words: from how many times on a piece counts as seen. Default 2. */
  minFrequency?: number
  /** In characters, `▁` or the space included. Default 16. */
  maxPieceLength?: number
  scope?: Scope
  /** Strings that will have an id already. */
  userDefinedSymbols?: readonly string[]
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Chooses pieces of foreign vocabularies for a base and puts them into an order in which each can be reached.
 *
 * With words, byte-pair encoding is continued on them as {@link trainMerges} does, but only pieces of the donors may be
 * made: the ranks are what the text says, and a piece that the text gives is reachable as it is made. Pieces left over
 * are made one by one behind them, in the donor's order, with the intermediate pieces that they need (see
 * {@link planPiece}); then training is repeated with those allowed from the start, so that they get the rank that the
 * text gives them. Without words all pieces are made one by one in the donor's order.
 *
 * With a budget, pieces are taken in that order as long as they fit with what they need; see {@link takePieces}.
 *
 * @throws KoVocabError `bad-option`; `mismatch` when no donor piece can be added
 */
export function learnFromDonors(
  givenBase: Tokenizer,
  donors: readonly Donor[],
  options: FromDonorsOptions = {},
): DonorMerges {
  const { add = Number.MAX_SAFE_INTEGER, scope = scopeNamed('hangul'), maxPieceLength = 16 } = options
  if (!Number.isSafeInteger(add) || add < 1) {
    throw new KoVocabError('bad-option', `add is ${add}`, 'give a whole number from 1')
  }
  const symbols = (options.userDefinedSymbols ?? []).map((s, i) => plainToken(givenBase.pieces.length + i, s, false))
  // No piece may spell an added token.
  const base = { ...givenBase, addedTokens: givenBase.addedTokens.concat(symbols) }
  const keys = base.pieces.map((piece, id) => pieceToKey(base, piece, id))
  const limits: PieceLimits = { form: base.form, scope, maxPieceLength, taken: twinsOf(base) }
  const priorities = donors.map((_, d) => options.priorities?.[d] ?? 0)
  const order = donors.map((_, d) => d).sort((a, b) => priorities[a] - priorities[b] || a - b)
  const { fates, wanted } = chooseWanted(base, keys, donors, order, limits)
  const closed = closedCharacters(base, keys)
  const group: GroupOptions = {
    words: options.words,
    unreachable: options.unreachable ?? 'complete',
    unseen: options.unseen ?? 'keep',
    minFrequency: options.minFrequency ?? 2,
    maxPieceLength,
    scope,
    allowed: (key) => isAllowed(limits, key) && !closed.some((character) => key.includes(character)),
    signal: options.signal,
  }

  let made: LearnedPiece[] = []
  const classes = classesOf(wanted, priorities)
  for (const [i, ofClass] of classes.entries()) {
    throwIfAborted(options.signal)
    options.onProgress?.(i, classes.length)
    made = learnGroup(base, made, new Set(ofClass.map(({ key }) => key)), group)
  }
  const wantedKeys = new Set(wanted.map(({ key }) => key))
  // A donor that came later may have brought what a piece of an earlier one lacked.
  if (classes.length > 1 && (group.words === undefined || group.unseen === 'keep')) {
    made = complete(base, made, wantedKeys, group)
  }
  options.onProgress?.(classes.length, classes.length)

  const registry = registryOf(base, made, scope)
  const taken = takePieces(base, made, wantedKeys, registry, add)
  const helping = new Map<string, Intermediate>()
  const open = insertionOf(registry, group.allowed, wantedKeys, [])
  const ranks = new Map(taken.pieces.map(({ piece }, rank) => [piece, rank]))
  for (const { key, fate } of wanted) {
    const rank = taken.rankOf.get(key)
    if (rank === undefined) {
      settleUnmade(fate, planPiece(open, key)?.intermediates, base, group)
      continue
    }
    const helpers = taken.needs.get(key)!.filter(({ piece }) => !wantedKeys.has(keyOfPiece(base.form, piece)))
    fate.needs = helpers.map(({ piece }) => piece)
    if (rank < 0) {
      fate.fate = 'over-budget'
      continue
    }
    fate.fate = 'added'
    fate.rank = rank
    for (const { piece } of helpers) {
      const known = helping.get(piece)
      if (known) known.neededBy++
      else helping.set(piece, { piece, rank: ranks.get(piece)!, neededBy: 1, example: fate.piece! })
    }
  }
  if (taken.pieces.length === 0) throw nothingFits(donors, fates.flat(), scope)
  return {
    learned: { pieces: taken.pieces, meta: metaOf(givenBase, donors, options, group) },
    fates: fates.flat(),
    intermediates: [...helping.values()].sort((a, b) => a.rank - b.rank),
  }
}

/** Says of what kind the fates are, and what to do about those that occur most. */
function nothingFits(donors: readonly Donor[], fates: readonly PieceFate[], scope: Scope): KoVocabError {
  const counts = FATES.map((fate) => ({ fate, of: fates.filter((piece) => piece.fate === fate) }))
    .filter(({ of }) => of.length > 0)
    .sort((a, b) => b.of.length - a.of.length)
  const reasons = counts.map(({ fate, of }) => `${of.length} ${fate.replaceAll('-', ' ')}`).join(', ')
  const { fate, of } = counts[0] ?? { of: [] }
  const first = of[0]?.why ? `${of[0].spelled}: ${of[0].why}` : ''
  const hints: Partial<Record<Fate, string>> = {
    'out-of-scope': `the scope is ${scope.name}, a wider one takes more (${first})`,
    already: 'the base has them, there is nothing to do',
    unreachable: `pieces that need others can have them: --unreachable complete (${first})`,
    unseen: '--unseen keep takes what the corpus does not give',
    'over-budget': 'each needs pieces beside itself: give a larger --add',
    'too-long': 'raise --max-piece-length',
  }
  const what = `none of the ${fates.length} pieces of ${donors.map(({ name }) => name).join(', ')} can be added`
  return new KoVocabError('mismatch', `${what}: ${reasons || 'there are none'}`, fate && hints[fate])
}

/** Wanted pieces by priority, the first to go first; they come in that order. */
function classesOf(wanted: readonly WantedPiece[], priorities: readonly number[]): WantedPiece[][] {
  const classes = new Map<number, WantedPiece[]>()
  for (const piece of wanted) {
    const priority = priorities[piece.fate.donor]
    const group = classes.get(priority)
    if (group) group.push(piece)
    else classes.set(priority, [piece])
  }
  return [...classes.values()]
}

function settleUnmade(
  fate: PieceFate,
  intermediates: readonly string[] | undefined,
  base: Tokenizer,
  { unreachable }: GroupOptions,
): void {
  if (intermediates === undefined) fate.why = 'it could only be made of pieces that may not be added'
  else if (intermediates.length > 0 && unreachable === 'drop') {
    fate.needs = intermediates.map((key) => keyToPiece(base.form, key))
    fate.why = 'no two tokens spell it'
  } else {
    fate.fate = 'unseen'
    fate.why = 'the corpus never gave it'
  }
}

function metaOf(
  base: Tokenizer,
  donors: readonly Donor[],
  { words, add, priorities }: FromDonorsOptions,
  { unreachable, unseen, minFrequency, maxPieceLength, scope }: GroupOptions,
): Record<string, string> {
  return {
    ...Object.fromEntries(
      Object.entries(words?.meta ?? {}).map(([key, value]) => [key.replace('ko_vocab.', ''), value]),
    ),
    base: base.sha256 ?? tokenizerHash(base),
    donors: donors.map(({ name }) => name).join(', '),
    ranked_by: words === undefined ? 'donor' : 'counts',
    scope: scope.name,
    add: add === undefined ? 'all' : String(add),
    priorities: (priorities ?? []).join(' ') || 'none',
    min_frequency: String(minFrequency),
    max_piece_length: String(maxPieceLength),
    unreachable,
    unseen,
  }
}
