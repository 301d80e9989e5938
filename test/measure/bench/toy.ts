/** A tokenizer that can be worked out by hand: longest match over a few pieces, `▁` for a space, bytes, and `<unk>`. */

import type { MeasuredTokenizer } from '../../../src/measure/tokenizers/types'
import { encodeUtf8 } from '../../../src/text/utf8'

const decoder = new TextDecoder()

/** Ids: 0 `<unk>`, then the pieces; with `bytes` 256 byte pieces behind them. */
export function toyTokenizer(pieces: string[], { bytes = false, name = 'toy' } = {}): MeasuredTokenizer {
  const texts = pieces.map((piece) => piece.replaceAll('▁', ' '))
  const bytesFrom = 1 + pieces.length
  const table: (Uint8Array | null)[] = [null, ...texts.map(encodeUtf8)]
  if (bytes) for (let byte = 0; byte < 256; byte++) table.push(Uint8Array.of(byte))
  const size = table.length
  const longest = (text: string, at: number) => {
    let best = -1
    texts.forEach((piece, i) => {
      if (text.startsWith(piece, at) && (best < 0 || piece.length > texts[best].length)) best = i
    })
    return best
  }
  return {
    name,
    source: name,
    engine: 'toy',
    kind: 'toy',
    size,
    sha256: null,
    bytes: table,
    special: Uint8Array.from(table, (_, id) => (id === 0 ? 1 : 0)),
    byteIds: Uint8Array.from(table, (_, id) => (id >= bytesFrom ? 1 : 0)),
    unkId: 0,
    readable: (id) => (id === 0 ? '<unk>' : (pieces[id - 1] ?? `<0x${id - bytesFrom}>`)),
    encode(text) {
      const ids: number[] = []
      for (let at = 0; at < text.length; ) {
        const found = longest(text, at)
        if (found >= 0) {
          ids.push(1 + found)
          at += texts[found].length
          continue
        }
        const char = String.fromCodePoint(text.codePointAt(at)!)
        if (bytes) for (const byte of encodeUtf8(char)) ids.push(bytesFrom + byte)
        else ids.push(0)
        at += char.length
      }
      return ids
    },
    decode: (ids) =>
      decoder.decode(Uint8Array.from(Array.from(ids).flatMap((id) => Array.from(table[id] ?? encodeUtf8('⁇'))))),
    normalize: (text) => text,
  }
}
