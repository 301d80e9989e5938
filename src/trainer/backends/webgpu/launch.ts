/** What an operation becomes: one or more dispatches of kernels over places in memory. */
import type { MatrixView, Slice } from '../../plan/operations'
import type { TensorId } from '../../plan/types'
import type { ElementType, Kernel, OperandSpec } from './kernel'

/** Elements from `offset` of a buffer on. */
export interface Place {
  buffer: GPUBuffer
  /** Elements. */
  offset: number
  type: ElementType
}

/** Memory of the backend's own, between the dispatches of one operation. */
export type Operand = GPUBuffer | 'scratch'

export interface Launch {
  kernel: Kernel
  /** By the kernel's operands. */
  operands: Record<string, Operand>
  params: Record<string, number>
  grid: [x: number, y: number, z: number]
  /** Floating-point operations, roughly: to cut the work into pieces, and to report rates. */
  work: number
  /** Elements of scratch memory that it uses. */
  scratch?: number
}

/** What a device can do, as far as kernels are chosen by it. */
export interface Traits {
  /** Bytes of memory of a workgroup. */
  sharedBytes: number
  invocations: number
  /** Workgroups of 256 invocations that fill the device, roughly. */
  parallelism: number
  /** Runs on the processor: few, large workgroups, and no use in hiding latency. */
  isSoftware: boolean
  /**
   * Invocations of a subgroup where kernels work by subgroups, without barriers and workgroup memory: on the processor,
   * whose drivers offer them in one size. 0: they work by workgroups.
   */
  subgroup: number
  /** Index of the one shape of tile that products use, whatever their size; for tuning. */
  matmulShape?: number
}

export interface LaunchContext {
  traits: Traits
  at: (slice: Slice | MatrixView | TensorId) => Place
  /** Builds a variant of a kernel once. */
  kernel: (name: string, build: (name: string) => Kernel) => Kernel
}

export const reads = ({ type }: { type: ElementType }, width: 1 | 4 = 1): OperandSpec => ({
  type,
  width,
  access: 'read',
})

export const writes = ({ type }: { type: ElementType }, width: 1 | 4 = 1): OperandSpec => ({
  type,
  width,
  access: 'read_write',
})

/** 4 where all of the numbers are multiples of it. */
export function widthOf(...values: number[]): 1 | 4 {
  return values.every((value) => value % 4 === 0) ? 4 : 1
}

/** For the name of a variant: `f32x4 f16`. */
export function variantOf(...specs: OperandSpec[]): string {
  return specs.map(({ type, width }) => (width === 4 ? `${type}x4` : type)).join(' ')
}
