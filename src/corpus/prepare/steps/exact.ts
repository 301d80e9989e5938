/** Documents that were there already. */
import { comparable, ignored } from '../comparable'
import { createHashSet } from '../hash-set'
import { hashText } from '../hash128'
import { optionsOf, stepKind } from '../kind'

export const exact = stepKind({
  name: 'exact',
  about: 'documents that are equal but for spaces: the first stays',
  options: optionsOf({ ignore: ignored.default(['spaces']) }),
  remembers: 'to remove',
  digest:
    ({ ignore }) =>
    (documents) => {
      const hashes = new Uint32Array(documents.length * 4)
      for (const [i, { text }] of documents.entries()) {
        hashText(comparable(text, ignore), 0, hashes.subarray(i * 4, i * 4 + 4))
      }
      return hashes
    },
  /** 128-bit hashes of all documents in memory: 21 to 43 bytes a document. The first of equal documents stays. */
  start: () => {
    const seen = createHashSet()
    return {
      passes: 0,
      judge: ({ text }, _, hashes, i) =>
        seen.add((hashes as Uint32Array).subarray(i * 4, i * 4 + 4)) ? text : { removed: 'exact duplicate' },
      figures: () => ({ 'distinct documents': seen.size(), 'bytes of memory': seen.bytes() }),
    }
  },
})
