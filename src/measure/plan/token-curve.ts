import { throwIfAborted } from '../../errors'
import { createEncoder, encodeBytes } from '../../tokenizer/encoder'
import type { Tokenizer } from '../../tokenizer/types'
import { type TakenBack, takeBack } from './take-back'

/** What a text holds, and how often each id of the largest extension stands in it. */
export interface MeasuredText {
  lines: number
  /** UTF-8; line ends are not counted. */
  bytes: number
  /** Precomposed Hangul syllables, U+AC00 to U+D7A3. */
  syllables: number
  /** Tokens by the base. */
  baseTokens: number
  /** By id, encoded with all pieces. */
  uses: Float64Array
  /**
   * By base id, the uses that stay whatever pieces there are: with `ignore_merges` a pre-token that is a base piece is
   * taken whole. Of pieces that the base's merges do not reach, the base has no others.
   */
  fixed: Float64Array
}

/**
 * Encodes every line twice, as a text of its own: with the base, and with all pieces.
 *
 * @param lines UTF-8 without line ends
 */
export async function measureText(
  base: Tokenizer,
  extended: Tokenizer,
  lines: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { onBytes?: (bytes: number) => void; signal?: AbortSignal } = {},
): Promise<MeasuredText> {
  const before = createEncoder(base)
  const after = createEncoder(extended)
  const text: MeasuredText = {
    lines: 0,
    bytes: 0,
    syllables: 0,
    baseTokens: 0,
    uses: new Float64Array(extended.pieces.length),
    fixed: new Float64Array(base.pieces.length),
  }
  for await (const line of lines) {
    text.lines++
    text.bytes += line.length
    text.syllables += countSyllables(line, 0, line.length)
    const baseIds = encodeBytes(before, line)
    text.baseTokens += baseIds.length
    for (let i = 0; i < baseIds.length; i++) text.fixed[baseIds[i]]++
    const ids = encodeBytes(after, line)
    for (let i = 0; i < ids.length; i++) text.uses[ids[i]]++
    if ((text.lines & 0xfff) === 0) {
      throwIfAborted(options.signal)
      options.onBytes?.(text.bytes)
    }
  }
  return text
}

/**
 * Tokens of a text at every size, exactly those that encoding with the first n pieces gives, from one encoding with all
 * of them: see {@link takeBackSteps}.
 *
 * @returns by size, 0 to all
 */
export function tokenCurve({ uses, fixed }: MeasuredText, steps: readonly TakenBack[][]): Float64Array {
  const left = uses.slice()
  const tokens = new Float64Array(steps.length)
  let count = 0
  for (let id = 0; id < left.length; id++) count += left[id]
  for (const step of steps) for (const { id } of step) if (id < fixed.length) left[id] -= fixed[id]
  for (let size = steps.length - 1; size >= 0; size--) {
    tokens[size] = count
    count += takeBack(left, steps[size])
  }
  return tokens
}

/** Precomposed Hangul syllables of bytes[start .. end), valid UTF-8 or not. */
export function countSyllables(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = start; at + 2 < end; at++) {
    const lead = bytes[at]
    if (lead < 0xea || lead > 0xed) continue
    const second = bytes[at + 1]
    const third = bytes[at + 2]
    if ((second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) continue
    const codePoint = ((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f)
    if (codePoint < 0xac00 || codePoint > 0xd7a3) continue
    count++
    at += 2
  }
  return count
}
