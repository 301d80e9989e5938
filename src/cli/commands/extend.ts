import type { Command } from 'commander'
import { type ExtendFromTextOptions, extendFromText, prepareExtension } from '../../extend-from-text'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf, skippedJson } from '../reading-options'
import { extensionJson, extensionText, planJson, planText } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'extend'
export const summary = 'extend a tokenizer: count, learn, extend, audit, init map, one folder'

export const options = [
  ...(['base', 'form', 'pattern', 'corpus', 'counts', 'merges'] as const),
  ...READING,
  ...([
    'add',
    'vocab-size',
    'min-frequency',
    'max-piece-length',
    'syllables',
    'scope',
    'balance',
    'superwords',
    'normalize',
    'threads',
  ] as const),
  ...(['user-defined-symbols', 'pad-to-multiple', 'input', 'output', 'unchanged', 'audit', 'seed'] as const),
  ...(['out', 'force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Writes into --out: the tokenizer in every format the base came in and those that can be derived, merges.txt, audit.json,
init-map.safetensors, init-map.json, extension.json and run.json. The folder is written whole or not at all, after the
audit has passed; a failed audit goes to <out>.audit-failed.json and exits 1.

Examples:
  ko-vocab extend --base ./Llama-2-7b-hf --corpus 'ko/**/*.txt.gz' --add 14336 --out ./llama-2-ko
  ko-vocab extend --base ./Mistral-7B --corpus law='law/**/*.txt' chat=chat.txt --superwords 0.5 --add 32000 --out out
  ko-vocab extend --base tokenizer.model --corpus ko.txt --vocab-size 46336 --pad-to-multiple 64 --out out
  ko-vocab extend --base ./Yi-6B --merges merges.txt --input mean --output first --unchanged en.txt code.txt --out out
  ko-vocab extend --base none --form sentencepiece --corpus ko.txt --vocab-size 32000 --out korean
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const { terminal, progress } = context
  const base = required('base', values.base)
  const out = required('out', values.out)
  const given: ExtendFromTextOptions = {
    base: base === 'none' ? undefined : base,
    form: values.form,
    pattern: values.pattern,
    corpus: values.corpus,
    reading: readingOf(values, context),
    counts: values.counts,
    merges: values.merges,
    add: values.add,
    vocabSize: values['vocab-size'],
    minFrequency: values['min-frequency'],
    maxPieceLength: values['max-piece-length'],
    syllables: values.syllables,
    scope: values.scope,
    balance: values.balance,
    superwords: values.superwords,
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
    const plan = await prepareExtension(given)
    await terminal.print(values.json ? planJson(plan, out) : planText(plan, out))
    return
  }
  const result = await extendFromText(given)
  progress.clear()
  if (values.json) await terminal.print(extensionJson(result, out, { skipped: skippedJson(context.opened) }))
  else terminal.note(extensionText(result, out, terminal.errColors))
}
