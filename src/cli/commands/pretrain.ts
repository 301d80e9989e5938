import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { RowDtype } from '../../checkpoint/row-values'
import { type PretrainOptions, planPretrain } from '../../trainer/run/plan-pretrain'
import { type PretrainResult, pretrain } from '../../trainer/run/pretrain'
import { type RunWatch, watchRun } from '../../trainer/watch/watch-run'
import { openBackend } from '../backend'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { pretrainPlan, pretrainPlanText } from '../pretrain-plan'
import { READING, readingOf } from '../reading-options'
import { readRecipeOption } from '../recipe-option'
import { terminalSink } from '../run-progress'
import { line, number } from '../summary'
import type { Colors } from '../terminal'
import { readOptions, required } from '../usage'

export const name = 'pretrain'
export const summary = 'train the extended model on text, and measure that it does not forget'

export const options = [
  ...(['model-folder', 'training-init-map', 'extended-tokenizer', 'base-rows'] as const),
  ...READING,
  ...(['data', 'replay', 'documents', 'eos', 'packing', 'chat-template'] as const),
  ...(['recipe', 'tokens', 'replay-share', 'learning-rate', 'length', 'batch', 'accumulate'] as const),
  ...(['backend', 'storage', 'checkpointing', 'max-steps', 'training-seed'] as const),
  ...([
    'eval',
    'guard',
    'watch',
    'held-out-documents',
    'eval-bytes',
    'eval-every',
    'guard-bound',
    'on-forget',
  ] as const),
  ...(['out', 'dtype', 'token-cache', 'save-every', 'keep-checkpoints', 'resume', 'tensorboard', 'page'] as const),
  ...(['force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
--model is a folder that \`ko-vocab apply\` wrote, or with --init-map and --tokenizer the base that is extended first. The
folder --out becomes the trained model, with best/ (the best by joint score), checkpoints/, metrics.jsonl, curves.html and
run.json. Ctrl-C saves a checkpoint; --resume goes on from it, and takes the same steps to the last bit.

Recipes say which parameters train when: docs/recipes.md. What is measured and what the gate does: docs/pretrain.md.

Examples:
  ko-vocab pretrain --model ./Llama-2-7b-ko --data ko.txt --replay en.txt --tokens 1B --out ./Llama-2-7b-ko-1B
  ko-vocab pretrain --model ./Llama-2-7b-ko --data 'ko/**/*.txt.gz' --replay en=en.txt --replay-share 0.3 \\
    --recipe eeve --tokens 2B --on-forget slow --out out
  ko-vocab pretrain --model ./Llama-2-7b-ko-chat --data pairs.jsonl --recipe dpo --guard en.txt --tokens 20M --out dpo
  ko-vocab pretrain --model ./Llama-2-7b-ko --data ko.txt --recipe my-recipe.yaml --tokens 100M --dry-run --out out
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const { terminal, progress } = context
  const out = required('out', values.out)
  const given = {
    model: required('model-folder', values['model-folder']),
    initMap: values['training-init-map'],
    tokenizer: values['extended-tokenizer'],
    baseRows: values['base-rows'],
    data: required('data', values.data),
    reading: readingOf(values, context),
    replay: values.replay,
    replayShare: values['replay-share'],
    recipe: readRecipeOption(values.recipe),
    learningRate: values['learning-rate'],
    out,
    tokens: required('tokens', values.tokens),
    length: values.length,
    batch: values.batch,
    accumulate: values.accumulate,
    seed: values['training-seed'],
    checkpointing: values.checkpointing,
    documents: values.documents,
    eos: values.eos,
    packing: values.packing,
    chatTemplate: templateOf(values['chat-template']),
    evaluate: values.eval,
    guard: values.guard,
    watch: values.watch,
    heldOut: values['held-out-documents'],
    evaluateBytes: values['eval-bytes'],
    evaluateEvery: values['eval-every'],
    gate: { bound: values['guard-bound'], onForget: values['on-forget'] },
    tokenCache: values['token-cache'],
    saveEvery: values['save-every'],
    keep: values['keep-checkpoints'],
    maxSteps: values['max-steps'],
    backend: await openBackend(values.backend, terminal.note, values.storage),
  }
  if (values['dry-run']) {
    const plan = pretrainPlan(await planPretrain(given), given)
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : pretrainPlanText(plan))
    return
  }
  // Saving a large model takes longer than an interrupted command is given as a rule.
  terminal.patient()
  let watch: RunWatch | null = null
  try {
    const result = await pretrain({
      ...given,
      dtype: values.dtype?.toUpperCase() as RowDtype | undefined,
      resume: values.resume,
      force: values.force,
      onProgress: progress.update,
      onBegin: async ({ after }) => {
        progress.clear()
        watch = await watchRun({
          ...{ folder: out, name: out.replace(/^.*[\\/](?=.)/, ''), after, signal: terminal.signal },
          tensorboard: values.tensorboard ? 'steps' : null,
          page: values.page === undefined ? null : { port: values.page },
          sinks: [terminalSink(terminal)],
        })
        if (watch.url) terminal.note(`live: ${watch.url}\n`)
      },
      onMetrics: (metrics) => watch?.onMetrics(metrics),
      signal: terminal.signal,
    })
    progress.clear()
    await (watch as RunWatch | null)?.close()
    watch = null
    if (values.json) await terminal.print(`${JSON.stringify(resultOf(result), null, 2)}\n`)
    else terminal.note(resultText(result, terminal.errColors))
  } finally {
    await (watch as RunWatch | null)?.close()
  }
}

/** A name, or the text of a file. */
function templateOf(given: string | undefined): PretrainOptions['chatTemplate'] {
  return given !== undefined && existsSync(given) ? { text: readFileSync(given, 'utf8'), source: given } : given
}

function resultOf({ state, steps, ended, out, best, files }: PretrainResult) {
  const { step, tokens, flops, gate } = state
  return { out, ended, step, steps, tokens, flops, gate, bestStep: state.best, best, files }
}

function resultText({ state, steps, ended, out, best, files }: PretrainResult, colors: Colors): string {
  const how = {
    done: `${number(steps)} steps`,
    forgot: `stopped by the gate after ${number(state.step)} of ${number(steps)} steps`,
    paused: `paused after ${number(state.step)} of ${number(steps)} steps; --resume goes on`,
  }[ended]
  const { worsened } = state.gate
  return [
    line('trained', `${how}, ${number(state.tokens)} tokens, ${state.flops.toExponential(2)} FLOPs`, colors),
    worsened === null ? '' : line('guarded', `${(100 * worsened).toFixed(2)} % against the beginning`, colors),
    best === null
      ? ''
      : line('best', `${best}: joint score ${state.best!.score.toFixed(4)} at step ${state.best!.step}`, colors),
    line('files', `${out}: ${files.join(', ')}`, colors),
  ].join('')
}
