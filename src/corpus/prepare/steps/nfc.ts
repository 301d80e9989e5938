/** Unicode normalization form C: syllables from conjoining jamo, one spelling for what looks the same. */
import { eachText, noOptions, stepKind } from '../kind'

/**
 * NFC and not NFKC, which would make ᄏᄏᄏ of ㅋㅋㅋ and 1 of ①. What NFC does to Korean besides: the 268 ideographs that
 * KS X 1001 has twice or more often for their readings (U+F900 to U+FA0B, 樂 as 낙, 락, 악 and 요) become one.
 * Idempotent.
 */
export const nfc = stepKind({
  name: 'nfc',
  about: 'Unicode NFC: 한 spelled in jamo becomes one syllable',
  options: noOptions,
  start: () => eachText((text) => text.normalize('NFC')),
})
