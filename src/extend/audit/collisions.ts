/** Invariant 2: no two ids for one string, however it is spelled. */
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { collect } from './check'
import type { Check } from './types'
import { pairKey, readable, textOf, wholeTextOf } from './vocabulary'

/**
 * No new id repeats a string, in the vocabulary's spelling or as text: in byte-level form an added token is plain text
 * and a piece is spelled in the byte alphabet, so the two may say the same without being equal.
 */
export function checkNoCollision(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('2-no-collision', 'no two ids stand for one string')
  const spelled = new Map<string, number>()
  const said = new Map<string, number>()
  const firstNew = base.pieces.length
  extended.pieces.forEach((piece, id) => {
    if (piece === '') return
    count()
    const other = spelled.get(piece)
    const text = textOf(extended, id)
    // The bytes <0x41> and the piece `A` say the same in every SentencePiece vocabulary, and mean to.
    const says = text === null || extended.kinds[id] === PieceKind.Byte ? undefined : said.get(text)
    const twin = other ?? says
    if (twin !== undefined && id >= firstNew) {
      fail({ id, piece: readable(extended, id), isId: twin, of: twin < firstNew ? 'base' : 'new' })
    }
    if (other === undefined) spelled.set(piece, id)
    if (text !== null && says === undefined && extended.kinds[id] !== PieceKind.Byte) said.set(text, id)
  })
  return check()
}

/** A pair with two ranks has no order: readers differ in which one they keep. */
export function checkMergesOnce(extended: Tokenizer): Check {
  const { count, fail, check } = collect('2-merges-once', 'no pair merges twice, and each makes what it spells')
  const { left, right, result } = extended.merges
  const seen = new Map<number, number>()
  for (let rank = 0; rank < left.length; rank++) {
    count()
    const key = pairKey(left[rank], right[rank])
    const [l, r, made] = [left[rank], right[rank], result[rank]].map((id) => extended.pieces[id] ?? '')
    const first = seen.get(key)
    if (first !== undefined) fail({ pair: `${l} ${r}`, rank, firstRank: first })
    else if (l === '' || r === '' || l + r !== made) fail({ pair: `${l} ${r}`, rank, makes: made })
    seen.set(key, rank)
  }
  return check()
}

/**
 * Every new piece is its own NFC, and no other id is its twin under NFC: `가` as one syllable and as two jamo would be
 * one string to every reader and two to the model.
 */
export function checkNormalForm(base: Tokenizer, extended: Tokenizer): Check {
  const { count, fail, check } = collect('2-normal-form', 'new pieces are in NFC and have no NFC or NFD twin')
  const composed = new Map<string, number>()
  const firstNew = base.pieces.length
  extended.pieces.forEach((_, id) => {
    if (extended.kinds[id] === PieceKind.Byte) return
    const text = textOf(extended, id)
    if (text === null) {
      // Cut inside a character: what stands before the cut must be composed.
      const whole = wholeTextOf(extended, id)
      if (id < firstNew) return
      count()
      if (whole.normalize('NFC') !== whole) fail({ id, piece: readable(extended, id), nfc: whole.normalize('NFC') })
      return
    }
    const nfc = text.normalize('NFC')
    const twin = composed.get(nfc)
    if (twin === undefined) composed.set(nfc, id)
    if (id < firstNew) return
    count()
    if (nfc !== text) fail({ id, piece: readable(extended, id), nfc })
    // The same string twice is a collision, not a twin.
    else if (twin !== undefined && textOf(extended, twin) !== text) {
      fail({ id, piece: readable(extended, id), twinOf: twin, twin: readable(extended, twin) })
    }
  })
  return check()
}
