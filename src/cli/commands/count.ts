import type { Command } from 'commander'
import { expandInputs } from '../../corpus/files'
import { countWords } from '../../counts/count'
import { writeCounts } from '../../counts/counts-file'
import type { WordCounts } from '../../counts/types'
import { openBase } from '../../extend/open-base'
import { defaultScopeName, scopeNamed } from '../../text/scope'
import { decodeUtf8 } from '../../text/utf8'
import { recordRun } from '../beside'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { filesText, line, number } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'count'
export const summary = "count the words of a corpus as the base's pre-tokenizer makes them"

export const options = [
  ...(['base', 'form', 'pattern', 'corpus', 'scope', 'normalize', 'threads'] as const),
  ...(['out', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
--out is a Parquet file: word (STRING), count (INT64), by count and then by bytes, with the hash of the pre-tokenizer in
its metadata. Without --out the same goes to standard output as lines of word, tab, count. A space before a word is a
part of it.

Examples:
  ko-vocab count --base ./Llama-2-7b-hf --corpus 'ko/*.txt.gz' --out counts.parquet
  zcat ko.txt.gz | ko-vocab count --base tokenizer.json --corpus - | head
`

export async function run({ terminal, progress }: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const path = required('base', values.base)
  const patterns = required('corpus', values.corpus)
  const { form, pattern, normalize, threads, out } = values
  const fromNothing = path === 'none'
  const base = await openBase({ base: fromNothing ? undefined : path, form, pattern })
  const scope = scopeNamed(values.scope ?? defaultScopeName(base.form))
  const files = await expandInputs(patterns)
  if (values['dry-run']) {
    const plan = { dryRun: true, scope: fromNothing ? 'all' : scope.name, corpus: files, out: out ?? null }
    const text = `would count the words of\n${filesText(files)}and write ${out ?? 'to standard output'}\n`
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : text)
    return
  }
  const words = await countWords(files, {
    ...(fromNothing ? { form: base.form, pattern } : { base, scope }),
    normalize,
    threads,
    onProgress: (done, total) => progress.update('count', done, total),
    signal: terminal.signal,
  })
  progress.clear()
  if (out === undefined) {
    for (const part of wordLines(words, values.json)) await terminal.print(part)
    return
  }
  await writeCounts(out, words)
  const recorded = { base: path, form, pattern, corpus: patterns, scope: words.meta['ko_vocab.scope'], normalize }
  await recordRun(name, out, recorded, files, fromNothing ? undefined : path)
  const total = words.counts.reduce((sum, count) => sum + count, 0)
  if (values.json) {
    const document = { out, words: words.counts.length, occurrences: total, meta: words.meta }
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
  } else {
    const colors = terminal.errColors
    terminal.note(line('words', `${number(words.counts.length)} distinct, seen ${number(total)} times`, colors))
    terminal.note(line('file', out, colors))
  }
}

/** `word<TAB>count` lines, or objects with --json, in parts of about 64 KiB. */
function* wordLines({ bytes, offsets, counts }: WordCounts, json: boolean): Generator<string> {
  let part = ''
  for (let i = 0; i < counts.length; i++) {
    const word = decodeUtf8(bytes.subarray(offsets[i], offsets[i + 1]))
    part += json ? `${JSON.stringify({ word, count: counts[i] })}\n` : `${word}\t${counts[i]}\n`
    if (part.length > 1 << 16) {
      yield part
      part = ''
    }
  }
  yield part
}
