import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { writeFileAtomic } from '../../corpus/atomic'
import type { CorpusStatistics } from '../../init/corpus-statistics'
import { buildInitMap, type InitMap } from '../../init/init-map'
import { writeInitMap } from '../../init/init-map-file'
import { formatInitMap } from '../../init/init-map-json'
import { segmentPiece } from '../../init/segment'
import { createEncoder } from '../../tokenizer/encoder'
import { readablePiece } from '../../tokenizer/readable-piece'
import { recordRun } from '../beside'
import type { Context } from '../context'
import { readCorpus, requireCorpus } from '../init-corpus'
import { openInitPair } from '../init-pair'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { line, number } from '../summary'
import { readOptions, required, requiredBase } from '../usage'

export const name = 'init-map'
export const summary = 'say how the embedding rows of new pieces are made of base rows'

export const options = [
  ...(['base', 'extended', 'corpus', 'input', 'output', 'k', 'pad-to-multiple', 'seed'] as const),
  ...READING,
  ...(['out', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
--out is a .safetensors file (two sparse matrices in CSR form, new rows = W · base rows) or a folder, in which it is
named init-map.safetensors. The same for people goes beside it as .json. weighted_frequency, align, focus and omp count in
--corpus; the others do not read it. compare-init holds the methods side by side.

Examples:
  ko-vocab init-map --base ./Llama-2-7b-hf --extended ./llama-2-ko --out init-map.safetensors
  ko-vocab init-map --base ./base --extended ./extended --input mean --output first --pad-to-multiple 64 --out ./maps
  ko-vocab init-map --base ./base --extended ./extended --input align --corpus ko.txt.gz --out ./maps
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal } = context
  const values = readOptions(command, options)
  const basePath = requiredBase(name, values.base)
  const extendedPath = required('extended', values.extended)
  const out = await safetensorsPath(required('out', values.out))
  const { input, output, corpus, seed, k } = values
  requireCorpus([input, output], corpus)
  const multiple = values['pad-to-multiple']
  const { base, extended, paddingIds } = await openInitPair(basePath, extendedPath, multiple)
  if (values['dry-run']) {
    const rows = extended.pieces.length - base.pieces.length
    const plan = { dryRun: true, out, newRows: rows, paddingRows: paddingIds.length }
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : `would write ${out} for ${rows} ids\n`)
    return
  }
  const { files, statistics } = await readCorpus(
    context,
    { base, extended },
    [input, output],
    corpus,
    readingOf(values, context),
  )
  const encoder = createEncoder(base)
  const map = buildInitMap({
    base,
    extended,
    paddingIds,
    inputMethod: input,
    outputMethod: output,
    segment: (id) => Array.from(segmentPiece(encoder, extended.pieces[id])),
    corpus: statistics,
    k,
    seed,
  })
  const json = out.replace(/\.safetensors$/, '.json')
  await writeFileAtomic(json, [...formatInitMap(map, readablePiece(extended))].join(''))
  await writeFileAtomic(out, writeInitMap(map))
  const recorded = { base: basePath, extended: extendedPath, input, output, 'pad-to-multiple': multiple, seed }
  const counted = files.length > 0 ? { corpus, k } : {}
  await recordRun(name, out, { ...recorded, ...counted }, files, basePath, extendedPath)
  if (values.json) {
    const document = {
      out,
      json,
      baseRows: map.baseRows,
      newRows: map.newIds.length,
      paddingIds,
      input: map.inputMethod,
      output: map.outputMethod,
      corpus: statistics ? corpusFacts(map, statistics) : null,
    }
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
  } else {
    const padding = paddingIds.length > 0 ? `, ${number(paddingIds.length)} padding` : ''
    const text = `${number(map.newIds.length)} new on ${number(map.baseRows)} of the base${padding}`
    terminal.note(line('rows', `${text}; input ${map.inputMethod}, output ${map.outputMethod}`, terminal.errColors))
    if (statistics) {
      const { lines, unaligned, unseen } = corpusFacts(map, statistics)
      const apart = unaligned > 0 ? `, ${number(unaligned)} of them not aligned` : ''
      const missing = unseen > 0 ? `; ${number(unseen)} pieces were not seen` : ''
      terminal.note(line('corpus', `${number(lines)} lines${apart}${missing}`, terminal.errColors))
    } else if (corpus)
      terminal.note(line('note', `${input} and ${output} count nothing: --corpus was not read`, terminal.errColors))
    terminal.note(line('files', `${out}, ${json}`, terminal.errColors))
  }
}

function corpusFacts({ newIds }: InitMap, { lines, unaligned, alignments }: CorpusStatistics) {
  return { lines, unaligned, unseen: newIds.filter((id) => !alignments.has(id)).length }
}

async function safetensorsPath(out: string): Promise<string> {
  const isFolder = (await stat(out).catch(() => null))?.isDirectory() ?? false
  return isFolder || !out.endsWith('.safetensors') ? join(out, 'init-map.safetensors') : out
}
