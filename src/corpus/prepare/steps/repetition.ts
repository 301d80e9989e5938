/** Documents that say the same again and again, by the measures of Gopher. */
import type { z } from 'zod'
import { optionsOf, share, stepKind, whole } from '../kind'
import { repeatedShares } from '../repetition'

const shares = (from: number, values: readonly number[]) =>
  optionsOf(
    Object.fromEntries(values.map((value, i) => [String(from + i), share.default(value)])) as Record<
      string,
      z.ZodDefault<typeof share>
    >,
  ).prefault({})

export const repetition = stepKind({
  name: 'repetition',
  about: 'documents of repeated lines, paragraphs or n-grams of words (Gopher)',
  /**
   * The largest shares that pass, as Rae et al. 2021 (arXiv 2112.11446), table A1. 1 switches a measure off: n-grams that
   * overlap are counted each, and may be more than the text.
   */
  options: optionsOf({
    /** Documents of fewer words pass: the shares were chosen for pages, and in a short text a phrase said twice is much. */
    'min-words': whole(0).default(30),
    'duplicate-lines': share.default(0.3),
    'duplicate-paragraphs': share.default(0.3),
    /** Of the characters of the document. */
    'duplicate-line-characters': share.default(0.2),
    'duplicate-paragraph-characters': share.default(0.2),
    /** Characters in the most frequent n-gram of 2, 3 and 4 words. */
    'top-n-gram': shares(2, [0.2, 0.18, 0.16]),
    /** Characters in n-grams of 5 to 10 words that were there before. */
    'duplicate-n-grams': shares(5, [0.15, 0.14, 0.13, 0.12, 0.11, 0.1]),
  }),
  start: (options) => {
    const bounds: Record<string, unknown> = {
      ...{ ...options, ...flat('top-n-gram', options), ...flat('duplicate-n-grams', options) },
    }
    return {
      passes: 0,
      judge: ({ text }) => {
        if (!hasWords(text, options['min-words'])) return text
        for (const [name, value] of repeatedShares(text)) {
          const bound = bounds[name] as number
          if (bound < 1 && value > bound) {
            return { removed: name, seen: value.toFixed(3) }
          }
        }
        return text
      },
    }
  },
})

function flat(name: 'top-n-gram' | 'duplicate-n-grams', options: Record<string, unknown>): Record<string, number> {
  const inner = options[name] as Record<string, number>
  return Object.fromEntries(Object.entries(inner).map(([n, value]) => [`${name} ${n}`, value]))
}

function hasWords(text: string, count: number): boolean {
  let seen = 0
  let inWord = false
  for (let i = 0; i < text.length && seen < count; i++) {
    const unit = text.charCodeAt(i)
    const isSpace = unit <= 0x20 || unit === 0xa0 || unit === 0x3000
    if (!isSpace && !inWord) seen++
    inWord = !isSpace
  }
  return seen >= count
}
