import type { Command } from 'commander'
import { baseFacts, methodFacts } from '../../init/compare'
import { buildInitMap } from '../../init/init-map'
import { corpusNeed, type InitMethod, initMethods } from '../../init/methods'
import { baseLogits } from '../../init/new-mass'
import { segmentPiece } from '../../init/segment'
import { createEncoder } from '../../tokenizer/encoder'
import { readHiddenStates, readMatrices } from '../base-rows'
import { type Comparison, comparisonText } from '../comparison'
import type { Context } from '../context'
import { readCorpus } from '../init-corpus'
import { openInitPair } from '../init-pair'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { readOptions, required, requiredBase } from '../usage'

export const name = 'compare-init'
export const summary = 'hold the rows of every init method against those of a model, untrained'

export const options = [
  ...(['base', 'extended', 'checkpoint', 'corpus', 'hidden-states', 'k', 'seed'] as const),
  ...READING,
  ...(['dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
For each method the norm of the new rows, their cosine with the mean of the base rows and with the nearest base row, beside
the same of the base rows themselves. With --hidden-states also the probability that all new ids take together before
anything is trained, and what the base's own tokens lose by it, in bits. Methods that count in a corpus are left out
without --corpus. Both matrices are held in memory as float32: 1 GB for 32,000 rows of 4,096.

Examples:
  ko-vocab compare-init --base ./Llama-2-7b-hf --extended ./llama-2-ko --checkpoint ./Llama-2-7b-hf --corpus ko.txt
  ko-vocab compare-init --base ./base --extended ./extended --checkpoint ./base --hidden-states hidden.safetensors --json
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const basePath = requiredBase(name, values.base)
  const extendedPath = required('extended', values.extended)
  const folder = required('checkpoint', values.checkpoint)
  const { corpus, seed, k } = values
  const { base, extended, paddingIds } = await openInitPair(basePath, extendedPath, 1)
  const all = Object.keys(initMethods) as InitMethod[]
  const methods = all.filter((method) => corpus !== undefined || corpusNeed([method]) === 'none')
  const skipped = all.filter((method) => !methods.includes(method))
  if (values['dry-run']) {
    const plan = { dryRun: true, checkpoint: folder, methods, skipped }
    const text = `would compare ${methods.join(', ')} on ${folder}\n`
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : text)
    return
  }
  const hidden = values['hidden-states'] === undefined ? undefined : await readHiddenStates(values['hidden-states'])
  const baseRows = base.pieces.length
  const { input, output, tied } = await readMatrices(folder, baseRows)
  const { statistics } = await readCorpus(context, { base, extended }, methods, corpus, readingOf(values, context))
  progress.update('base rows', 0, methods.length + 1)
  const logits = hidden && baseLogits(output, baseRows, hidden)
  const facts = { input, output, baseRows, logits, signal: terminal.signal }
  const comparison: Comparison = {
    checkpoint: folder,
    dim: input.dim,
    tied,
    corpus: corpus !== undefined,
    states: hidden?.rows ?? null,
    base: baseFacts(facts),
    methods: {},
    skipped,
  }
  const encoder = createEncoder(base)
  const segment = (id: number) => Array.from(segmentPiece(encoder, extended.pieces[id]))
  const common = { base, extended, paddingIds, segment, corpus: statistics, k, seed }
  for (const [done, method] of methods.entries()) {
    progress.update(method, done + 1, methods.length + 1)
    // A turn of the event loop, so that an interrupt is heard.
    await new Promise(setImmediate)
    comparison.methods[method] = methodFacts(
      buildInitMap({ ...common, inputMethod: method, outputMethod: method }),
      facts,
    )
  }
  progress.clear()
  const text = values.json ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonText(comparison, terminal.outColors)
  await terminal.print(text)
}
