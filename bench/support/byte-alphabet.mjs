/** GPT-2's byte alphabet (`bytes_to_unicode`), in which byte-level peers spell words and pieces. */

const BYTE_OF_CHAR = new Map()
let next = 0x100
for (let byte = 0; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  BYTE_OF_CHAR.set(String.fromCharCode(printable ? byte : next++), byte)
}

/** @returns {Buffer} the bytes that `ĠìķĪ` stands for */
export function bytesOf(spelled) {
  return Buffer.from(Array.from(spelled, (char) => BYTE_OF_CHAR.get(char)))
}
