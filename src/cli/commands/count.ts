import type { Command } from 'commander'
import { expandInputs } from '../../corpus/files'
import { recordedReading } from '../../corpus/format'
import { type CountedFile, countShard, countToFile } from '../../counts/count-to-file'
import { withCountedRows } from '../../counts/counted-rows'
import { partsOf } from '../../counts/read-part'
import type { WordRows } from '../../counts/rows'
import { type Shard, shardName, shardParts } from '../../counts/shard'
import { KoVocabError } from '../../errors'
import { openBase } from '../../extend/open-base'
import { defaultScopeName, scopeNamed } from '../../text/scope'
import { decodeUtf8 } from '../../text/utf8'
import { recordRun } from '../beside'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { leftOutText, READING, readingOf, skippedJson } from '../reading-options'
import { filesText, line, number } from '../summary'
import { readOptions, required } from '../usage'
import { whichShard } from '../which-shard'

export const name = 'count'
export const summary = "count the words of a corpus as the base's pre-tokenizer makes them"

export const options = [
  ...(['base', 'form', 'pattern', 'corpus', 'scope', 'normalize', 'threads', 'memory', 'tmp'] as const),
  ...READING,
  ...(['shard', 'shards', 'out', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
--out is a Parquet file: word (STRING), count (INT64), by count and then by bytes, with the hash of the pre-tokenizer in
its metadata. Without --out the same goes to standard output as lines of word, tab, count. A space before a word is a
part of it.

With --memory the result is the same, byte for byte. With --shard, --out is a folder: each machine writes its part and
then a marker, and does nothing where both are there; merge-counts makes one counts.parquet of them.

Examples:
  ko-vocab count --base ./Llama-2-7b-hf --corpus 'ko/*.txt.gz' --out counts.parquet
  ko-vocab count --base ./Llama-2-7b-hf --corpus ./wikipedia-ko --field text --on-error skip --out counts.parquet
  zcat ko.txt.gz | ko-vocab count --base tokenizer.json --corpus - | head
  ko-vocab count --base ./Llama-2-7b-hf --corpus 'ko/*.txt.gz' --memory 2GB --shard 3/16 --out counts/
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const path = required('base', values.base)
  const patterns = required('corpus', values.corpus)
  const { form, pattern, normalize, threads, out, memory, tmp } = values
  const shard = whichShard(values, process.env)
  if (shard && out === undefined) {
    throw new KoVocabError(
      'bad-option',
      'a shard is counted into a folder, and --out is missing',
      'give --out <folder>',
    )
  }
  const fromNothing = path === 'none'
  const base = await openBase({ base: fromNothing ? undefined : path, form, pattern })
  const scope = scopeNamed(values.scope ?? defaultScopeName(base.form))
  const reading = readingOf(values, context)
  const files = await expandInputs(patterns, reading)
  if (values['dry-run']) {
    const plan = { dryRun: true, scope: fromNothing ? 'all' : scope.name, corpus: files, out: out ?? null }
    const place = shard ? `${shardName(shard)} in ${out}` : (out ?? 'to standard output')
    const parts = shard ? shardParts(files, shard).map(({ file, start, end }) => ({ path: file.path, start, end })) : []
    const ranges = parts.map((part) => `  ${part.path}: bytes ${number(part.start)} to ${number(part.end)}\n`)
    const what = shard ? ranges.join('') : filesText(files)
    const document = shard ? { ...plan, shard, parts } : plan
    const text = `would count the words of\n${what}and write ${place}\n`
    await terminal.print(values.json ? `${JSON.stringify(document, null, 2)}\n` : text)
    return
  }
  const given = {
    ...(fromNothing ? { form: base.form, pattern } : { base, scope }),
    normalize,
    threads,
    memory,
    tmp,
    onProgress: (done: number, total: number) => progress.update('count', done, total),
    signal: terminal.signal,
  }
  if (out === undefined) {
    await withCountedRows(partsOf(files), given, 'count', LINES, async ({ rows }) => {
      progress.clear()
      for await (const batch of rows) await terminal.print(wordLines(batch, values.json))
    })
    return
  }
  const counted = shard ? await countShard(files, out, shard, given) : await countToFile(files, out, given)
  progress.clear()
  if (!shard) {
    const recorded = {
      base: path,
      form,
      pattern,
      corpus: patterns,
      reading: recordedReading(reading),
      scope: counted.meta['ko_vocab.scope'],
      normalize,
    }
    await recordRun(name, out, recorded, files, fromNothing ? undefined : path)
  }
  await tell(context, counted, shard, values.json)
}

async function tell(
  { terminal, opened }: Context,
  counted: CountedFile,
  shard: Shard | null,
  json: boolean,
): Promise<void> {
  const { path: out, words, occurrences, meta, spilledBytes, wasDone, skipped } = counted
  if (json) {
    const document = {
      out,
      words,
      occurrences,
      meta,
      ...(shard ? { shard, wasDone, leftOut: skipped } : {}),
      ...(spilledBytes > 0 ? { spilledBytes } : {}),
      skipped: skippedJson(opened),
    }
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  const colors = terminal.errColors
  if (wasDone) terminal.note(line('done', 'counted before: nothing to do', colors))
  if (wasDone && skipped) terminal.note(line('left out', leftOutText(skipped), colors))
  terminal.note(line('words', `${number(words)} distinct, seen ${number(occurrences)} times`, colors))
  if (spilledBytes > 0) terminal.note(line('spilled', `${(spilledBytes / 1e6).toFixed(1)} MB`, colors))
  terminal.note(line('file', out, colors))
}

/** Words printed at once. */
const LINES = 4096

/** `word<TAB>count` lines, or objects with --json. */
function wordLines({ bytes, offsets, counts }: WordRows, json: boolean): string {
  let part = ''
  for (let i = 0; i < counts.length; i++) {
    const word = decodeUtf8(bytes.subarray(offsets[i], offsets[i + 1]))
    part += json ? `${JSON.stringify({ word, count: counts[i] })}\n` : `${word}\t${counts[i]}\n`
  }
  return part
}
