/** From signatures to clusters of near-duplicates: banding finds candidates, signatures verify, union-find joins. */

import { mix32 } from './hash128'
import { similarity } from './minhash'

export interface SignatureStore {
  /** A place for one more signature: the chunk, and where it begins in it. */
  next: () => [chunk: Uint16Array, at: number]
  /** Of a document, by number. */
  of: (document: number) => [chunk: Uint16Array, at: number]
  count: () => number
  bytes: () => number
}

const CHUNK_DOCUMENTS = 1 << 14

/** Signatures in chunks of 16,384 documents: 2 bytes a place. */
export function signatureStore(places: number): SignatureStore {
  const chunks: Uint16Array[] = []
  let count = 0
  const place = (document: number): [Uint16Array, number] => [
    chunks[document >> 14],
    (document & (CHUNK_DOCUMENTS - 1)) * places,
  ]
  return {
    next() {
      if (count === chunks.length * CHUNK_DOCUMENTS) chunks.push(new Uint16Array(CHUNK_DOCUMENTS * places))
      return place(count++)
    },
    of: place,
    count: () => count,
    bytes: () => chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
  }
}

/** How many earlier documents of a bucket are looked at: a bucket of many that are all different stays cheap. */
const MOST_LOOKS = 128

export interface Clusters {
  /** The first document of the cluster of each; the document's own number where it is the first. */
  first: Int32Array
  /** Pairs that were compared. */
  compared: number
  /** Pairs that were similar enough, one for each document that joined a cluster. */
  joined: number
}

/**
 * Documents are candidates when all `rows` places of a band are equal; a pair of similarity J is one with a probability
 * of 1 − (1 − J^rows)^bands. A candidate is compared by its whole signature, with documents of other clusters only.
 * Memory beside the signatures: 4 bytes a document for the clusters, and 12 to 20 while a band is gone through. No pair
 * is kept.
 *
 * Bands and documents are gone through in order, and a cluster is known by its first document: the same signatures give
 * the same clusters.
 *
 * @param skip documents that take no part, such as empty ones
 * @param threshold least estimated similarity
 */
export function findClusters(
  store: SignatureStore,
  {
    bands,
    rows,
    threshold,
    skip,
  }: { bands: number; rows: number; threshold: number; skip: (document: number) => boolean },
): Clusters {
  const count = store.count()
  const places = bands * rows
  const first = Int32Array.from({ length: count }, (_, i) => i)
  const find = (document: number): number => {
    let root = document
    while (first[root] !== root) {
      first[root] = first[first[root]]
      root = first[root]
    }
    return root
  }
  let compared = 0
  let joined = 0
  const slots = 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, count) * 1.5)))
  const heads = new Int32Array(slots)
  const next = new Int32Array(count)
  for (let band = 0; band < bands; band++) {
    heads.fill(-1)
    for (let document = 0; document < count; document++) {
      if (skip(document)) continue
      const [chunk, at] = store.of(document)
      const from = at + band * rows
      let slot = bucketOf(chunk, from, rows) & (slots - 1)
      // The table's own collisions: the next slot, until the band is the same or the slot is free.
      while (heads[slot] >= 0 && !isSameBand(store, heads[slot], band, chunk, from, rows))
        slot = (slot + 1) & (slots - 1)
      const head = heads[slot]
      let isTwin = false
      for (let other = head, looks = 0; other >= 0 && looks < MOST_LOOKS; other = next[other], looks++) {
        const [a, b] = [find(other), find(document)]
        if (a === b) continue
        compared++
        const [otherChunk, otherAt] = store.of(other)
        const same = similarity(chunk, at, otherChunk, otherAt, places)
        if (same < threshold) continue
        joined++
        first[Math.max(a, b)] = Math.min(a, b)
        // An equal signature finds nothing that the other one does not find.
        if (same === 1) {
          isTwin = true
          break
        }
      }
      if (isTwin) continue
      next[document] = head
      heads[slot] = document
    }
  }
  for (let document = 0; document < count; document++) first[document] = find(document)
  return { first, compared, joined }
}

function bucketOf(chunk: Uint16Array, from: number, rows: number): number {
  let hash = rows
  for (let i = 0; i < rows; i++) hash = mix32(Math.imul(hash, 0x01000193) ^ chunk[from + i])
  return hash
}

function isSameBand(
  store: SignatureStore,
  document: number,
  band: number,
  chunk: Uint16Array,
  from: number,
  rows: number,
): boolean {
  const [other, at] = store.of(document)
  for (let i = 0; i < rows; i++) if (other[at + band * rows + i] !== chunk[from + i]) return false
  return true
}
