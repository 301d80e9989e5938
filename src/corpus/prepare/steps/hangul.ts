/** Documents that are not Korean, by the share of Hangul among their letters. */
import { classOf, Letter } from '../../../text/unicode'
import { optionsOf, share, stepKind, whole } from '../kind'

export const hangul = stepKind({
  name: 'hangul',
  about: 'documents by the share of Hangul among their letters',
  options: optionsOf({
    min: share.default(0.3),
    max: share.default(1),
    /** Documents with fewer syllables go whatever the share. */
    'min-syllables': whole(0).default(0),
  }),
  start: (options) => ({
    passes: 0,
    judge: ({ text }) => {
      const { letters, syllables, jamo } = countHangul(text)
      const part = letters === 0 ? 0 : (syllables + jamo) / letters
      if (part < options.min) return { removed: 'too little Hangul', seen: part.toFixed(3) }
      if (part > options.max) return { removed: 'too much Hangul', seen: part.toFixed(3) }
      if (syllables < options['min-syllables']) return { removed: 'too few syllables', seen: String(syllables) }
      return text
    },
  }),
})

export interface HangulCounts {
  /** Of all scripts (\p{L}), Hangul among them. */
  letters: number
  syllables: number
  jamo: number
}

export function countHangul(text: string): HangulCounts {
  let letters = 0
  let syllables = 0
  let jamo = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xac00 && unit <= 0xd7a3) {
      syllables++
    } else if (isJamo(unit)) {
      jamo++
    } else if (unit < 0x80) {
      const lower = unit | 0x20
      if (lower >= 0x61 && lower <= 0x7a) letters++
    } else if (unit >= 0xd800 && unit <= 0xdbff && i + 1 < text.length) {
      if (classOf(text.codePointAt(i)!) & Letter) letters++
      i++
    } else if (classOf(unit) & Letter) letters++
  }
  return { letters: letters + syllables + jamo, syllables, jamo }
}

function isJamo(unit: number): boolean {
  return (
    (unit >= 0x1100 && unit <= 0x11ff) ||
    (unit >= 0x3131 && unit <= 0x318e) ||
    (unit >= 0xa960 && unit <= 0xa97c) ||
    (unit >= 0xd7b0 && unit <= 0xd7fb)
  )
}
