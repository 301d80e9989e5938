/** What there is to divide by: lines, syllables, eojeols, characters and bytes of text, whatever the tokenizer. */
import type { TextCounts } from './bench/types'

export function noText(): TextCounts {
  return { lines: 0, syllables: 0, words: 0, characters: 0, inked: 0, bytes: 0 }
}

/** Adds a line, given without its line end. A lone surrogate counts as U+FFFD: one character, three bytes. */
export function addText(counts: TextCounts, line: string): void {
  counts.lines++
  let inWord = false
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i)
    const space = isSpace(unit)
    if (!space && !inWord) counts.words++
    inWord = !space
    counts.characters++
    if (!space) counts.inked++
    if (isSyllable(unit)) counts.syllables++
    counts.bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
    if ((unit & 0xfc00) === 0xd800 && (line.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      counts.bytes++
      i++
    }
  }
}

export function sumText(parts: readonly TextCounts[]): TextCounts {
  const sum = noText()
  for (const part of parts) for (const key of Object.keys(sum) as (keyof TextCounts)[]) sum[key] += part[key]
  return sum
}

/** Whether Korean figures are taken of it: a third or more of its characters, white space apart, are Hangul syllables. */
export function isKorean({ syllables, inked }: TextCounts): boolean {
  return syllables > 0 && syllables * 3 >= inked
}

function isSyllable(unit: number): boolean {
  return unit >= 0xac00 && unit <= 0xd7a3
}

/** Space, tab and the other ASCII controls of its kind, no-break space, ideographic space. */
export function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0 || unit === 0x3000
}
