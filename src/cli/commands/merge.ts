import type { Command } from 'commander'
import { type MergeDonorsOptions, mergeDonors, planMerge } from '../../merge-donors'
import { mergeTable } from '../../merge-report'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { extensionJson, extensionText, mergeText } from '../summary'
import { readOptions, required, requiredBase } from '../usage'

export const name = 'merge'
export const summary = 'bring pieces of other vocabularies into a base: merge, extend, audit, init map, one folder'

export const options = [
  ...(['base', 'donor', 'corpus', 'counts', 'test'] as const),
  ...READING,
  ...(['add', 'priority', 'unreachable', 'unseen', 'spelling', 'normalized', 'beside'] as const),
  ...(['min-frequency', 'max-piece-length', 'scope', 'normalize', 'threads'] as const),
  ...(['user-defined-symbols', 'pad-to-multiple', 'input', 'output', 'unchanged', 'audit', 'seed'] as const),
  ...(['out', 'force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Donors are SentencePiece models of any type and normalizer, tokenizer.json (BPE, Unigram, WordPiece, WordLevel),
tiktoken rank files, text lists with or without counts, and extensions of the same base. With a corpus its counts rank
the pieces, else the donor's own order. Base ids stay, and text outside the scope keeps its tokens.

Writes into --out what extend writes, with merge-report.json and donor-pieces.tsv: what became of each donor piece.
--dry-run makes the report and writes nothing; with --json it has every piece.

Examples:
  ko-vocab merge --base ./Llama-2-7b-hf --donor korean.model --corpus ko.txt --add 12000 --out ./llama-2-ko
  ko-vocab merge --base ./SOLAR-10.7B --donor law.txt medicine.txt --spelling words --out ./solar-law-medicine
  ko-vocab merge --base ./base --donor ./base-legal ./base-medical --out ./base-both
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const { terminal, progress } = context
  const base = requiredBase(name, values.base)
  const donors = required('donor', values.donor)
  const out = required('out', values.out)
  const given: MergeDonorsOptions = {
    base,
    donors,
    priorities: values.priority,
    corpus: values.corpus,
    reading: readingOf(values, context),
    counts: values.counts,
    test: values.test,
    add: values.add,
    unreachable: values.unreachable,
    unseen: values.unseen,
    spelling: values.spelling,
    normalized: values.normalized,
    compare: values.beside === 'extend',
    minFrequency: values['min-frequency'],
    maxPieceLength: values['max-piece-length'],
    scope: values.scope,
    normalize: values.normalize,
    threads: values.threads,
    userDefinedSymbols: values['user-defined-symbols'],
    padToMultiple: values['pad-to-multiple'],
    inputMethod: values.input,
    outputMethod: values.output,
    unchanged: values.unchanged,
    audit: values.audit,
    seed: values.seed,
    out,
    force: values.force,
    onProgress: progress.update,
    signal: terminal.signal,
  }
  if (values['dry-run']) {
    const plan = await planMerge(given)
    progress.clear()
    const { report, merges } = plan
    const table = () => mergeTable({ ...plan, symbols: plan.userDefinedSymbols.length })
    if (values.json)
      await terminal.print(`${JSON.stringify({ dryRun: true, out, report, pieces: merges.fates }, null, 2)}\n`)
    else {
      terminal.note(mergeText(report, terminal.errColors))
      await terminal.print(table())
    }
    return
  }
  const result = await mergeDonors(given)
  progress.clear()
  if (values.json) await terminal.print(extensionJson(result, out, { report: result.report }))
  else {
    // What was measured stands in the text of the merge.
    const rest = { ...result, summary: { ...result.summary, sample: null } }
    terminal.note(mergeText(result.report, terminal.errColors) + extensionText(rest, out, terminal.errColors))
  }
}
