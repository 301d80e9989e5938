/** A name for a sequence of documents, made while they are read. */
import { sha256Hex } from '../../tokenizer/hash'

/** SHA-256 (hex) of the key so far, then the ids as they lie in memory, then their masks. */
export function chainKey(key: string, ids: Int32Array, mask: Uint8Array): string {
  const head = new TextEncoder().encode(key)
  const bytes = new Uint8Array(head.length + ids.byteLength + mask.length)
  bytes.set(head)
  bytes.set(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength), head.length)
  bytes.set(mask, head.length + ids.byteLength)
  return sha256Hex(bytes)
}
