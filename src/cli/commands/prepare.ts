import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { expandDomains } from '../../corpus/domains'
import { recordedReading } from '../../corpus/format'
import { DEFAULT_PLAN } from '../../corpus/prepare/default-plan'
import { type PreparedFolder, prepareFolder } from '../../corpus/prepare/prepare-folder'
import { readPlan } from '../../corpus/prepare/read-steps'
import { KoVocabError } from '../../errors'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf, skippedJson } from '../reading-options'
import { filesText, line, number } from '../summary'
import type { Colors } from '../terminal'
import { readOptions, required } from '../usage'

export const name = 'prepare'
export const summary = 'clean, filter and deduplicate a corpus, step by step, with a report and a data card'

export const options = [
  ...(['corpus', ...READING, 'documents', 'steps', 'print-steps', 'counting-tokenizer', 'shard-format'] as const),
  ...([
    'shard-size',
    'sampling-seed',
    'preparing-threads',
    'out',
    'force',
    'dry-run',
    'json',
    'config',
    'debug',
  ] as const),
] as const satisfies readonly OptionName[]

export const help = `
Each file of --corpus is a source; name=path makes one of a folder or a glob. Of records the fields source, license and id
go along, where they are there. The steps, their order and their thresholds
stand in a YAML: --print-steps prints the one that is used without --steps, to begin with. --out is a folder as Hugging
Face datasets are: data/train-*.jsonl.zst (text, source, license, id), README.md (the data card), report.json (documents
and bytes of every step, with samples of what it changed and removed), run.json. It is there whole or not at all; when the
command was interrupted or killed, the same command goes on where it was.

Examples:
  ko-vocab prepare --print-steps > steps.yaml
  ko-vocab prepare --corpus 'wiki=wiki/*.txt.gz' petitions.txt --steps steps.yaml --out ./prepared
  ko-vocab prepare --corpus reviews.txt --documents line --format parquet --tokenizer ./llama-2-ko --out ./prepared
`

export async function run(context: Context, command: Command): Promise<1 | undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const plan = values.steps === undefined ? DEFAULT_PLAN : await readText(values.steps)
  const checked = readPlan(plan, values.steps ?? 'the default steps')
  if (values['print-steps']) {
    await terminal.print(plan)
    return
  }
  const domains = await expandDomains(required('corpus', values.corpus), readingOf(values, context))
  const unknown = Object.keys(checked.sources).find((source) => !domains.some((domain) => domain.name === source))
  if (unknown !== undefined) {
    const names = domains.map((domain) => domain.name).join(', ')
    const what = `${values.steps}: sources has ${JSON.stringify(unknown)}, which no file of --corpus belongs to`
    throw new KoVocabError('bad-option', what, `the sources are: ${names}`)
  }
  if (values['dry-run']) {
    const steps = checked.steps.map((step) => step.name)
    const document = { dryRun: true, steps: checked.steps, corpus: domains, out: values.out ?? null }
    const files = filesText(domains.flatMap((domain) => domain.files))
    const text = `would prepare\n${files}by ${steps.join(', ')}\nand write ${values.out ?? 'nothing: --out is missing'}\n`
    await terminal.print(values.json ? `${JSON.stringify(document, null, 2)}\n` : text)
    return
  }
  const out = required('out', values.out)
  const { documents: ends, 'counting-tokenizer': tokenizer, 'shard-format': format } = values
  const { 'shard-size': shardBytes, 'preparing-threads': threads } = values
  const prepared = await prepareFolder({
    ...{ domains, plan: checked, out, force: values.force, format, shardBytes, ends, seed: values['sampling-seed'] },
    ...{
      tokenizer,
      threads,
      benchmarks: readingOf({ ...values, field: undefined, 'input-format': undefined }, context),
      recorded: {
        reading: recordedReading(readingOf(values, context)),
        corpus: values.corpus,
        documents: ends,
        tokenizer,
        format,
        'shard-size': shardBytes,
      },
    },
    ...{ onProgress: progress.update, signal: terminal.signal },
  })
  progress.clear()
  if (values.json)
    await terminal.print(
      `${JSON.stringify({ out, ...withoutSamples(prepared), skipped: skippedJson(context.opened) }, null, 2)}\n`,
    )
  else terminal.note(preparedText(prepared, out, terminal.errColors))
  if (prepared.report.documentsOut > 0) return
  terminal.note(
    `${terminal.errColors.red('ko-vocab:')} no document is left; ${out}/report.json says which step took them\n`,
  )
  return 1
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KoVocabError('io', `--steps ${path}: cannot be read: ${reason}`, 'check the path', { cause })
  })
}

function withoutSamples({ report, shards, tokens, resumed }: PreparedFolder) {
  return { ...report, steps: report.steps.map(({ samples: _, ...step }) => step), shards, tokens, resumed }
}

/** A line a step: what it took and what it changed. */
export function preparedText({ report, shards, tokens, resumed }: PreparedFolder, out: string, colors: Colors): string {
  const megabytes = (bytes: number) =>
    bytes < 1e6 ? `${number(bytes)} bytes` : `${number(Math.round(bytes / 1e4) / 100)} MB`
  const width = Math.max(...report.steps.map((step) => step.name.length))
  const steps = report.steps.map((step) => {
    const parts = [
      ...(step.removed > 0 ? [`removed ${number(step.removed)}: ${reasonsText(step.reasons)}`] : []),
      ...(step.changed > 0 ? [`changed ${number(step.changed)}`] : []),
    ]
    return `  ${step.name.padEnd(width)}  ${parts.join('; ') || 'nothing to do'}\n`
  })
  const all = tokens && Object.values(tokens).reduce((sum, count) => sum + count, 0)
  return [
    resumed === 0
      ? ''
      : line('resumed', `${number(resumed)} documents had gone through the first steps before`, colors),
    line('documents', `${number(report.documentsIn)}, ${megabytes(report.bytesIn)} of text`, colors),
    ...steps,
    line('kept', `${number(report.documentsOut)}, ${megabytes(report.bytesOut)} of text`, colors),
    all === null ? '' : line('tokens', number(all), colors),
    line('files', `${out}: ${[...shards, 'README.md', 'report.json', 'run.json'].slice(-5).join(', ')}`, colors),
  ].join('')
}

/** The three most frequent, the rest summed. */
function reasonsText(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  if (sorted.length === 1) return sorted[0][0]
  const rest = sorted.slice(3).reduce((sum, [, count]) => sum + count, 0)
  const first = sorted.slice(0, 3).map(([reason, count]) => `${reason} ${number(count)}`)
  return [...first, ...(rest > 0 ? [`others ${number(rest)}`] : [])].join(', ')
}
