/** Files in one ZIP, stored as they are: weights hardly get smaller. */

/**
 * @param {Map<string, string | Uint8Array>} files
 * @returns {Uint8Array} below 4 GB
 */
export function zip(files) {
  const encoder = new TextEncoder()
  const parts = []
  const directory = []
  let at = 0
  const put = (list, bytes) => list.push(bytes)
  for (const [name, content] of files) {
    const bytes = typeof content === 'string' ? encoder.encode(content) : content
    const path = encoder.encode(name)
    // Version 2.0, UTF-8 names, stored, 1 January 1980: equal files give equal bytes.
    const common = [
      ...[u16(20), u16(0x800), u16(0), u16(0), u16(33)],
      ...[u32(crc32(bytes)), u32(bytes.length), u32(bytes.length), u16(path.length), u16(0)],
    ]
    put(directory, join([u32(0x02014b50), u16(20), ...common, u16(0), u16(0), u16(0), u32(0), u32(at), path]))
    const head = join([u32(0x04034b50), ...common, path])
    put(parts, head)
    put(parts, bytes)
    at += head.length + bytes.length
  }
  const listed = join(directory)
  const count = u16(files.size)
  return join([...parts, listed, u32(0x06054b50), u16(0), u16(0), count, count, u32(listed.length), u32(at), u16(0)])
}

const u16 = (value) => Uint8Array.of(value, value >>> 8)
const u32 = (value) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)

function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let c = i
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

function crc32(bytes) {
  let c = 0xffffffff
  for (const byte of bytes) c = TABLE[(c ^ byte) & 0xff] ^ (c >>> 8)
  return ~c >>> 0
}
