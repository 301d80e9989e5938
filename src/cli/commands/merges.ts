import type { Command } from 'commander'
import { writeFileAtomic } from '../../corpus/atomic'
import { recordedReading } from '../../corpus/format'
import { learnPieces } from '../../extend/learn-pieces'
import { prepareExtension } from '../../extend-from-text'
import { formatMerges } from '../../merges/merges-file'
import { recordRun } from '../beside'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { line, number, planJson, planText } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'merges'
export const summary = "learn pieces: continue the base's byte-pair encoding on counted words"

export const options = [
  ...(['base', 'form', 'pattern', 'corpus', 'counts', 'add', 'vocab-size', 'min-frequency'] as const),
  ...READING,
  ...([
    'max-piece-length',
    'syllables',
    'scope',
    'balance',
    'superwords',
    'normalize',
    'threads',
    'user-defined-symbols',
  ] as const),
  ...(['out', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
merges.txt has the pieces in the order of learning, each as the pair that makes it and how often that was seen; a single
character that the base lacks stands alone. Without --out it goes to standard output.

Examples:
  ko-vocab merges --base ./Llama-2-7b-hf --counts counts.parquet --add 14336 --out merges.txt
  ko-vocab merges --base ./Meta-Llama-3-8B --corpus ko.txt --add 100
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const path = required('base', values.base)
  const { form, pattern, corpus, counts, syllables, normalize, threads, out } = values
  const given = {
    base: path === 'none' ? undefined : path,
    form,
    pattern,
    corpus,
    reading: readingOf(values, context),
    counts,
    add: values.add,
    vocabSize: values['vocab-size'],
    minFrequency: values['min-frequency'],
    maxPieceLength: values['max-piece-length'],
    syllables,
    scope: values.scope,
    balance: values.balance,
    superwords: values.superwords,
    normalize,
    threads,
    userDefinedSymbols: values['user-defined-symbols'],
    signal: terminal.signal,
  }
  const plan = await prepareExtension(given)
  if (values['dry-run']) {
    const place = out ?? 'to standard output'
    await terminal.print(values.json ? planJson(plan, out ?? null) : planText(plan, place))
    return
  }
  const learned = await learnPieces(plan.base, plan.domains, {
    ...given,
    form: path === 'none' ? plan.base.form : undefined,
    scope: plan.scope,
    balance: plan.balance,
    add: plan.add,
    onProgress: progress.update,
  })
  progress.clear()
  if (out === undefined) {
    await terminal.print(values.json ? `${JSON.stringify(learned)}\n` : formatMerges(learned))
    return
  }
  await writeFileAtomic(out, formatMerges(learned))
  const { signal, threads: _, ...recorded } = given
  const reading = recordedReading(given.reading)
  await recordRun(name, out, { ...recorded, reading, base: path }, plan.corpus, given.base)
  if (values.json) {
    await terminal.print(`${JSON.stringify({ out, pieces: learned.pieces.length, meta: learned.meta }, null, 2)}\n`)
  } else {
    const characters = learned.pieces.filter(({ left }) => left === null).length
    const merged = learned.pieces.length - characters
    const text = `${number(learned.pieces.length)}: ${number(characters)} characters, ${number(merged)} merged`
    terminal.note(line('pieces', text, terminal.errColors))
    terminal.note(line('file', out, terminal.errColors))
  }
}
