/** What runs a plan: the plain CPU, WebGPU, CUDA. */
import type { Storage } from '../plan/storage'
import type { Plan, ProgramName, TensorId } from '../plan/types'

/** Values of a tensor: Int32Array for `i32`; for `f32` Float32Array, or Float64Array in the float64 reference. */
export type Values = Float32Array | Float64Array | Int32Array

export interface Backend {
  /** `cpu`, `webgpu`, `cuda`; for people. */
  readonly name: string
  /** The most bytes that the device binds at once; plans for it are built with this. Infinity where there is no limit. */
  readonly bindingBytes: number
  /** What plans for it are built with; `f32` where it does not say. One that cannot store halves ignores a plan's marks. */
  readonly storage?: Storage
  /**
   * Allocates every buffer of the plan, writes its constants, zeroes all else, and compiles what it needs. Nothing is
   * allocated afterwards: memory is flat over steps.
   *
   * @throws KoVocabError `unsupported` when the device cannot hold it
   */
  open(plan: Plan): Promise<Session>
}

/** A plan with its memory on a device. Calls take effect in the order in which they are made. */
export interface Session {
  readonly plan: Plan
  /**
   * Copies `data` into the elements from `offset` on (of whichever parts they lie in); `data` may be changed as soon as the call returns. float64 values
   * are rounded to what the device holds.
   *
   * @throws KoVocabError `bad-option` when data and tensor do not fit in dtype or length
   */
  write(tensor: TensorId, data: Values, offset?: number): void
  /** A copy of `length` elements from `offset` on (all by default), after everything that was run before. */
  read(tensor: TensorId, offset?: number, length?: number): Promise<Values>
  /**
   * Writes `inputs`, then runs the operations of a program in order. Resolves when the work is on its way; what fails on
   * the device afterwards rejects the next call.
   */
  run(program: ProgramName, inputs?: readonly StepInput[]): Promise<void>
  /** Frees the memory. Other calls afterwards are an error. */
  close(): void
}

export interface StepInput {
  tensor: TensorId
  values: Values
}
