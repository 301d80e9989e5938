/** A recipe, a model and encoded text as the files of another trainer. */
import { KoVocabError } from '../../errors'
import { expandConfig } from '../forms/block-expansion'
import type { Recipe } from '../recipes/types'
import { axolotlStage } from './axolotl'
import { PROGRAMS } from './programs'
import { formedParameters } from './select'
import { formatStages, type ResolvedStage, resolveStages } from './stages'
import { fitsTorchtune, type TorchtuneBase, torchtuneStage, torchtuneWeights } from './torchtune'
import type { Handoff, HandoffFile, HandoffModel, HandoffSettings, HandoffTarget } from './types'

/**
 * The files for a trainer, with `stages.json` and the programs of `examples/torchrun` that go with it. Nothing is dropped
 * in silence: what the trainer cannot do as the recipe says is a warning here and in the head of its file, and a stage
 * that it cannot do at all is left to `train.py`.
 *
 * @throws KoVocabError `unsupported` for objectives other than causal-lm, and for models that the trainer cannot make;
 * `bad-option` for settings, and rules that fit nothing
 */
export function handOff(
  recipe: Recipe,
  model: HandoffModel,
  settings: HandoffSettings,
  target: HandoffTarget,
): Handoff {
  if (recipe.objective.kind !== 'causal-lm') {
    const what = `${recipe.name}: the objective ${recipe.objective.kind} is not handed off; causal-lm is`
    const hint = `train it with ko-vocab pretrain, or with TRL's ${recipe.objective.kind === 'dpo' ? 'DPOTrainer' : 'SFTTrainer'}`
    throw new KoVocabError('unsupported', what, hint)
  }
  const stages = resolveStages(recipe, model, settings)
  const resolved = { recipe, model, settings, stages }
  const common = [
    { name: 'stages.json', text: formatStages(recipe, model, settings, stages) },
    ...['stages.py', 'batches.py', 'train.py'].map(program),
  ]
  const notes = stages.flatMap((stage) => stage.notes)
  const { files, warnings, commands } = TARGETS[target](resolved)
  return { files: [...common, ...files], warnings: [...notes, ...together(warnings, stages)], commands }
}

const named = ({ stage }: ResolvedStage, warnings: readonly string[]) =>
  warnings.map((warning) => `stage ${stage.name}: ${warning}`)

/** `stage a: x` and `stage b: x` → `stages a, b: x`. */
function together(warnings: readonly string[], stages: readonly ResolvedStage[]): string[] {
  const where = new Map<string, string[]>()
  for (const warning of warnings) {
    const stage = stages.find(({ stage }) => warning.startsWith(`stage ${stage.name}: `))?.stage.name
    const what = stage === undefined ? warning : warning.slice(`stage ${stage}: `.length)
    where.set(what, [...(where.get(what) ?? []), ...(stage === undefined ? [] : [stage])])
  }
  return [...where].map(([what, of]) => {
    if (of.length === 0) return what
    if (of.length === stages.length && of.length > 1) return `every stage: ${what}`
    return `stage${of.length > 1 ? 's' : ''} ${of.join(', ')}: ${what}`
  })
}

interface Resolved {
  recipe: Recipe
  model: HandoffModel
  settings: HandoffSettings
  stages: readonly ResolvedStage[]
}

const program = (name: string): HandoffFile => ({ name, text: PROGRAMS[name] })
const torchrun = (processes: number) => `torchrun --nproc_per_node ${processes}`

const TARGETS: Record<HandoffTarget, (resolved: Resolved) => Handoff> = {
  fsdp: ({ settings: { processes, micro } }) => ({
    files: [],
    warnings: [],
    commands: [`${torchrun(processes)} train.py stages.json --micro ${micro} --out out`],
  }),

  transformers: ({ settings: { processes, micro, rowsPerStep } }) => ({
    files: [
      program('train_transformers.py'),
      {
        name: 'arguments.json',
        text: `${JSON.stringify(
          {
            per_device_train_batch_size: micro,
            gradient_accumulation_steps: rowsPerStep / (micro * processes),
            logging_steps: 1,
            report_to: 'none',
          },
          null,
          2,
        )}\n`,
      },
    ],
    warnings: [],
    commands: [`${torchrun(processes)} train_transformers.py stages.json --arguments arguments.json --out out`],
  }),

  axolotl: ({ recipe, model, settings, stages }) => {
    const files = [program('blocks.py')]
    const warnings: string[] = []
    const commands: string[] = []
    let base = model.folder
    if (recipe.form?.kind === 'block-expansion') {
      base = 'out/0-grown'
      commands.push('python train.py stages.json --to-stage 0 --out out')
    }
    if (recipe.form?.kind === 'lora' && stages.length > 1)
      warnings.push('each stage trains adapters of its own, which axolotl merge-lora merges into the model of the next')
    stages.forEach((resolved, i) => {
      const name = resolved.folder
      const out = `out/${name}`
      const config = axolotlStage(recipe, model, settings, resolved, { at: i + 1, base, out })
      files.push({ name: `axolotl-${name}.yaml`, text: config.text })
      warnings.push(...named(resolved, config.warnings))
      commands.push(
        `python blocks.py stages.json --stage ${i + 1} --out blocks`,
        `axolotl train axolotl-${name}.yaml --launcher torchrun -- --nproc_per_node ${settings.processes}`,
      )
      if (recipe.form?.kind !== 'lora') base = out
      else if (i + 1 < stages.length) {
        base = `${out}/merged`
        commands.push(`axolotl merge-lora axolotl-${name}.yaml`)
      }
    })
    return { files, warnings, commands }
  },

  torchtune: ({ recipe, model, settings, stages }) => {
    const files: HandoffFile[] = []
    const warnings: string[] = []
    const commands: string[] = []
    const { form } = recipe
    const config = form?.kind === 'block-expansion' ? expandConfig(model.config, form.blocks) : model.config
    const parameters = formedParameters(model, recipe).length
    const isFit = (resolved: ResolvedStage) => form?.kind !== 'lora' && fitsTorchtune(resolved, parameters)
    let base: TorchtuneBase = { folder: model.folder, weights: model.weights }
    if (form?.kind === 'block-expansion' && isFit(stages[0])) {
      base = { folder: 'out/0-grown', weights: ['model.safetensors'], isGuess: true }
      commands.push('python train.py stages.json --to-stage 0 --out out')
    }
    stages.forEach((resolved, i) => {
      const at = i + 1
      const name = resolved.folder
      if (!isFit(resolved)) {
        const why =
          form?.kind === 'lora'
            ? 'adapters are not written for torchtune'
            : 'torchtune freezes no chosen parameters and masks no rows'
        warnings.push(`stage ${resolved.stage.name}: runs under train.py, because ${why}`)
        commands.push(
          `${torchrun(settings.processes)} train.py stages.json --micro ${settings.micro} --from-stage ${at} --to-stage ${at} --out out`,
        )
        base = { folder: `out/${name}`, weights: ['model.safetensors'], isGuess: true }
        return
      }
      const out = `out/${name}`
      const written = torchtuneStage(model, config, settings, resolved, {
        ...{ at, base, out },
      })
      files.push({ name: `torchtune-${name}.yaml`, text: written.text })
      warnings.push(...named(resolved, written.warnings))
      commands.push(
        `tune run --nproc_per_node ${settings.processes} full_finetune_distributed --config torchtune-${name}.yaml`,
      )
      base = { folder: `${out}/epoch_0`, weights: torchtuneWeights(base.weights.length) }
      if (i + 1 < stages.length && !isFit(stages[i + 1])) {
        const next = `the stage before it is in ${base.folder}: copy it to out/${resolved.folder} with config.json and tokenizer first`
        warnings.push(`stage ${stages[i + 1].stage.name}: ${next}`)
      }
    })
    return { files, warnings, commands }
  },
}
