/** Documents that were there already. */
import { comparable, ignored } from '../comparable'
import { createHashSet } from '../hash-set'
import { hashText } from '../hash128'
import { optionsOf, stepKind } from '../kind'

export const exact = stepKind({
  name: 'exact',
  about: 'documents that are equal but for spaces: the first stays',
  options: optionsOf({ ignore: ignored.default(['spaces']) }),
  /** 128-bit hashes of all documents in memory: 21 to 43 bytes a document. The first of equal documents stays. */
  start: ({ ignore }) => {
    const seen = createHashSet()
    const hash = new Uint32Array(4)
    return {
      passes: 0,
      judge: ({ text }) =>
        seen.add(hashText(comparable(text, ignore), 0, hash)) ? text : { removed: 'exact duplicate' },
      figures: () => ({ 'distinct documents': seen.size(), 'bytes of memory': seen.bytes() }),
    }
  },
})
