/** Which loop computes which operation. */
import type { Operation } from '../../plan/operations'
import { attention, attentionDelta, attentionKeyValueGradient, attentionQueryGradient } from './attention'
import { add, dot, fill, rope, swiglu, swigluGradient } from './elementwise'
import { embed, embedGradient } from './embedding'
import { crossEntropy } from './loss'
import { matmul } from './matmul'
import type { Memory } from './memory'
import { rmsNorm, rmsNormGradient, rmsNormWeightGradient } from './norm'
import { adamw, clip } from './optimizer'

type Kernels = { [K in Operation['kind']]: (op: Extract<Operation, { kind: K }>, memory: Memory) => void }

const kernels: Kernels = {
  ...{ fill, add, dot, embed, embedGradient, rmsNorm, rmsNormGradient, rmsNormWeightGradient, matmul, rope },
  ...{ attention, attentionDelta, attentionQueryGradient, attentionKeyValueGradient, swiglu, swigluGradient },
  ...{ crossEntropy, clip, adamw },
}

export function runOperation(operation: Operation, memory: Memory): void {
  const kernel = kernels[operation.kind] as (op: Operation, memory: Memory) => void
  kernel(operation, memory)
}
