/** A plan while it is being built: tensors are added, and cut into parts where they are too large. */
import { KoVocabError } from '../../errors'
import type { LlamaConfig } from '../model/config'
import type { MatrixView, Slice } from './operations'
import type { Parameter, PlanInputs, RowRange, Tensor, TensorId, TensorKind } from './types'

export interface Draft {
  config: LlamaConfig
  batch: number
  length: number
  /** batch · length. */
  positions: number
  /** Elements of the largest tensor, or part of one, that the device binds at once. */
  bindingElements: number
  tensors: Tensor[]
  /** What a device stores in half is marked. */
  halves: boolean
  parameters: Map<string, Parameter>
  /** Weight → its low-rank adapter; empty where there are none. */
  adapters: Map<string, Adapter>
  inputs: PlanInputs
  /** Tables of rope. */
  cos: TensorId
  sin: TensorId
}

/** `y += scale · (x · Aᵀ) · Bᵀ` beside `y = x · Wᵀ`. */
export interface Adapter {
  /** [rank, inputs]. */
  a: Parameter
  /** [outputs, rank]. */
  b: Parameter
  scale: number
}

/** Parts of one buffer begin where bindings may: at multiples of 256 bytes. */
const PART_ELEMENTS = 64

/** Only these are split; nothing else is larger than a part of a weight in any sensible batch. */
const SPLIT: readonly TensorKind[] = ['parameter', 'gradient', 'state']

/** @throws KoVocabError `unsupported` when the device cannot bind it, nor a part of it */
export function addTensor(
  { tensors, bindingElements }: Pick<Draft, 'tensors' | 'bindingElements'>,
  kind: TensorKind,
  name: string,
  shape: number[],
  dtype: Tensor['dtype'] = 'f32',
): TensorId {
  const size = shape.reduce((a, b) => a * b, 1)
  const columns = shape[shape.length - 1]
  let part = size
  if (size > bindingElements) {
    const step = PART_ELEMENTS / commonDivisor(columns, PART_ELEMENTS)
    const rows = Math.floor(bindingElements / columns / step) * step
    if (!SPLIT.includes(kind) || shape.length < 2 || rows === 0) {
      const most = `the device binds at most ${bindingElements * 4} bytes at once`
      const hint = kind === 'activation' || kind === 'output' ? 'use a smaller batch, or shorter blocks' : undefined
      throw new KoVocabError('unsupported', `${name} [${shape}] needs ${size * 4} bytes, ${most}`, hint)
    }
    part = rows * columns
  }
  return tensors.push({ id: tensors.length, name, kind, dtype, shape, size, buffer: -1, part }) - 1
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

export function addActivation(draft: Draft, name: string, ...shape: number[]): TensorId {
  return addTensor(draft, 'activation', name, shape)
}

/** One that the way back reads too, and that loses little in half. */
export function addKept(draft: Draft, name: string, ...shape: number[]): TensorId {
  const tensor = addActivation(draft, name, ...shape)
  if (draft.halves) draft.tensors[tensor].half = true
  return tensor
}

/** The rows of a matrix, part by part. */
export function partsOf({ shape: [rows], size, part }: Tensor): RowRange[] {
  const most = (part * rows) / size
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, rows - i * most),
  }))
}

/** Consecutive elements of two or more tensors, cut wherever a part of one of them ends. */
export function slicesOf(
  draft: Draft,
  starts: readonly Slice[],
  length: number,
): { slices: Slice[]; length: number }[] {
  const cut: { slices: Slice[]; length: number }[] = []
  for (let at = 0; at < length; ) {
    const left = starts.map(({ tensor, offset }) => {
      const { part } = draft.tensors[tensor]
      return part - ((offset + at) % part)
    })
    const step = Math.min(length - at, ...left)
    cut.push({ slices: starts.map(({ tensor, offset }) => ({ tensor, offset: offset + at })), length: step })
    at += step
  }
  return cut
}

/** All of a matrix [rows, columns]. */
export function wholeOf(tensor: TensorId, columns: number): MatrixView {
  return { tensor, offset: 0, stride: columns }
}
