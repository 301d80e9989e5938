import type { Donor, DonorPiece } from '../../donors/types'
import { keyToBytes, keyToText, textToKey } from '../../text/byte-key'
import { compileNormalizer, type TextFunction } from '../../tokenizer/pipeline/normalize'
import { compilePreTokenizer, type PreTokenizer } from '../../tokenizer/pipeline/pre-tokenize'
import { readablePiece } from '../../tokenizer/readable-piece'
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { type PieceLimits, refusalOf } from '../allowed'
import { keyToPiece } from '../keys'
import { closedCharacters } from '../train-merges'
import type { Fate, PieceFate } from './types'

/** A donor's piece that the base could take. */
export interface WantedPiece {
  /** In the base's own spelling of keys. */
  key: string
  fate: PieceFate
}

/**
 * What becomes of each donor piece before anything is learned: those that the base has, that stand outside the limits
 * or that no text could ever give are settled here. The others are wanted.
 *
 * @param keys of the base's pieces, by id
 * @param order of the donors: the first that brings a string has it
 * @returns `fates` of all pieces by donor; the wanted ones stand as `unreachable` until they are made
 */
export function chooseWanted(
  base: Tokenizer,
  keys: readonly string[],
  donors: readonly Donor[],
  order: readonly number[],
  limits: PieceLimits,
): { fates: PieceFate[][]; wanted: WantedPiece[] } {
  const fates: PieceFate[][] = donors.map(() => [])
  const wanted: WantedPiece[] = []
  const there = new Map<string, number>()
  keys.forEach((key, id) => {
    if (key !== '') there.set(key, id)
  })
  const tokens = new Map(base.addedTokens.map(({ content, id }) => [content, id]))
  const brought = new Map<string, PieceFate>()
  const closed = closedCharacters(base, keys)
  const cut = wordCutter(base)

  for (const d of order) {
    for (const donated of donors[d].pieces) {
      const { spelled, score, restored } = donated
      const fate: PieceFate = {
        donor: d,
        spelled,
        score,
        restored,
        piece: null,
        fate: 'special',
        why: null,
        rank: null,
        needs: [],
      }
      fates[d].push(fate)
      const settle = (kind: Fate, why: string | null) => {
        fate.fate = kind
        fate.why = why
      }
      if (donated.kind !== 'piece') {
        const isSymbol = donated.kind === 'added' && (tokens.get(spelled) ?? -1) >= base.pieces.length
        if (isSymbol) settle('added', 'user-defined symbol')
        else if (donated.kind !== 'added') settle(donated.kind, null)
        else
          settle('special', tokens.has(spelled) ? `added token ${tokens.get(spelled)}` : 'an added token of the donor')
        continue
      }
      const key = keyForBase(base, donated)
      if (key === null) {
        settle('out-of-scope', 'it is a part of a character, and this base is made of characters')
        continue
      }
      fate.piece = keyToPiece(base.form, key)
      const id = there.get(key)
      const earlier = brought.get(key)
      const text = keyToText(key)
      if (id !== undefined) settle('already', `id ${id}`)
      else if (earlier) settle('same', sameAs(donors, earlier, d))
      else {
        brought.set(key, fate)
        const refusal = refusalOf(limits, key)
        const open = closed.find((character) => key.includes(character))
        const changed = text === null ? null : cut(text)
        if (refusal === 'taken') settle('collides', collision(base, tokens, text ?? ''))
        else if (refusal !== null) settle(refusal, refusal === 'out-of-scope' ? outside(limits, key) : null)
        else if (open !== undefined) {
          const character = JSON.stringify(keyToText(open))
          settle('unreachable', `${character} stands inside pieces of the base, and would change them as a piece`)
        } else if (changed !== null) settle('unreachable', changed)
        else {
          settle('unreachable', null)
          wanted.push({ key, fate })
        }
      }
    }
  }
  return { fates, wanted }
}

/** The donor's key as this base spells it; null where it cannot. */
function keyForBase(base: Tokenizer, { key }: DonorPiece): string | null {
  if (base.form === 'byte-level') return key
  if (keyToText(key) === null) return null
  return key.replaceAll(' ', SPACE_MARK)
}

/** `▁` as a key. */
const SPACE_MARK = textToKey('▁')

/** Why the base's pipeline never hands a text to its model whole; null when it does. */
function wordCutter(base: Tokenizer): (text: string) => string | null {
  const normalize: TextFunction = compileNormalizer(
    // A dummy prefix is no matter of the piece.
    withoutPrepend(base.normalizer),
  )
  const preTokenize: PreTokenizer = compilePreTokenizer(base.preTokenizer, base.form)
  return (key) => {
    const text = base.form === 'sentencepiece' ? key.replaceAll('▁', ' ') : key
    const spelled = base.form === 'sentencepiece' ? key : text
    const normalized = normalize(text)
    if (normalized !== text && normalized !== spelled) {
      return `the base's normalizer makes ${JSON.stringify(normalized)} of it`
    }
    const words = preTokenize(normalized, false)
    if (words.length === 1) return null
    return `the base cuts text there: ${words.map((word) => JSON.stringify(word)).join(' + ') || 'nothing is left'}`
  }
}

function withoutPrepend(node: Tokenizer['normalizer']): Tokenizer['normalizer'] {
  if (node?.type === 'Prepend') return null
  if (node?.type !== 'Sequence' || !Array.isArray(node.normalizers)) return node
  return { ...node, normalizers: node.normalizers.filter((step) => step?.type !== 'Prepend') }
}

function sameAs(donors: readonly Donor[], earlier: PieceFate, donor: number): string {
  const of = earlier.donor === donor ? '' : ` of ${donors[earlier.donor].name}`
  return `${earlier.spelled}${of}`
}

function collision(base: Tokenizer, tokens: ReadonlyMap<string, number>, text: string): string {
  const token = tokens.get(text)
  if (token !== undefined) return `added token ${token}`
  const twin = base.pieces.findIndex(
    (piece, id) => base.kinds[id] === PieceKind.Normal && piece.normalize('NFC') === text,
  )
  return `composed form of ${readablePiece(base)(twin)}, id ${twin}`
}

/** The first thing in a key that the scope does not take. */
function outside({ form, scope }: PieceLimits, key: string): string {
  const text = keyToText(key)
  if (text === null) return `bytes ${hex(keyToBytes(key))} also stand in other scripts`
  const bare = form === 'sentencepiece' ? text.replace(/^▁/, '') : text.replace(/^ /, '')
  if (bare === '') return 'a space alone'
  for (const character of bare) {
    const alone = textToKey(character)
    if (refusalOf({ form, scope, maxPieceLength: 1, taken: new Set() }, alone) === 'out-of-scope') {
      return `${JSON.stringify(character)} is not in the scope ${scope.name}`
    }
  }
  return `not of the scope ${scope.name}`
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
