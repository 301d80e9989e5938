/** Cross-entropy: a workgroup a row of logits. */
import type { CrossEntropy } from '../../../plan/operations'
import { assemble, maxOf, spread, sumOf, teamOf } from '../kernel'
import { type Launch, type LaunchContext, reads, variantOf, writes } from '../launch'

const THREADS = 256

export function crossEntropy(op: CrossEntropy, context: LaunchContext): Launch[] {
  const [logits, labels, weights, nll] = [op.logits, op.labels, op.weights, op.nll].map(context.at)
  const operands = {
    ...{ logits: writes(logits), labels: reads(labels), weights: reads(weights), nll: writes(nll) },
  }
  const team = teamOf(context.traits, THREADS)
  const kernel = context.kernel(`crossEntropy ${team.threads} ${variantOf(...Object.values(operands))}`, (name) =>
    assemble({
      ...{ name, operands, ...team },
      params: { firstRow: 'u32', rows: 'u32', vocabulary: 'u32', gradient: 'u32' },
      declarations: sumOf(team) + maxOf(team),
      body: `if (group >= params.rows) { return; }
let at = group * params.vocabulary;
let position = params.firstRow + group;
let label = labels[position];
var most = -3.4e38;
for (var c = lane; c < params.vocabulary; c += ${team.threads}u) { most = max(most, f32(logits[at + c])); }
most = maxOf(lane, most);
var total = 0.0;
for (var c = lane; c < params.vocabulary; c += ${team.threads}u) { total += exp(f32(logits[at + c]) - most); }
total = sumOf(lane, total);
if (lane == 0u) {
  var loss = 0.0;
  if (label >= 0) { loss = log(total) - (f32(logits[at + u32(label)]) - most); }
  nll[position] = loss;
}
if (params.gradient == 0u) { return; }
// The label's logit has been read above before it is overwritten below.
workgroupBarrier();
let weight = select(0.0, f32(weights[position]), label >= 0);
let scale = weight / total;
for (var c = lane; c < params.vocabulary; c += ${team.threads}u) {
  var value = scale * exp(f32(logits[at + c]) - most);
  if (i32(c) == label) { value -= weight; }
  logits[at + c] = ${logits.type}(value);
}`,
    }),
  )
  return [
    {
      kernel,
      operands: { logits: logits.buffer, labels: labels.buffer, weights: weights.buffer, nll: nll.buffer },
      params: {
        ...{ firstRow: op.firstRow, rows: op.rows, vocabulary: op.vocabulary },
        gradient: Number(op.gradient),
      },
      ...{ grid: spread(op.rows), work: 8 * op.rows * op.vocabulary },
    },
  ]
}
