/** Where one segment of raw UTF-8 falls into words, for the encoder's fast paths. */
import { encodePending, HASH_PRIME, hashBytes, noteWord } from './encode-words'
import type { Encoder } from './encoder'
import type { SpaceRuns } from './fast-path'

/** Encodes encoder.text[1 .. 1 + length). */
export function encodeSegment(encoder: Encoder, length: number, isFirst: boolean): void {
  if (length === 0) return
  const { text, fast } = encoder
  const end = length + 1
  if (fast!.kind === 'scanner') {
    const { scan } = fast!
    for (let at = 1; at < end; ) {
      const next = scan(text, at, end)
      noteWord(encoder, at, next, hashBytes(text, at, next))
      at = next
    }
    encodePending(encoder)
    return
  }
  const { prefix } = fast!
  const spaced = text[1] === 0x20 || (text[1] === 0xe2 && text[2] === 0x96 && text[3] === 0x81)
  const prepends = prefix === 'always' || (prefix !== 'never' && !spaced && (prefix === 'unless-spaced' || isFirst))
  text[0] = 0x20
  noteSpaced(encoder, prepends ? 0 : 1, end)
  encodePending(encoder)
}

/**
 * Words of SentencePiece text: a run of spaces and what follows up to the next space. Where the vocabulary allows it, a
 * run of Hangul ends the word before it and is a word of its own, with the spaces before it: shorter words come again
 * more often.
 */
function noteSpaced(encoder: Encoder, start: number, end: number): void {
  const { text, fast } = encoder
  const { cutsAtHangul } = encoder.symbols
  const runs = fast!.kind === 'spaces' ? fast!.runs : null
  for (let at = start; at < end; ) {
    if (runs && text[at] === 0x20 && text[at + 1] === 0x20) at = noteRuns(encoder, runs, at, end)
    const first = at
    let hash = 0
    while (at < end && text[at] === 0x20) {
      hash = Math.imul(hash ^ 0x20, HASH_PRIME)
      at++
    }
    if (cutsAtHangul && at < end && text[at] >= 0xea && isSyllable(text, at, end)) {
      do {
        hash = Math.imul(hash ^ ((text[at] << 16) | (text[at + 1] << 8) | text[at + 2]), HASH_PRIME)
        at += 3
      } while (at < end && isSyllable(text, at, end))
    } else {
      while (at < end) {
        const byte = text[at]
        // A space behind a space, or behind a `▁` that stands in the text itself, may merge with it.
        if (byte === 0x20 && !spaceBefore(text, at)) break
        if (byte >= 0xea && cutsAtHangul && startsHangul(text, first, at, end)) break
        hash = Math.imul(hash ^ byte, HASH_PRIME)
        at++
      }
    }
    if (at > first) noteWord(encoder, first, at, hash ^ (hash >>> 15))
  }
}

/** Notes the tokens of a run of spaces, the longest first, each as a word; the end of the last one. */
function noteRuns(encoder: Encoder, runs: SpaceRuns, start: number, end: number): number {
  const { text } = encoder
  let at = start
  for (;;) {
    let length = 0
    while (length < runs.length - 1 && at + length < end && text[at + length] === 0x20) length++
    while (length > 1 && runs[length] < 0) length--
    if (length < 2) return at
    noteWord(encoder, at, at + length, hashBytes(text, at, at + length))
    at += length
  }
}

function spaceBefore(text: Uint8Array, at: number): boolean {
  const before = text[at - 1]
  return before === 0x20 || (before === 0x81 && text[at - 2] === 0x96 && text[at - 3] === 0xe2)
}

/** Whether a run of Hangul starts here that may be cut off: not one that follows a `▁` of the text itself. */
function startsHangul(text: Uint8Array, first: number, at: number, end: number): boolean {
  if (!isSyllable(text, at, end) || spaceBefore(text, at)) return false
  return at - first < 3 || !isSyllable(text, at - 3, at)
}

function isSyllable(text: Uint8Array, at: number, end: number): boolean {
  const lead = text[at]
  if (lead < 0xea || lead > 0xed || at + 2 >= end) return false
  const codePoint = ((lead & 0x0f) << 12) | ((text[at + 1] & 0x3f) << 6) | (text[at + 2] & 0x3f)
  return codePoint >= 0xac00 && codePoint <= 0xd7a3
}
