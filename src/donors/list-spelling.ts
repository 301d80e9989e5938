/** How the lines of a text list stand for text. */

import { bytesToKey, textToKey } from '../text/byte-key'
import { isValidUtf8 } from '../text/utf8'
import { pieceToBytes } from '../tokenizer/byte-alphabet'
import { byteOfPiece } from '../tokenizer/files/text'
import type { ListEntry } from './list-lines'
import type { DonorPiece } from './types'

/**
 * - `metaspace`: `▁` is a space, unmarked lines are the inside of words
 * - `byte-level`: each character is a byte of GPT-2's alphabet
 * - `wordpiece`: `##x` is inside a word, unmarked lines begin one
 * - `plain`: pieces without any mark: the text as it stands
 * - `words`: each line is a word, at a word's beginning and inside one
 */
export type ListSpelling = 'metaspace' | 'byte-level' | 'wordpiece' | 'plain' | 'words'

/** In a vocabulary of WordPiece a fifth to a half of the pieces are marked; in other lists `##` is a stray heading. */
const WORDPIECE_SHARE = 1 / 20

/**
 * - any `▁`: metaspace
 * - all lines are spelled in the byte alphabet, and of those with characters outside ASCII at least half spell whole
 *   UTF-8 characters (the others are cut ones): byte-level. `café` is no UTF-8 as bytes.
 * - a twentieth of the lines begins with `##` and a letter or digit behind it: wordpiece
 *
 * @param asked `pieces` takes one marked line as enough for wordpiece, and never gives words
 */
export function spellingOfList(entries: readonly ListEntry[], asked: 'auto' | 'words' | 'pieces'): ListSpelling {
  if (asked === 'words') return 'words'
  if (entries.some(({ text }) => text.includes('▁'))) return 'metaspace'
  if (inByteAlphabet(entries)) return 'byte-level'
  let marked = 0
  for (const { text } of entries) if (/^##[\p{L}\p{N}]/u.test(text)) marked++
  if (marked > 0 && (asked === 'pieces' || marked >= entries.length * WORDPIECE_SHARE)) return 'wordpiece'
  return asked === 'pieces' ? 'plain' : 'words'
}

function inByteAlphabet(entries: readonly ListEntry[]): boolean {
  let foreign = 0
  let whole = 0
  for (const { text } of entries) {
    const bytes = pieceToBytes(text)
    if (!bytes) return false
    if (!/[^\x00-\x7f]/.test(text)) continue
    // The 128 bytes that begin or continue a character stand alone in every such vocabulary and prove nothing.
    if (bytes.length === 1) continue
    foreign++
    if (isValidUtf8(bytes)) whole++
  }
  return foreign > 0 && whole * 2 >= foreign
}

/** One piece for a line, two for a word. */
export function listPieces({ text, score }: ListEntry, spelling: ListSpelling): DonorPiece[] {
  if (spelling === 'words') {
    const word = text.trim()
    // A line of nothing but wide spaces.
    if (word === '') return []
    const key = textToKey(word)
    return [
      { spelled: word, key: ` ${key}`, kind: 'piece', score },
      { spelled: word, key, kind: 'piece', score },
    ]
  }
  if (isSpecial(text)) return [{ spelled: text, key: '', kind: 'special', score }]
  const byte = spelling === 'byte-level' ? -1 : byteOfPiece(text)
  if (byte >= 0) return [{ spelled: text, key: String.fromCharCode(byte), kind: 'byte', score }]
  const key = keyOf(text, spelling)
  const single = spelling === 'byte-level' && key.length === 1
  return [{ spelled: text, key, kind: single ? 'byte' : 'piece', score }]
}

function keyOf(text: string, spelling: Exclude<ListSpelling, 'words'>): string {
  switch (spelling) {
    case 'metaspace':
      return textToKey(text.replaceAll('▁', ' '))
    case 'byte-level':
      return bytesToKey(pieceToBytes(text)!)
    case 'wordpiece':
      return text.startsWith('##') && text.length > 2 ? textToKey(text.slice(2)) : ` ${textToKey(text)}`
    case 'plain':
      return textToKey(text)
  }
}

/** Names that vocabularies give their special tokens; a list does not say so itself. */
function isSpecial(text: string): boolean {
  return (
    /^<(?:\/?s|unk|pad|mask|bos|eos|cls|sep|unused\d+|extra_id_\d+|reserved_\d+|\|[^<>]*\|)>$/i.test(text) ||
    /^\[(?:UNK|CLS|SEP|PAD|MASK|BOS|EOS|unused\d+)\]$/.test(text)
  )
}
