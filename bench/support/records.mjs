/**
 * What encoders and decoders gave for each line, as a file: the length in bytes (int32, little-endian), then the bytes,
 * record after record. Ids are int32, text is UTF-8. The workers in Python write the same.
 */
import { readFileSync } from 'node:fs'

/** @returns {Buffer} one record */
export function record(bytes) {
  const head = Buffer.alloc(4)
  head.writeInt32LE(bytes.length)
  return Buffer.concat([head, bytes])
}

/** @returns {Buffer} one record of ids */
export function idsRecord(ids) {
  const numbers = Int32Array.from(ids)
  return record(Buffer.from(numbers.buffer))
}

/** @returns {Buffer[]} */
export function readRecords(path) {
  const whole = readFileSync(path)
  const records = []
  for (let at = 0; at < whole.length; ) {
    const end = at + 4 + whole.readInt32LE(at)
    if (end > whole.length) throw new Error(`${path}: record ${records.length} ends at ${end} of ${whole.length} bytes`)
    records.push(whole.subarray(at + 4, end))
    at = end
  }
  return records
}

/** @returns {Int32Array} */
export function idsOf(bytes) {
  // A copy: a record may lie unaligned in the file.
  return new Int32Array(new Uint8Array(bytes).buffer)
}

/** @returns {number[]} the numbers of the records that are not the same in both files, from 0 */
export function differingRecords(one, other) {
  const [a, b] = [readRecords(one), readRecords(other)]
  if (a.length !== b.length) throw new Error(`${one} holds ${a.length} lines, ${other} ${b.length}`)
  return a.flatMap((bytes, i) => (bytes.equals(b[i]) ? [] : [i]))
}
