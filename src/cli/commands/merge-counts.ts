import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { openInputs } from '../../counts/counts-inputs'
import { mergeCounts } from '../../counts/merge-counts'
import { KoVocabError } from '../../errors'
import { recordRun } from '../beside'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { leftOutText } from '../reading-options'
import { line, number } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'merge-counts'
export const summary = 'add up counts: the shards of many machines, or the counts of several corpora'

const positional = [{ name: '<inputs...>', description: 'folders that count --shard wrote, or counts.parquet files' }]

export { positional as arguments }

export const options = [
  'memory',
  'tmp',
  'out',
  'dry-run',
  'json',
  'config',
  'debug',
] as const satisfies readonly OptionName[]

export const help = `
The shards of a corpus give the file that count gives on one machine, byte for byte. Shards that are missing are named,
and counts that were made with another pre-tokenizer, normalization or scope are refused. Memory is bounded: --memory is
1GB unless it is given.

Examples:
  ko-vocab merge-counts counts/ --out counts.parquet
  ko-vocab merge-counts wiki.parquet news.parquet --memory 4GB --tmp /scratch --out counts.parquet
`

export async function run({ terminal, progress }: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const out = required('out', values.out)
  const inputs = command.args
  if (values['dry-run']) {
    const { files, meta } = await openInputs(inputs)
    const rows = files.reduce((sum, file) => sum + file.rows, 0)
    const names = files.map((file) => file.name)
    const text = `would add up ${number(rows)} rows of\n${names.map((name) => `  ${name}\n`).join('')}and write ${out}\n`
    await terminal.print(
      values.json ? `${JSON.stringify({ dryRun: true, files: names, rows, meta, out }, null, 2)}\n` : text,
    )
    return
  }
  if ((await stat(out).catch(() => null))?.isDirectory()) {
    throw new KoVocabError('bad-option', `--out ${out} is a folder`, 'name a file, e.g. counts.parquet')
  }
  const merged = await mergeCounts(inputs, out, {
    memory: values.memory,
    tmp: values.tmp,
    onProgress: (done, total) => progress.update('merge', done, total),
    signal: terminal.signal,
  })
  progress.clear()
  const files = await Promise.all(
    merged.files.map(async (path) => ({ path, size: (await stat(path)).size, compression: 'none' as const })),
  )
  await recordRun(name, out, { inputs }, files)
  const { words, occurrences, meta, spilledBytes, skipped } = merged
  if (values.json) {
    const document = {
      out,
      files: files.length,
      words,
      occurrences,
      meta,
      ...(spilledBytes > 0 ? { spilledBytes } : {}),
      ...(skipped.records + skipped.parts > 0 ? { skipped } : {}),
    }
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  const colors = terminal.errColors
  terminal.note(line('counts', `${number(files.length)} files`, colors))
  terminal.note(line('words', `${number(words)} distinct, seen ${number(occurrences)} times`, colors))
  if (spilledBytes > 0) terminal.note(line('spilled', `${(spilledBytes / 1e6).toFixed(1)} MB`, colors))
  if (skipped.records + skipped.parts > 0) terminal.note(line('left out', leftOutText(skipped), colors))
  terminal.note(line('file', out, colors))
}
