/** Encoded documents, one after another, to be read at any place. */
import type { DocumentEncoder } from './document-encoder'

/**
 * The tokens of a source. Reading is synchronous: it takes microseconds from memory or the page cache, a training step
 * takes a hundred milliseconds, and a batch stays a plain function of its place.
 */
export interface TokenStore {
  /** Hex; equal for the same tokens from the same texts, whatever the store. What a run saves to know its data again. */
  key: string
  tokens: number
  documents: number
  /** UTF-8 bytes of the documents' text, special tokens apart. */
  bytes: number
  /** A copy of tokens [start, end). */
  read: (start: number, end: number) => Int32Array
  /** Where documents begin within [start, end), rising. */
  startsWithin: (start: number, end: number) => number[]
  /** How many tokens each document has, in order; none has 0. */
  lengths: () => Iterable<number>
  /** By token of [start, end): 1 where it is a label, 0 where it is only read. Missing: all of them are labels. */
  learned?: (start: number, end: number) => Uint8Array
}

/** The index of the first of `count` rising values that is at least `least`, or `count`. */
export function lowerBound(count: number, valueAt: (index: number) => number, least: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (valueAt(middle) < least) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Encodes documents into memory: 4 bytes a token. For a browser, for a text that can be read only once, and wherever
 * text is so small that a file of its tokens would be a burden.
 *
 * @param key what names these documents, such as a hash of their text
 */
export async function tokensInMemory(
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  encoder: DocumentEncoder,
  key: string,
): Promise<TokenStore> {
  const memory = createTokenMemory()
  let bytes = 0
  for await (const text of documents) {
    const ids = encoder.encode(text)
    if (ids.length === 0) continue
    memory.add(ids)
    bytes += text.length
  }
  return memory.store(key, bytes)
}

/** Documents of tokens that are put into memory one after another. */
export function createTokenMemory() {
  let tokens = new Int32Array(1 << 12)
  let learned: Uint8Array | null = null
  let used = 0
  const starts: number[] = []
  return {
    /** @param mask of as many values, if some tokens are no labels: then every document needs one */
    add(ids: Int32Array, mask?: Uint8Array): void {
      const end = used + ids.length
      if (end > tokens.length) tokens = larger(tokens, new Int32Array(Math.max(tokens.length * 2, end)))
      tokens.set(ids, used)
      if (mask) {
        learned ??= new Uint8Array(tokens.length)
        if (end > learned.length) learned = larger(learned, new Uint8Array(tokens.length))
        learned.set(mask, used)
      }
      starts.push(used)
      used = end
    },
    store(key: string, bytes: number): TokenStore {
      const mask = learned
      const within = (end: number) => Math.min(end, used)
      return {
        ...{ key, tokens: used, documents: starts.length, bytes },
        read: (start, end) => tokens.slice(start, within(end)),
        startsWithin: (start, end) => {
          const at = (value: number) => lowerBound(starts.length, (i) => starts[i], value)
          return starts.slice(at(start), at(end))
        },
        *lengths() {
          for (let i = 0; i < starts.length; i++) yield (i + 1 < starts.length ? starts[i + 1] : used) - starts[i]
        },
        ...(mask ? { learned: (start: number, end: number) => mask.slice(start, within(end)) } : {}),
      }
    },
  }
}

function larger<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from)
  return into
}
