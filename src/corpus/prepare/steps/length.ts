/** Documents that are too short or too long. */
import { optionsOf, stepKind, whole } from '../kind'

export const length = stepKind({
  name: 'length',
  about: 'documents by their length in characters and words',
  options: optionsOf({
    /** UTF-16 units, which for Korean are characters. */
    'min-characters': whole(0).default(10),
    'max-characters': whole(1).optional(),
    /** Eojeol: what stands between spaces. */
    'min-words': whole(0).default(0),
  }),
  start: (options) => {
    const { 'min-characters': least, 'max-characters': most = Number.POSITIVE_INFINITY, 'min-words': words } = options
    return {
      passes: 0,
      judge: ({ text }) => {
        const count = text.trim().length
        if (count < least) return { removed: 'too short', seen: `${count} characters` }
        if (count > most) return { removed: 'too long', seen: `${count} characters` }
        if (words > 0) {
          const found = text.match(/\S+/g)?.length ?? 0
          if (found < words) return { removed: 'too few words', seen: `${found} words` }
        }
        return text
      },
    }
  },
})
