/**
 * The script of a code point, as far as `spm_train` tells scripts apart when it splits by Unicode script
 * (trainer_interface.cc): Hiragana, Katakana and the long vowel mark count as Han.
 */

const NAMES = (
  'Common Inherited Latin Hangul Han Hiragana Katakana Cyrillic Greek Arabic Hebrew Devanagari Thai Armenian ' +
  'Georgian Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Oriya Sinhala Myanmar Khmer Lao Tibetan ' +
  'Mongolian Ethiopic Cherokee Canadian_Aboriginal Ogham Runic Bopomofo Yi Braille Syriac Thaana Nko Tifinagh ' +
  'Coptic Glagolitic Gothic Javanese Balinese Sundanese Cham Tai_Le New_Tai_Lue Tai_Tham Limbu Lepcha Ol_Chiki Vai'
).split(' ')

export const INHERITED: number = NAMES.indexOf('Inherited')
const HAN = NAMES.indexOf('Han')
const HIRAGANA = NAMES.indexOf('Hiragana')
const KATAKANA = NAMES.indexOf('Katakana')
/** Rare scripts share a number: words that mix two of them are not split. */
const OTHER = NAMES.length

const tests = NAMES.map((name) => new RegExp(`\\p{Script=${name}}`, 'u'))
const pages: (Uint8Array | undefined)[] = new Array(0x1100)

/** A number for the script of a code point; {@link INHERITED} for marks that take the script before them. */
export function scriptOf(codePoint: number): number {
  let page = pages[codePoint >> 8]
  if (!page) {
    page = new Uint8Array(256)
    for (let low = 0; low < 256; low++) page[low] = slowScriptOf(((codePoint >> 8) << 8) | low)
    pages[codePoint >> 8] = page
  }
  return page[codePoint & 0xff]
}

function slowScriptOf(codePoint: number): number {
  if (codePoint === 0x30fc) return HAN
  const char = String.fromCodePoint(codePoint)
  const found = tests.findIndex((test) => test.test(char))
  if (found === HIRAGANA || found === KATAKANA) return HAN
  return found < 0 ? OTHER : found
}
