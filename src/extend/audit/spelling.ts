/** What ids spell, byte by byte, without a decoder. */
import { toWellFormed } from '../../text/utf8'
import { splitAddedTokens } from '../../tokenizer/pipeline/added-tokens'
import { compilePreTokenizer } from '../../tokenizer/pipeline/pre-tokenize'
import type { Tokenizer } from '../../tokenizer/types'
import { bytesOf } from './vocabulary'

/** The bytes of all ids, one after the other: id i has bytes[starts[i] .. starts[i + 1]). */
export interface IdBytes {
  bytes: Uint8Array
  starts: Uint32Array
}

export function idBytes(tokenizer: Tokenizer): IdBytes {
  const lists = tokenizer.pieces.map((_, id) => bytesOf(tokenizer, id) ?? new Uint8Array(0))
  const starts = new Uint32Array(lists.length + 1)
  lists.forEach((list, id) => {
    starts[id + 1] = starts[id] + list.length
  })
  const bytes = new Uint8Array(starts[lists.length])
  lists.forEach((list, id) => {
    bytes.set(list, starts[id])
  })
  return { bytes, starts }
}

/** Whether ids spell wanted[0 .. end), with or without a space in front (a dummy prefix). */
export function spells({ bytes, starts }: IdBytes, ids: ArrayLike<number>, wanted: Uint8Array, end: number): boolean {
  let length = 0
  for (let i = 0; i < ids.length; i++) length += starts[ids[i] + 1] - starts[ids[i]]
  let at = end - length
  if (at !== 0 && at !== -1) return false
  for (let i = 0; i < ids.length; i++) {
    for (let from = starts[ids[i]]; from < starts[ids[i] + 1]; from++, at++) {
      if (bytes[from] !== (at < 0 ? 0x20 : wanted[at])) return false
    }
  }
  return true
}

/**
 * The text that the ids of a text must spell: normalized, `▁` as the space it stands for, a dummy prefix included,
 * added tokens as they are.
 */
export function spelledText(tokenizer: Tokenizer): (text: string) => string {
  const split = splitAddedTokens(tokenizer)
  const preTokenize = compilePreTokenizer(tokenizer.preTokenizer, tokenizer.form)
  // The decoder does not ask whether a `▁` stands in an added token (Yi's runs of spaces are such).
  const spaced = (text: string) => (tokenizer.form === 'sentencepiece' ? text.replaceAll('▁', ' ') : text)
  return (text) =>
    split(toWellFormed(text))
      .map((segment, i) =>
        spaced(segment.id !== undefined ? tokenizer.pieces[segment.id] : preTokenize(segment.text, i === 0).join('')),
      )
      .join('')
}
