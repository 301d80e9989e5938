/** What `pretrain --dry-run` says. */

import { planBytes } from '../trainer/plan/memory'
import { formatRecipe } from '../trainer/recipes/format'
import { flopsOf } from '../trainer/run/flops'
import type { PlannedPretrain, PretrainOptions } from '../trainer/run/plan-pretrain'
import type { PlannedStage } from '../trainer/run/stages'
import { number } from './summary'

export type PretrainPlan = ReturnType<typeof pretrainPlan>

export function pretrainPlan(
  planned: PlannedPretrain,
  { backend, tokens }: Pick<PretrainOptions, 'backend' | 'tokens'>,
) {
  const { config, recipe, baseRows, batch, accumulate, length, stages, steps, texts, replayShare } = planned
  const described = stages.map((stage) => ({
    name: stage.stage.name,
    steps: stage.steps,
    learningRate: stage.stage.learningRate,
    trainable: stage.trainable,
    /** What a session takes, apart from what the device keeps for itself. */
    memoryBytes: planBytes(stage.plan),
    flopsPerStep: flopsPerStep(stage, accumulate, recipe.objective.kind === 'dpo'),
    notes: stage.notes,
  }))
  return {
    dryRun: true,
    backend: backend.name,
    storage: backend.storage ?? 'f32',
    parameters: stages[0].plan.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    vocabulary: config.vocabSize,
    baseRows,
    tokens,
    tokensPerStep: batch * accumulate * length,
    steps,
    replayShare,
    memoryBytes: Math.max(...described.map(({ memoryBytes }) => memoryBytes)),
    /** Of blocks that are one document each: with shorter ones attention costs less. */
    flops: described.reduce((sum, stage) => sum + stage.steps * stage.flopsPerStep, 0),
    stages: described,
    texts: Object.fromEntries(
      Object.entries(texts).map(([kind, some]) => [
        kind,
        some.map(({ name, files }) => ({ name, files: files.map(({ path, size }) => ({ path, size })) })),
      ]),
    ),
    recipe: formatRecipe(recipe),
  }
}

/** DPO evaluates what it then learns. */
function flopsPerStep({ plan }: PlannedStage, accumulate: number, evaluates: boolean): number {
  const { batch, length } = plan
  const pairs = (batch * length * (length + 1)) / 2
  const of = (name: 'evaluate' | 'forward' | 'backward' | 'update') => {
    const { fixed, perPair } = flopsOf(plan, name)
    return fixed + pairs * perPair
  }
  return accumulate * ((evaluates ? of('evaluate') : 0) + of('forward') + of('backward')) + of('update')
}

export function pretrainPlanText(plan: PretrainPlan): string {
  const sizeOf = (bytes: number) =>
    bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toPrecision(3)} GB`
  const rows = plan.baseRows === null ? '' : `, ${number(plan.baseRows)} rows of the base`
  const { replay, ...others } = plan.texts
  const texts = Object.entries({ ...others, [`replay (${100 * plan.replayShare} %)`]: replay }).filter(
    ([, some]) => some.length,
  )
  return [
    `would train ${number(plan.parameters)} parameters, ${number(plan.vocabulary)} ids${rows}, on ${plan.backend}\n`,
    `${number(plan.tokens)} tokens: ${number(plan.steps)} steps of ${number(plan.tokensPerStep)}, `,
    `about ${plan.flops.toExponential(2)} FLOPs; ${sizeOf(plan.memoryBytes)} of device memory\n`,
    ...plan.stages.flatMap(({ name, steps, trainable, learningRate, memoryBytes, notes }) => [
      `  ${name}: ${number(steps)} steps, ${number(trainable)} parameters train at ${learningRate}, ${sizeOf(memoryBytes)}\n`,
      ...notes.map((note) => `    note: ${note}\n`),
    ]),
    ...texts.flatMap(([kind, some]) => [
      `${kind}\n`,
      ...some.map(({ name, files }) => {
        const bytes = files.reduce((sum, { size }) => sum + size, 0)
        return `  ${name}: ${files.length === 1 ? files[0].path : `${number(files.length)} files`}, ${number(bytes)} bytes\n`
      }),
    ]),
    `recipe\n${plan.recipe.replace(/^(?=.)/gm, '  ')}`,
  ].join('')
}
