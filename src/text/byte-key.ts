/**
 * Pieces as keys: the UTF-8 bytes of what they stand for, one character (U+0000 to U+00FF) a byte. Keys of all spellings
 * concatenate as their texts do, and compare as their bytes do.
 */
import { encodeUtf8 } from './utf8'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

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

export function keyToBytes(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}

/** The text of a key, or null when its bytes are no whole characters. */
export function keyToText(key: string): string | null {
  try {
    return decoder.decode(keyToBytes(key))
  } catch {
    return null
  }
}
