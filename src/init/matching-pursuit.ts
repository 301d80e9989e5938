/** Orthogonal matching pursuit over a dictionary of unit vectors, by inner products alone. */

export interface Pursuit {
  /** Indices of the chosen atoms, in the order of their choice. */
  atoms: number[]
  /** Beside `atoms`: the coefficients of the least-squares fit. */
  coefficients: number[]
}

/**
 * Takes the atom nearest to what is left of the target (largest |inner product|, ties to the lower index), fits all taken
 * atoms by least squares, and goes on, k times or until nothing is left: Y. Pati, R. Rezaiifar, P. Krishnaprasad,
 * "Orthogonal Matching Pursuit" (1993), in the form of R. Rubinstein, M. Zibulevsky and M. Elad, "Efficient
 * Implementation of the K-SVD Algorithm using Batch Orthogonal Matching Pursuit" (2008): the inner products with the
 * rest are updated by the Gram matrix of the atoms, the fit by a growing Cholesky factor. float64.
 *
 * @param products by atom: its inner product with the target
 * @param gram gives, for an atom, its inner product with every atom
 */
export function matchingPursuit(
  products: ArrayLike<number>,
  gram: (atom: number) => ArrayLike<number>,
  k: number,
): Pursuit {
  const atoms: number[] = []
  let coefficients: number[] = []
  const columns: ArrayLike<number>[] = []
  /** Rows of the lower triangle L with L Lᵀ the Gram matrix of the taken atoms. */
  const factor: number[][] = []
  const rest = Float64Array.from(products)
  const taken = new Uint8Array(rest.length)
  while (atoms.length < k) {
    const atom = largest(rest, taken)
    if (atom < 0 || Math.abs(rest[atom]) < NOTHING) break
    taken[atom] = 1
    const column = gram(atom)
    const row = forward(
      factor,
      atoms.map((other) => column[other]),
    )
    const pivot = column[atom] - row.reduce((sum, value) => sum + value * value, 0)
    // In the span of those taken already, up to rounding: it can add nothing.
    if (pivot < NOTHING) continue
    factor.push([...row, Math.sqrt(pivot)])
    atoms.push(atom)
    columns.push(column)
    coefficients = backward(
      factor,
      forward(
        factor,
        atoms.map((one) => products[one]),
      ),
    )
    for (let i = 0; i < rest.length; i++) {
      let left = products[i]
      for (let j = 0; j < columns.length; j++) left -= coefficients[j] * columns[j][i]
      rest[i] = left
    }
  }
  return { atoms, coefficients }
}

/** Below this an inner product of unit vectors in float32 is rounding. */
const NOTHING = 1e-6

function largest(values: Float64Array, taken: Uint8Array): number {
  let best = -1
  for (let i = 0; i < values.length; i++) {
    if (taken[i] === 0 && (best < 0 || Math.abs(values[i]) > Math.abs(values[best]))) best = i
  }
  return best
}

/** Solves L x = b. */
function forward(factor: number[][], b: number[]): number[] {
  const x: number[] = []
  for (let i = 0; i < b.length; i++) {
    let value = b[i]
    for (let j = 0; j < i; j++) value -= factor[i][j] * x[j]
    x.push(value / factor[i][i])
  }
  return x
}

/** Solves Lᵀ x = b. */
function backward(factor: number[][], b: number[]): number[] {
  const x = b.slice()
  for (let i = b.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < b.length; j++) x[i] -= factor[j][i] * x[j]
    x[i] /= factor[i][i]
  }
  return x
}
