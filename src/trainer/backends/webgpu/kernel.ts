/** A kernel as data: its operands, its sizes and its WGSL. Sizes are uniforms, so that one kernel serves all sizes. */
import { halfFunctions } from './half-text'

/** In memory. `f16` are two halves in a u32, which every device can unpack: see half-text.ts. */
export type ElementType = 'f32' | 'f16' | 'i32'

export interface OperandSpec {
  type: ElementType
  /** Elements of a load, and of a store: 4 where all offsets and rows are multiples of four. */
  width: 1 | 4
  access: 'read' | 'read_write'
}

export interface Kernel {
  /** Unique with its variant. */
  name: string
  /** Operand → binding, in order; binding 0 are the sizes. */
  operands: Record<string, OperandSpec>
  /** Sizes in the order of the uniform. */
  params: Record<string, 'u32' | 'f32'>
  code: string
}

export interface KernelSource extends Omit<Kernel, 'code'> {
  /** Invocations of a workgroup. */
  threads: number
  /** The workgroup is one subgroup, see {@link Traits.subgroup}; `lane` is then the index within it. */
  subgroup?: boolean
  /** Shared arrays and functions. */
  declarations?: string
  /**
   * Body of the entry point. It knows `params`, `wid` and `grid` (workgroup id and count), `group` (linear id over x and
   * y) and `lane` (linear index of the invocation).
   */
  body: string
}

/** Workgroups of a dispatch along one axis, at most: the limit that every device offers. */
const AXIS = 65_535

export function assemble({ threads, subgroup = false, declarations = '', body, ...kernel }: KernelSource): Kernel {
  const { operands, params } = kernel
  const bindings = Object.entries(operands).map(
    ([name, spec], i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${spec.access}> ${name}: array<${storedType(spec)}>;`,
  )
  const code = `${subgroup ? 'enable subgroups;\n' : ''}struct Params { ${Object.entries(params)
    .map(([name, type]) => `${name}: ${type}`)
    .join(', ')} }
@group(0) @binding(0) var<uniform> params: Params;
${bindings.join('\n')}
${halfFunctions(operands)}
${declarations}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(${subgroup ? 'subgroup_invocation_id' : 'local_invocation_index'}) lane: u32) {
  let group = wid.y * grid.x + wid.x;
${body}
}
`
  return { ...kernel, code }
}

/** As it lies in memory. */
export function storedType({ type, width }: OperandSpec): string {
  if (type === 'f16') return width === 4 ? 'vec2<u32>' : 'u32'
  return width === 4 ? `vec4<${type}>` : type
}

/**
 * WGSL of what is loaded: f32, or a vector of four.
 *
 * @param index WGSL: elements, divided by the width
 */
export function load(spec: OperandSpec, name: string, index: string): string {
  if (spec.type === 'f16') return `load_${name}(${index})`
  return `${spec.width === 4 ? 'vec4<f32>' : 'f32'}(${name}[${index}])`
}

/**
 * WGSL of a statement.
 *
 * @param value WGSL: f32, or a vector of four
 */
export function store(spec: OperandSpec, name: string, index: string, value: string): string {
  if (spec.type !== 'f16') return `${name}[${index}] = ${storedType(spec)}(${value});`
  // Two invocations that write the two halves of a word would undo each other's work.
  if (spec.width !== 4) throw new Error(`${name}: halves are stored four at a time`)
  return `${name}[${index}] = packHalves(${value});`
}

/** A dispatch with `count` workgroups over x and y; there may be some too many, whose `group` is `count` or above. */
export function spread(count: number): [number, number, number] {
  const y = Math.ceil(count / AXIS)
  return [Math.ceil(count / y), y, 1]
}

/** How the invocations of a workgroup share a row. */
export interface Team {
  threads: number
  /** See {@link KernelSource.subgroup}. */
  subgroup: boolean
}

/** `usual` invocations, or one subgroup where barriers are dear. */
export function teamOf({ subgroup }: { subgroup: number }, usual: number): Team {
  return subgroup > 0 ? { threads: subgroup, subgroup: true } : { threads: usual, subgroup: false }
}

/** Sum or maximum of a value over the workgroup; must be called by all invocations. */
function reduction(name: string, team: Team, combine: (a: string, b: string) => string, whole: string): string {
  const { threads, subgroup } = team
  if (subgroup) return `fn ${name}(lane: u32, value: f32) -> f32 { return ${whole}(value); }`
  return `
var<workgroup> ${name}_values: array<f32, ${threads}>;
fn ${name}(lane: u32, value: f32) -> f32 {
  ${name}_values[lane] = value;
  workgroupBarrier();
  for (var step = ${threads / 2}u; step > 0u; step >>= 1u) {
    if (lane < step) { ${name}_values[lane] = ${combine(`${name}_values[lane]`, `${name}_values[lane + step]`)}; }
    workgroupBarrier();
  }
  let result = ${name}_values[0];
  workgroupBarrier();
  return result;
}`
}

export const sumOf = (team: Team): string => reduction('sumOf', team, (a, b) => `${a} + ${b}`, 'subgroupAdd')
export const maxOf = (team: Team): string => reduction('maxOf', team, (a, b) => `max(${a}, ${b})`, 'subgroupMax')
