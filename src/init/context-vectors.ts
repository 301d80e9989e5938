/**
 * What stands around a token, as a vector: the stand-in for trained word vectors. Positive pointwise mutual information
 * of token and context (O. Levy, Y. Goldberg, I. Dagan, "Improving Distributional Similarity with Lessons Learned from
 * Word Embeddings", TACL 2015), which skip-gram with negative sampling factors implicitly (Levy and Goldberg, 2014).
 * Unlike a training it has no randomness and no epochs.
 */

/** Sparse rows of length 1, by token. */
export interface ContextVectors {
  /** Ids that have a vector, rising. */
  ids: Int32Array
  /** Row i is `contexts[indptr[i] .. indptr[i + 1])`, rising, with `values` beside them. [ids + 1] */
  indptr: Int32Array
  contexts: Int32Array
  /** Above 0; the squares of a row sum to 1. */
  values: Float32Array
  /** How many contexts there are. */
  dim: number
}

export interface ContextOptions {
  /** Tokens to each side that count as context. Default 5. */
  window?: number
  /** The most frequent tokens are the contexts. Default 1,024. */
  contexts?: number
  /** Tokens that were seen less often get no vector. Default 5. */
  minCount?: number
}

/** Tokens of the corpus in order, a -1 after each line. */
export interface TokenLog {
  parts: Int32Array[]
  /** Tokens in the last part; the others are full. */
  used: number
}

const PART = 1 << 20
const PARTS_MAX = 32
/** Levy et al.: contexts by their count to this power, so that rare ones do not get all the information. */
const SMOOTHING = 0.75

export function createTokenLog(): TokenLog {
  return { parts: [new Int32Array(PART)], used: 0 }
}

/** Takes the ids of one line; those beyond the first 33 million are passed over. */
export function logLine(log: TokenLog, ids: Int32Array): void {
  for (let i = 0; i <= ids.length; i++) {
    if (log.used === PART) {
      if (log.parts.length === PARTS_MAX) return
      log.parts.push(new Int32Array(PART))
      log.used = 0
    }
    log.parts[log.parts.length - 1][log.used++] = i < ids.length ? ids[i] : -1
  }
}

/**
 * PMI(t, c) = ln(n_tc S / (n_t m_c)) with n_tc how often c stands within the window of t, n_t = Σ_c n_tc,
 * m_c = (Σ_t n_tc)^0.75 and S = Σ m_c; values of 0 and below are left out, and the row is brought to length 1.
 */
export function contextVectors(log: TokenLog, options: ContextOptions = {}): ContextVectors {
  const { window = 5, minCount = 5 } = options
  const seen = countTokens(log)
  const ids = [...seen.keys()].filter((id) => seen.get(id)! >= minCount).sort((a, b) => a - b)
  const frequent = [...ids].sort((a, b) => seen.get(b)! - seen.get(a)! || a - b).slice(0, options.contexts ?? 1024)
  const dim = frequent.length
  const counts = countPairs(log, ids, frequent, window)
  const rowSums = new Float64Array(ids.length)
  const contextSums = new Float64Array(dim)
  for (let row = 0; row < ids.length; row++) {
    for (let c = 0; c < dim; c++) {
      rowSums[row] += counts[row * dim + c]
      contextSums[c] += counts[row * dim + c]
    }
  }
  const mass = contextSums.map((sum) => sum ** SMOOTHING)
  const total = mass.reduce((a, b) => a + b, 0)
  const kept: number[] = []
  const indptr = [0]
  const contexts: number[] = []
  const values: number[] = []
  for (let row = 0; row < ids.length; row++) {
    const start = values.length
    let squares = 0
    for (let c = 0; c < dim; c++) {
      const met = counts[row * dim + c]
      if (met === 0) continue
      const information = Math.log((met * total) / (rowSums[row] * mass[c]))
      if (information <= 0) continue
      contexts.push(c)
      values.push(information)
      squares += information * information
    }
    if (values.length === start) continue
    const length = Math.sqrt(squares)
    for (let i = start; i < values.length; i++) values[i] /= length
    kept.push(ids[row])
    indptr.push(values.length)
  }
  return {
    ids: Int32Array.from(kept),
    indptr: Int32Array.from(indptr),
    contexts: Int32Array.from(contexts),
    values: Float32Array.from(values),
    dim,
  }
}

function* tokensOf({ parts, used }: TokenLog): Generator<Int32Array> {
  for (let i = 0; i < parts.length; i++) yield i === parts.length - 1 ? parts[i].subarray(0, used) : parts[i]
}

function countTokens(log: TokenLog): Map<number, number> {
  const seen = new Map<number, number>()
  for (const part of tokensOf(log)) {
    for (let i = 0; i < part.length; i++) if (part[i] >= 0) seen.set(part[i], (seen.get(part[i]) ?? 0) + 1)
  }
  return seen
}

/** [ids, contexts]: how often a context stands within the window of a token, on the same line. 33 million tokens fit. */
function countPairs(log: TokenLog, ids: number[], frequent: number[], window: number): Uint32Array {
  const dim = frequent.length
  const size = (ids[ids.length - 1] ?? -1) + 1
  const rowOf = new Int32Array(size).fill(-1)
  const contextOf = new Int32Array(size).fill(-1)
  for (let row = 0; row < ids.length; row++) rowOf[ids[row]] = row
  for (let context = 0; context < dim; context++) contextOf[frequent[context]] = context
  const counts = new Uint32Array(ids.length * dim)
  // Rows and contexts of the last tokens of the line, in a ring; a part's end is no line's end.
  const rows = new Int32Array(window)
  const contexts = new Int32Array(window)
  let held = 0
  let next = 0
  for (const part of tokensOf(log)) {
    for (let i = 0; i < part.length; i++) {
      const id = part[i]
      if (id < 0) {
        held = 0
        next = 0
        continue
      }
      const row = id < size ? rowOf[id] : -1
      const context = id < size ? contextOf[id] : -1
      for (let j = 0; j < held; j++) {
        if (row >= 0 && contexts[j] >= 0) counts[row * dim + contexts[j]]++
        if (rows[j] >= 0 && context >= 0) counts[rows[j] * dim + context]++
      }
      rows[next] = row
      contexts[next] = context
      next = next + 1 === window ? 0 : next + 1
      if (held < window) held++
    }
  }
  return counts
}
