/** More of one source, less of another. */
import { z } from 'zod'
import { hashText } from '../hash128'
import { optionsOf, stepKind } from '../kind'

const error = 'expected a number from 0 to 1000'
const weight = z.number({ error }).min(0, { error }).max(1000, { error })

export const mix = stepKind({
  name: 'mix',
  about: 'sources taken more or less often: 0.5 keeps half of the documents, 2.5 takes each two or three times',
  options: optionsOf({
    /** By source; the others weigh 1. */
    weights: z.record(z.string(), weight, { error: 'expected a weight for each source' }),
  }),
  /**
   * A document's own text and the seed decide, so that neither order nor shards matter. Copies follow each other: shuffle
   * before training, as ko-vocab pretrain does. Equal texts of a source are all taken or all left.
   */
  start: ({ weights }, { seed }) => {
    const hash = new Uint32Array(4)
    return {
      passes: 0,
      judge: ({ text, source }) => {
        const wanted = weights[source] ?? 1
        if (Number.isInteger(wanted)) return wanted === 0 ? { removed: 'sampled out' } : { copies: wanted }
        hashText(text, seed, hash)
        const drawn = (hash[0] * 2 ** 21 + (hash[1] >>> 11)) / 2 ** 53
        const copies = Math.floor(wanted) + (drawn < wanted % 1 ? 1 : 0)
        return copies === 0 ? { removed: 'sampled out' } : { copies }
      },
    }
  },
})
