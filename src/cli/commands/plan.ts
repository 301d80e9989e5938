import type { Command } from 'commander'
import { planLines, planTables } from '../../measure/plan/tables'
import { type PlanExtensionOptions, planExtension, preparePlan } from '../../plan-extension'
import { tableText } from '../bench-text'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { filesText, line, number } from '../summary'
import { readOptions, required, requiredBase } from '../usage'

export const name = 'plan'
export const summary = 'how many pieces are worth adding: every size measured in one run, and one proposed'

export const options = [
  ...(['base', 'corpus', 'test', 'model'] as const),
  ...READING,
  ...(['max', 'held-out', 'training-tokens', 'enough', 'multiple-of'] as const),
  ...(['min-frequency', 'max-piece-length', 'syllables', 'scope', 'balance', 'normalize', 'threads'] as const),
  ...(['out', 'force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Learns the pieces once, encodes text that was not learned from with the base and with all pieces, and has the tokens of
every size between, exactly. Proposes the largest size up to which pieces save more FLOPs than their rows cost, and whose
pieces will be seen often enough in training; says why, and names the sizes with 90, 95 and 99 % of the gain. --model is
7b when it is not given. Formulas: docs/plan.md.

--out writes a folder with report.html (in Korean and English, without a network), plan.md, plan.csv, plan.json,
merges.txt and run.json; a size is made without learning again by ko-vocab extend --merges <out>/merges.txt --add n.

Examples:
  ko-vocab plan --base ./Llama-2-7b-hf --corpus 'ko/**/*.txt.gz' --model 7b --out plan
  ko-vocab plan --base ./Meta-Llama-3-8B --corpus ko.txt --test held-out.txt --model ./Meta-Llama-3-8B --max 32000
  ko-vocab plan --base tokenizer.model --corpus ko.txt --training-tokens 5000000000 --json | jq .proposal
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const { out } = values
  const base = requiredBase(name, values.base)
  const given: PlanExtensionOptions = {
    base,
    corpus: required('corpus', values.corpus),
    reading: readingOf(values, context),
    test: values.test,
    heldOut: values['held-out'],
    model: values.model,
    max: values.max,
    trainingTokens: values['training-tokens'],
    enough: values.enough,
    multipleOf: values['multiple-of'],
    minFrequency: values['min-frequency'],
    maxPieceLength: values['max-piece-length'],
    syllables: values.syllables,
    scope: values.scope,
    balance: values.balance,
    normalize: values.normalize,
    threads: values.threads,
    out,
    force: values.force,
    onProgress: progress.update,
    signal: terminal.signal,
  }
  if (values['dry-run']) {
    const { base: from, scope, model, corpus, test } = await preparePlan(given)
    const said = { dryRun: true, out: out ?? null, baseSha256: from.sha256, scope: scope.name, model, corpus, test }
    const measured =
      test.length > 0 ? filesText(test) : `  1 line in ${values['held-out']} of them, left out of learning\n`
    const text = [
      `would learn up to ${number(values.max)} pieces for ${number(from.pieces.length)} ids in the scope ${scope.name} from\n`,
      `${filesText(corpus)}would measure on\n${measured}would reckon with ${model.source}\n`,
      out === undefined ? '' : `would write ${out}\n`,
    ]
    await terminal.print(values.json ? `${JSON.stringify(said, null, 2)}\n` : text.join(''))
    return
  }
  const { plan, files } = await planExtension(given)
  progress.clear()
  if (out !== undefined) {
    terminal.note(line('files', `${out}: ${[...files.keys()].sort().join(', ')}`, terminal.errColors))
  }
  if (values.json) {
    await terminal.print(`${JSON.stringify(plan, null, 2)}\n`)
    return
  }
  const colors = terminal.outColors
  const text = [
    ...planLines(plan).map((part) => `${part}\n`),
    ...planTables(plan).map((table) => `\n${tableText(table, colors)}`),
    `\n${colors.bold(plan.proposal ? `proposal: ${number(plan.proposal.pieces)} pieces` : 'no proposal')}\n`,
    ...plan.why.map((sentence) => `${sentence}\n`),
    ...plan.alternatives.map(
      ({ shareOfGain, pieces, vocabulary }) =>
        `${100 * shareOfGain} % of the gain: ${number(pieces)} pieces, ${number(vocabulary)} ids\n`,
    ),
  ]
  await terminal.print(text.join(''))
}
