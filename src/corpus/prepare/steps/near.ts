/** Documents that are almost the same. */
import { type Clusters, findClusters, signatureStore } from '../clusters'
import { oneOf, optionsOf, share, stepKind, whole } from '../kind'
import { createSigner, shingles } from '../minhash'

export const near = stepKind({
  name: 'near',
  about: 'documents that are almost equal (MinHash-LSH): the first of a cluster stays',
  options: optionsOf({
    /** Characters stand josa and endings that differ better than words do. */
    unit: oneOf(['characters', 'words']).default('characters'),
    /** Characters or words of a shingle. */
    size: whole(1, 100).default(6),
    bands: whole(1, 256).default(20),
    rows: whole(1, 64).default(6),
    /** Least Jaccard similarity of the shingles, as the signatures estimate it. */
    threshold: share.default(0.8),
    /** Documents with fewer shingles are left alone: in short texts everything is similar. */
    'min-shingles': whole(1).default(20),
  }),
  remembers: 'to remove',
  /** Of each document whether it takes part, 1 or 0, and then its signature. */
  digest: ({ unit, size, bands, rows, 'min-shingles': least }) => {
    const places = bands * rows
    const sign = createSigner(places)
    let buffer: Uint32Array = new Uint32Array(1 << 14)
    return (documents) => {
      const signatures = new Uint16Array(documents.length * (places + 1))
      for (const [i, { text }] of documents.entries()) {
        const [hashes, count] = shingles(text, { unit, size }, buffer)
        buffer = hashes.length > 1 << 24 ? new Uint32Array(1 << 14) : hashes
        if (count < least) continue
        signatures[i * (places + 1)] = 1
        sign(hashes, count, signatures, i * (places + 1) + 1)
      }
      return signatures
    }
  },
  /**
   * MinHash with banding, as web corpora are deduplicated (Lee et al. 2022, arXiv 2107.06499; FineWeb). Memory: 2 bytes a
   * place of a signature and at most 24 more a document: 264 bytes a document with 20 bands of 6 rows.
   */
  start: ({ bands, rows, threshold }) => {
    const places = bands * rows
    const store = signatureStore(places)
    /** Bits: documents that take no part. */
    let skipped = new Uint8Array(1024)
    let clusters: Clusters | null = null
    const skip = (at: number): boolean => (skipped[at >> 3] & (1 << (at & 7))) !== 0
    return {
      passes: 1,
      observe: (_, at, __, digests, i) => {
        const signatures = digests as Uint16Array
        const from = i * (places + 1)
        const [chunk, place] = store.next()
        if (signatures[from] === 1) {
          chunk.set(signatures.subarray(from + 1, from + 1 + places), place)
          return
        }
        if (at >> 3 >= skipped.length) {
          const larger = new Uint8Array(skipped.length * 2)
          larger.set(skipped)
          skipped = larger
        }
        skipped[at >> 3] |= 1 << (at & 7)
      },
      passed: () => {
        clusters = findClusters(store, { bands, rows, threshold, skip })
      },
      judge: ({ text }, at) => (clusters!.first[at] === at ? text : { removed: 'near duplicate' }),
      figures: () => ({
        'pairs compared': clusters?.compared ?? 0,
        'bytes of signatures': store.bytes(),
      }),
    }
  },
})
