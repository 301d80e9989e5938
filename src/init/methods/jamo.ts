import { decodeUtf8, encodeUtf8, isValidUtf8, utf8Length } from '../../text/utf8'
import { bytesToPiece, pieceToBytes } from '../../tokenizer/byte-alphabet'
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import type { InitContext, InitMethodFunction } from './types'

/**
 * A syllable that the base spells with bytes borrows from the syllables that it has as tokens: a third each from the mean
 * of those with the same initial consonant, the same vowel and the same final (none counts as one), so that a token with
 * two in common weighs twice. Of the thirds that no token serves, the others take over; without any the syllable is the
 * mean of its bytes, and so is every other character of several tokens. A piece is the mean of its characters weighted by
 * their UTF-8 bytes. The arithmetic is the Unicode Standard's, section 3.12; that jamo carry meaning into unseen
 * syllables is what K. Stratos ("A Sub-Character Architecture for Korean Language Processing", EMNLP 2017) and S. Park
 * et al. ("Subword-level Word Vector Representations for Korean", ACL 2018) found for word vectors. To make rows of a
 * language model so is this project's own. Each row sums to 1.
 */
export const jamo: InitMethodFunction = (context) => {
  const groups = syllableGroups(context)
  return ({ id, piece }) => {
    const characters = charactersOf(context.extended, id, piece)
    const total = characters.reduce((sum, { bytes }) => sum + bytes, 0)
    const ids: number[] = []
    const weights: number[] = []
    for (const character of characters) {
      const share = character.bytes / total
      const parts = context.spell(character.spelling)
      const borrowed = parts.length > 1 && isSyllable(character.codePoint) ? groups.like(character.codePoint) : []
      const sources = borrowed.length > 0 ? borrowed : [parts]
      for (const source of sources) {
        for (const baseId of source) {
          ids.push(baseId)
          weights.push(share / sources.length / source.length)
        }
      }
    }
    return { ids, weights }
  }
}

const FIRST_SYLLABLE = 0xac00
const LAST_SYLLABLE = 0xd7a3
const FINALS = 28
const VOWELS_AND_FINALS = 588

const isSyllable = (codePoint: number): boolean => codePoint >= FIRST_SYLLABLE && codePoint <= LAST_SYLLABLE

/** `i`, `v` and `f` with the number of the initial, vowel and final. */
function partsOf(codePoint: number): string[] {
  const index = codePoint - FIRST_SYLLABLE
  const initial = Math.floor(index / VOWELS_AND_FINALS)
  const vowel = Math.floor((index % VOWELS_AND_FINALS) / FINALS)
  return [`i${initial}`, `v${vowel}`, `f${index % FINALS}`]
}

/** The base's syllables by jamo; `like` gives the groups that share one with a syllable, empty ones left out. */
function syllableGroups({ base, spell }: InitContext) {
  const byPart = new Map<string, number[]>()
  base.pieces.forEach((piece, id) => {
    if (base.kinds[id] !== PieceKind.Normal) return
    const bytes = base.form === 'byte-level' ? pieceToBytes(piece) : encodeUtf8(piece)
    // A syllable is three bytes from EA on; decoding 128,000 pieces for nothing would be slow.
    if (bytes?.length !== 3 || bytes[0] < 0xea || !isValidUtf8(bytes)) return
    const codePoint = decodeUtf8(bytes).codePointAt(0)!
    // A token that merging does not reach was never trained.
    if (!isSyllable(codePoint) || spell(piece).length !== 1) return
    for (const part of partsOf(codePoint)) {
      const group = byPart.get(part)
      if (group) group.push(id)
      else byPart.set(part, [id])
    }
  })
  return {
    like: (codePoint: number): number[][] =>
      partsOf(codePoint).flatMap((part) => [byPart.get(part) ?? []].filter(some)),
  }
}

const some = (group: readonly number[]): boolean => group.length > 0

interface Character {
  /** As the vocabulary spells it. */
  spelling: string
  /** -1 for bytes of a cut character. */
  codePoint: number
  /** In UTF-8, `▁` as the space it stands for. */
  bytes: number
}

function charactersOf({ form, kinds }: Tokenizer, id: number, piece: string): Character[] {
  if (form === 'sentencepiece') {
    return [...piece].map((character) => ({
      spelling: character,
      codePoint: character.codePointAt(0)!,
      bytes: character === '▁' ? 1 : encodeUtf8(character).length,
    }))
  }
  // User-defined symbols are plain text.
  const bytes = (kinds[id] === PieceKind.Normal && pieceToBytes(piece)) || encodeUtf8(piece)
  const characters: Character[] = []
  for (let at = 0; at < bytes.length; ) {
    let end = at + utf8Length(bytes[at])
    const whole = bytes[at] < 0xf8 && end <= bytes.length && isValidUtf8(bytes, at, end)
    if (!whole) end = at + 1
    const part = bytes.subarray(at, end)
    characters.push({
      spelling: bytesToPiece(part),
      codePoint: whole ? decodeUtf8(part).codePointAt(0)! : -1,
      bytes: part.length,
    })
    at = end
  }
  return characters
}
