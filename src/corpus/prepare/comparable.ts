/** What two texts are compared by, once what does not matter is taken away. */
import { z } from 'zod'

export const IGNORABLE = ['spaces', 'case', 'punctuation'] as const
export type Ignored = (typeof IGNORABLE)[number]

export const ignored = z.array(z.enum(IGNORABLE, { error: `expected some of ${IGNORABLE.join(', ')}` }), {
  error: `expected a list of ${IGNORABLE.join(', ')}`,
})

/**
 * NFC, then without what is ignored: `spaces` takes all white space away (Korean is spaced in more ways than one),
 * `case` lowers letters, `punctuation` takes all but letters, marks, digits and white space away.
 */
export function comparable(text: string, ignore: readonly Ignored[]): string {
  let plain = text.normalize('NFC')
  if (ignore.includes('case')) plain = plain.toLowerCase()
  if (ignore.includes('punctuation')) plain = plain.replace(/[^\p{L}\p{M}\p{N}\s]+/gu, '')
  if (ignore.includes('spaces')) plain = plain.replace(/\s+/g, '')
  return plain
}
