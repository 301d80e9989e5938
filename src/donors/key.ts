/** Text and bytes as keys: see {@link DonorPiece.key}. */
import { encodeUtf8 } from '../text/utf8'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The UTF-8 bytes of a text, one character (U+0000 to U+00FF) a byte. */
export function textToKey(text: string): string {
  return bytesToKey(encodeUtf8(text))
}

export function bytesToKey(bytes: Uint8Array): string {
  // Joined in one call: strings that grow by a character each are trees, which fill the memory of a million pieces.
  if (bytes.length <= 1024) return String.fromCharCode.apply(null, bytes as unknown as number[])
  let key = ''
  for (let at = 0; at < bytes.length; at += 1024) key += bytesToKey(bytes.subarray(at, at + 1024))
  return key
}

/** The text of a key, or null when its bytes are no whole characters. */
export function keyToText(key: string): string | null {
  try {
    return decoder.decode(Uint8Array.from(key, (char) => char.charCodeAt(0)))
  } catch {
    return null
  }
}
