/** Matrix products: the operands are packed into float64 panels, so that one inner loop serves every transposition. */
import type { Matmul, MatrixView } from '../../plan/operations'
import type { Floats, Memory } from './memory'

/** Rows and columns whose sums are held in registers together. */
const ROWS = 4
const COLUMNS = 2
/** Columns of b that are packed at once. */
const PANEL = 64

export function matmul(op: Matmul, memory: Memory): void {
  const { m, n, k } = op
  const a = memory.floats(op.a.tensor)
  const b = memory.floats(op.b.tensor)
  const c = memory.floats(op.c.tensor)
  const packedA = new Float64Array(ROWS * k)
  const packedB = new Float64Array(Math.min(PANEL, n + (n % COLUMNS)) * k)
  const sums = new Float64Array(ROWS * COLUMNS)
  for (let first = 0; first < n; first += PANEL) {
    const columns = Math.min(PANEL, n - first)
    for (let j = 0; j < columns; j += COLUMNS)
      pack(b, op.b, op.transposeB, first + j, Math.min(COLUMNS, columns - j), COLUMNS, k, packedB, j * k)
    for (let i = 0; i < m; i += ROWS) {
      const rows = Math.min(ROWS, m - i)
      pack(a, op.a, !op.transposeA, i, rows, ROWS, k, packedA, 0)
      for (let j = 0; j < columns; j += COLUMNS) {
        multiply(packedA, packedB, j * k, k, sums)
        store(op, c, i, rows, first + j, Math.min(COLUMNS, columns - j), sums)
      }
    }
  }
}

/**
 * `into[at + l · width + i] = line first + i, place l`: with `lines` a line is a row of the matrix, else a column. Lines
 * that are not there become zeros.
 */
function pack(
  from: Floats,
  { offset, stride }: MatrixView,
  lines: boolean,
  first: number,
  count: number,
  width: number,
  k: number,
  into: Float64Array,
  at: number,
): void {
  const lineStep = lines ? stride : 1
  const placeStep = lines ? 1 : stride
  for (let i = 0; i < width; i++) {
    let source = offset + (first + i) * lineStep
    let target = at + i
    if (i < count) for (let l = 0; l < k; l++, target += width, source += placeStep) into[target] = from[source]
    else for (let l = 0; l < k; l++, target += width) into[target] = 0
  }
}

function multiply(a: Float64Array, b: Float64Array, bAt: number, k: number, sums: Float64Array): void {
  let s00 = 0
  let s01 = 0
  let s10 = 0
  let s11 = 0
  let s20 = 0
  let s21 = 0
  let s30 = 0
  let s31 = 0
  for (let l = 0, x = 0, y = bAt; l < k; l++, x += 4, y += 2) {
    const b0 = b[y]
    const b1 = b[y + 1]
    const a0 = a[x]
    const a1 = a[x + 1]
    const a2 = a[x + 2]
    const a3 = a[x + 3]
    s00 += a0 * b0
    s01 += a0 * b1
    s10 += a1 * b0
    s11 += a1 * b1
    s20 += a2 * b0
    s21 += a2 * b1
    s30 += a3 * b0
    s31 += a3 * b1
  }
  sums[0] = s00
  sums[1] = s01
  sums[2] = s10
  sums[3] = s11
  sums[4] = s20
  sums[5] = s21
  sums[6] = s30
  sums[7] = s31
}

function store(
  { c: { offset, stride }, scale, accumulate }: Matmul,
  c: Floats,
  row: number,
  rows: number,
  column: number,
  columns: number,
  sums: Float64Array,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = offset + (row + i) * stride + column + j
      const value = scale * sums[i * COLUMNS + j]
      c[at] = accumulate ? c[at] + value : value
    }
  }
}
