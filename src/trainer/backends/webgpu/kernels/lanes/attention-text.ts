/**
 * What the kernels of attention on the processor share, as text. Rows are the lane's own, in registers or arrays; columns
 * are walked over, {@link AT_ONCE} at a time, and loaded by all lanes together, a value each.
 */
import { load, type OperandSpec, store } from '../../kernel'
import { numbers } from './text'

/** Columns that are taken at a time. */
export const AT_ONCE = 4

export interface Shape {
  lanes: number
  /** Of a lane: what is loaded serves all of them. */
  rows: number
  /** Values of a head, rounded up to whole loads of the subgroup. */
  depth: number
  /** Rows are registers of their own, `name0_0` …, not arrays `name0`. */
  inRegisters: boolean
}

/** An operand's load, and its name. */
type Named = [spec: OperandSpec, name: string]

/** The operands by their names, to be loaded from. */
export function named<N extends string>(specs: Record<N, OperandSpec>): Record<N, Named> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, [spec, name]])) as Record<N, Named>
}

export const queriesAt = (position: string): string =>
  `((block * params.length + ${position}) * params.heads + head) * params.headDim`
export const keysAt = (position: string): string =>
  `((block * params.length + ${position}) * params.kvHeads + kvHead) * params.headDim`
export const statisticsAt = (position: string): string =>
  `((block * params.length + ${position}) * params.heads + head) * 2u`

export const lines = (parts: string[]): string => parts.join('\n')

/** `t0` …: positions of the lane's rows, and `row0` …: the same, but never beyond the last. */
export function positions({ lanes, rows }: Shape): string {
  return lines(
    numbers(rows).map(
      (r) => `let t${r} = rowBase + ${r * lanes}u + lane;
let row${r} = min(t${r}, params.length - 1u);`,
    ),
  )
}

/** Value `first` + i of the lane's row r; `d` is the first of those at hand. */
const element = ({ inRegisters }: Shape, name: string, r: number, first: number, i: number): string =>
  inRegisters ? `${name}${r}_${first + i}` : `${name}${r}[d + ${i}u]`

/** The values of the lane's rows, times `factor`; zeroes beyond the head. */
export function ownRows(
  shape: Shape,
  into: string,
  operand: Named,
  at: (position: string) => string,
  factor = '',
): string {
  const { rows, depth, inRegisters } = shape
  const value = (r: number, d: string) => `${load(...operand, `${at(`row${r}`)} + ${d}`)}${factor}`
  const registers = (r: number) =>
    numbers(depth).map(
      (d) =>
        `let ${into}${r}_${d} = select(0.0, ${value(r, `min(${d}u, params.headDim - 1u)`)}, ${d}u < params.headDim);`,
    )
  const array = (r: number) => [
    `var ${into}${r} = array<f32, ${depth}>();`,
    `for (var d = 0u; d < params.headDim; d++) { ${into}${r}[d] = ${value(r, 'd')}; }`,
  ]
  return lines(numbers(rows).flatMap(inRegisters ? registers : array))
}

export function zeroes({ rows, depth, inRegisters }: Shape, name: string): string {
  const registers = (r: number) => numbers(depth).map((d) => `var ${name}${r}_${d} = 0.0;`)
  const array = (r: number) => [`var ${name}${r} = array<f32, ${depth}>();`]
  return lines(numbers(rows).flatMap(inRegisters ? registers : array))
}

/** `at0` … `at3` of the columns that are at hand. */
export const columnsAt = (name: string, at: (position: string) => string): string =>
  lines(numbers(AT_ONCE).map((e) => `let ${name}${e} = ${at(`min(column + ${e}u, params.length - 1u)`)};`))

/** For every load of the subgroup: text about `w(e, i)`, value `first` + i of column e. */
function walk(
  { lanes, depth, inRegisters }: Shape,
  operand: Named,
  at: string,
  text: (first: number, w: (e: number, i: number) => string) => string,
): string {
  const step = (first: number) => `let mine = min(d + lane, params.headDim - 1u);
${lines(numbers(AT_ONCE).map((e) => `let x${e} = ${load(...operand, `${at}${e} + mine`)};`))}
${text(first, (e, i) => `subgroupBroadcast(x${e}, ${i}u)`)}`
  if (!inRegisters) return `for (var d = 0u; d < params.headDim; d += ${lanes}u) {\n${step(0)}\n}`
  return lines(numbers(depth / lanes).map((chunk) => `{\nlet d = ${chunk * lanes}u;\n${step(chunk * lanes)}\n}`))
}

/** `into[row]_[column] += Σ own[row] · column`. */
export function inner(shape: Shape, into: string, own: string, operand: Named, at: string): string {
  const { lanes, rows } = shape
  return walk(shape, operand, at, (first, w) =>
    lines(
      numbers(AT_ONCE).map(
        (e) => `{
${lines(numbers(lanes).map((i) => `let w${i} = ${w(e, i)};`))}
${lines(
  numbers(rows).map(
    (r) =>
      `${into}${r}_${e} += ${numbers(lanes)
        .map((i) => `${element(shape, own, r, first, i)} * w${i}`)
        .join(' + ')};`,
  ),
)}
}`,
      ),
    ),
  )
}

/** `sums[row] = sums[row] · fade + Σ over columns of weight[row]_[column] · column`. */
export function outer(shape: Shape, sums: string, weight: string, operand: Named, at: string, fade = '') {
  const { lanes, rows } = shape
  return walk(shape, operand, at, (first, w) =>
    lines(
      numbers(lanes).map(
        (i) => `{
${lines(numbers(AT_ONCE).map((e) => `let w${e} = ${w(e, i)};`))}
${lines(
  numbers(rows).map((r) => {
    const sum = element(shape, sums, r, first, i)
    const before = fade ? `${sum} * ${fade}${r}` : sum
    return `${sum} = ${before} + (${numbers(AT_ONCE)
      .map((e) => `${weight}${r}_${e} * w${e}`)
      .join(' + ')});`
  }),
)}
}`,
      ),
    ),
  )
}

export const declareProducts = ({ rows }: Shape, name: string): string =>
  lines(numbers(rows).flatMap((r) => numbers(AT_ONCE).map((e) => `var ${name}${r}_${e} = 0.0;`)))

/** Writes the lane's rows of sums, times `factor`. */
export function put(
  { rows, depth, inRegisters }: Shape,
  sums: string,
  [spec, target]: Named,
  at: (position: string) => string,
  factor: (r: number) => string,
): string {
  const gather = (r: number) => {
    if (!inRegisters) return ''
    const values = numbers(depth).map((d) => `${sums}${r}_${d}`)
    return `var ${sums}${r} = array<f32, ${depth}>(${values.join(', ')});`
  }
  const value = (r: number, d: string) => `${sums}${r}[${d}] * ${factor(r)}`
  const ones = (r: number) =>
    `for (var d = 0u; d < params.headDim; d++) { ${store(spec, target, 'at + d', value(r, 'd'))} }`
  const fours = (r: number) => {
    const four = numbers(4).map((i) => value(r, `d + ${i}u`))
    return `for (var d = 0u; d < params.headDim; d += 4u) { ${store(spec, target, '(at + d) / 4u', `vec4<f32>(${four.join(', ')})`)} }`
  }
  return lines(
    numbers(rows).map(
      (r) => `if (t${r} < params.length) {
let at = ${at(`t${r}`)};
${gather(r)}
${spec.width === 4 ? fours(r) : ones(r)}
}`,
    ),
  )
}
