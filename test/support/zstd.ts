/** A zstd file without a compressor: raw blocks (RFC 8878, 3.1.1.2), small ones so that cuts fall between them. */
export function zstdStored(bytes: Uint8Array, blockBytes = 512): Uint8Array {
  // Magic; no checksum and no size of the content; a window of 2 MiB.
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58)]
  for (let at = 0; at === 0 || at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes)
    const header = (block.length << 3) | (at + blockBytes >= bytes.length ? 1 : 0)
    parts.push(Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16), block)
  }
  return new Uint8Array(Buffer.concat(parts))
}
