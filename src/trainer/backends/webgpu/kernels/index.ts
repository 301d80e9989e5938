/** Which kernels compute which operation. */
import type { Operation } from '../../../plan/operations'
import type { Launch, LaunchContext } from '../launch'
import { attention, attentionDelta } from './attention'
import { attentionKeyValueGradient, attentionQueryGradient } from './attention-gradient'
import { add, fill, rope, swiglu, swigluGradient } from './elementwise'
import { embed, embedGradient } from './embedding'
import { crossEntropy } from './loss'
import { matmul } from './matmul'
import { rmsNorm, rmsNormGradient, rmsNormWeightGradient } from './norm'
import { adamw, clip, dot } from './optimizer'

type Launchers = {
  [K in Operation['kind']]: (op: Extract<Operation, { kind: K }>, context: LaunchContext) => Launch[]
}

const launchers: Launchers = {
  ...{ fill, add, dot, embed, embedGradient, rmsNorm, rmsNormGradient, rmsNormWeightGradient, matmul, rope },
  ...{ attention, attentionDelta, attentionQueryGradient, attentionKeyValueGradient, swiglu, swigluGradient },
  ...{ crossEntropy, clip, adamw },
}

export function launchesOf(operation: Operation, context: LaunchContext): Launch[] {
  const launch = launchers[operation.kind] as (op: Operation, context: LaunchContext) => Launch[]
  return launch(operation, context)
}
