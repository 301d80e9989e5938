import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { writeFileAtomic } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import { openBase } from '../../extend/open-base'
import { buildInitMap } from '../../init/init-map'
import { writeInitMap } from '../../init/init-map-file'
import { formatInitMap } from '../../init/init-map-json'
import { segmentPiece } from '../../init/segment'
import { createEncoder } from '../../tokenizer/encoder'
import { readablePiece } from '../../tokenizer/readable-piece'
import { recordRun } from '../beside'
import type { Context } from '../context'
import { readExtensionRecord } from '../extended-folder'
import type { OptionName } from '../options'
import { line, number } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'init-map'
export const summary = 'say how the embedding rows of new pieces are made of base rows'

export const options = [
  ...(['base', 'extended', 'input', 'output', 'pad-to-multiple', 'seed'] as const),
  ...(['out', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
--out is a .safetensors file (two sparse matrices in CSR form, new rows = W · base rows) or a folder, in which it is
named init-map.safetensors. The same for people goes beside it as .json.

Examples:
  ko-vocab init-map --base ./Llama-2-7b-hf --extended ./llama-2-ko --out init-map.safetensors
  ko-vocab init-map --base ./base --extended ./extended --input mean --output first --pad-to-multiple 64 --out ./maps
`

export async function run({ terminal }: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const basePath = required('base', values.base)
  const extendedPath = required('extended', values.extended)
  const out = await safetensorsPath(required('out', values.out))
  const base = await openBase({ base: basePath })
  const extended = await openBase({ base: extendedPath })
  const record = await readExtensionRecord(extendedPath)
  if (record && record.base_sha256 !== base.sha256) {
    const hashes = `${record.base_sha256.slice(0, 16)}…, not of ${base.sha256?.slice(0, 16)}…`
    throw new KoVocabError(
      'mismatch',
      `${extendedPath} is an extension of the base ${hashes} (${basePath})`,
      'give the base that was extended',
    )
  }
  if (extended.pieces.length <= base.pieces.length) {
    const sizes = `${extended.pieces.length} ids, the base ${base.pieces.length}`
    throw new KoVocabError('mismatch', `${extendedPath} has ${sizes}: nothing is new`, 'give the extended tokenizer')
  }
  const multiple = values['pad-to-multiple']
  const paddingIds = record?.padding.map(({ id }) => id) ?? []
  const end = Math.ceil(extended.pieces.length / multiple) * multiple
  for (let id = extended.pieces.length; id < end; id++) paddingIds.push(id)
  if (values['dry-run']) {
    const rows = extended.pieces.length - base.pieces.length
    const plan = { dryRun: true, out, newRows: rows, paddingRows: paddingIds.length }
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : `would write ${out} for ${rows} ids\n`)
    return
  }
  const encoder = createEncoder(base)
  const map = buildInitMap({
    base,
    extended,
    paddingIds,
    inputMethod: values.input,
    outputMethod: values.output,
    segment: (id) => Array.from(segmentPiece(encoder, extended.pieces[id])),
    seed: values.seed,
  })
  const json = out.replace(/\.safetensors$/, '.json')
  await writeFileAtomic(json, [...formatInitMap(map, readablePiece(extended))].join(''))
  await writeFileAtomic(out, writeInitMap(map))
  const { input, output, seed } = values
  const recorded = { base: basePath, extended: extendedPath, input, output, 'pad-to-multiple': multiple, seed }
  await recordRun(name, out, recorded, [], basePath, extendedPath)
  if (values.json) {
    const document = {
      out,
      json,
      baseRows: map.baseRows,
      newRows: map.newIds.length,
      paddingIds,
      input: map.inputMethod,
      output: map.outputMethod,
    }
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
  } else {
    const padding = paddingIds.length > 0 ? `, ${number(paddingIds.length)} padding` : ''
    const text = `${number(map.newIds.length)} new on ${number(map.baseRows)} of the base${padding}`
    terminal.note(line('rows', `${text}; input ${map.inputMethod}, output ${map.outputMethod}`, terminal.errColors))
    terminal.note(line('files', `${out}, ${json}`, terminal.errColors))
  }
}

async function safetensorsPath(out: string): Promise<string> {
  const isFolder = (await stat(out).catch(() => null))?.isDirectory() ?? false
  return isFolder || !out.endsWith('.safetensors') ? join(out, 'init-map.safetensors') : out
}
