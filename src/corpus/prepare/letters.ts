/** Texts as the letters, marks and digits that they are compared by, lowered, in UTF-16 units. */
import { classOf, Letter, Mark, Number_ } from '../../text/unicode'

/** A number for each UTF-16 unit: itself, lowered, when it counts; 0 when it does not; 1 for half of a pair. */
let units: Uint16Array | null = null

const COUNTS = Letter | Mark | Number_

function fillUnits(): Uint16Array {
  const table = new Uint16Array(0x10000)
  for (let unit = 1; unit < 0x10000; unit++) {
    if (unit >= 0xd800 && unit <= 0xdfff) table[unit] = 1
    else if (classOf(unit) & COUNTS) {
      const lower = String.fromCharCode(unit).toLowerCase()
      table[unit] = lower.length === 1 ? lower.charCodeAt(0) : unit
    }
  }
  units = table
  return table
}

/**
 * The letters of a text without anything between them. NFC is the caller's to care for.
 *
 * @param into grows as needed and is returned, so that many texts share it
 * @returns the units, and how many of them count
 */
export function lettersOf(text: string, into: Uint16Array): [letters: Uint16Array, count: number] {
  const table = units ?? fillUnits()
  const out = into.length < text.length ? new Uint16Array(text.length * 2) : into
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const unit = table[text.charCodeAt(i)]
    if (unit > 1) out[count++] = unit
    else if (unit === 1) {
      const code = text.codePointAt(i)!
      if (code <= 0xffff) continue
      if (classOf(code) & COUNTS) {
        out[count++] = text.charCodeAt(i)
        out[count++] = text.charCodeAt(i + 1)
      }
      i++
    }
  }
  return [out, count]
}
