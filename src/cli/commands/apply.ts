import type { Command } from 'commander'
import { type AppliedInitMap, applyInitMapToCheckpoint } from '../../checkpoint/apply'
import type { CardEfficiency } from '../../checkpoint/model-card'
import { prepareApply } from '../../checkpoint/prepare'
import { countOf } from '../../checkpoint/row-plan'
import { expandInputs } from '../../corpus/files'
import type { ReadingOptions } from '../../corpus/format'
import { KoVocabError } from '../../errors'
import { openBase } from '../../extend/open-base'
import { sampleLines } from '../../measure/sample'
import { measureTokens } from '../../measure/tokens'
import { createEncoder } from '../../tokenizer/encoder'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { line, number } from '../summary'
import type { Colors } from '../terminal'
import { readOptions, required } from '../usage'

export const name = 'apply'
export const summary = 'write the extended model: new embedding rows, config, tokenizer, model card'

export const options = [
  ...(['checkpoint', 'tokenizer', 'init-map', 'input-tensor', 'output-tensor', 'corpus'] as const),
  ...READING,
  ...(['model-name', 'base-model', 'license', 'data-source', 'link'] as const),
  ...(['out', 'force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
--tokenizer is the folder of the extended tokenizer; --init-map is looked for in it when it is not given. The new folder
loads as the base's did. Shards without an embedding stay as they are: shared or linked where the file system can. It is
written whole or not at all, and the base is only read. With --corpus the model card tells what a text costs before and
after. rows.json lists the rows of the base, new and padding rows.

Examples:
  ko-vocab apply --checkpoint ./Llama-2-7b-hf --tokenizer ./llama-2-ko --out ./Llama-2-7b-ko
  ko-vocab apply --checkpoint ./Meta-Llama-3-8B --tokenizer ./llama-3-ko --init-map maps/init-map.safetensors \\
    --corpus held-out.txt --data-source 'Korean Wikipedia, CC BY-SA 4.0' --out ./Llama-3-Ko-8B
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const { terminal, progress } = context
  const tokenizer = required('tokenizer', values.tokenizer)
  const out = required('out', values.out)
  const given = {
    checkpoint: required('checkpoint', values.checkpoint),
    tokenizer,
    initMap: values['init-map'] ?? `${tokenizer.replace(/[\\/]+$/, '')}/init-map.safetensors`,
    out,
    force: values.force,
    link: values.link,
    inputTensor: values['input-tensor'],
    outputTensor: values['output-tensor'],
    signal: terminal.signal,
  }
  if (values['dry-run']) {
    const plan = planOf(await prepareApply(given))
    if (values.json) await terminal.print(`${JSON.stringify({ dryRun: true, out, ...plan }, null, 2)}\n`)
    else await terminal.print(planText(plan, out))
    return
  }
  const efficiency = values.corpus
    ? await measure(values.corpus, readingOf(values, context), given, terminal.signal)
    : undefined
  const result = await applyInitMapToCheckpoint({
    ...given,
    modelName: values['model-name'],
    baseModel: values['base-model'],
    licence: values.license,
    dataSources: values['data-source'],
    efficiency,
    onProgress: progress.update,
  })
  progress.clear()
  if (values.json) await terminal.print(`${JSON.stringify({ out, ...result }, null, 2)}\n`)
  else terminal.note(resultText(result, out, terminal.errColors))
}

function planOf({ plan, embeddings, rewritten, untouched, notes }: Awaited<ReturnType<typeof prepareApply>>) {
  return {
    rows: plan.rows,
    newRows: countOf(plan, 'new'),
    paddingRows: countOf(plan, 'padding'),
    tensors: embeddings.tensors.map(({ name, dtype }) => ({ name, dtype })),
    rewritten: Object.fromEntries(rewritten),
    untouched,
    notes,
  }
}

function planText(
  { rows, newRows, paddingRows, tensors, rewritten, untouched, notes }: ReturnType<typeof planOf>,
  out: string,
) {
  const names = tensors.map(({ name, dtype }) => `${name} (${dtype})`).join(', ')
  const bytes = Object.values(rewritten).reduce((a, b) => a + b, 0)
  return [
    `would grow ${names} to ${number(rows)} rows: ${number(newRows)} new, ${number(paddingRows)} padding`,
    `would write ${out}: ${Object.keys(rewritten).join(', ')} anew (${number(bytes)} bytes), ${untouched.length} more as they are`,
    ...notes.map((note) => `note: ${note}`),
    '',
  ].join('\n')
}

function resultText(result: AppliedInitMap, out: string, colors: Colors): string {
  const { shards, licence } = result
  const padding = result.paddingRows > 0 ? `, ${number(result.paddingRows)} padding` : ''
  const unused = result.unusedRows > 0 ? `, ${number(result.unusedRows)} unused` : ''
  const counted = `${number(result.baseRows)} of the base, ${number(result.newRows)} new${padding}${unused}`
  const kept = (['shared', 'linked', 'copied'] as const)
    .filter((how) => shards[how].length > 0)
    .map((how) => `, ${shards[how].length} ${how}`)
  const matrices = [result.input, result.output ?? 'tied'].join(', ')
  return [
    line('rows', `${number(result.rows)}: ${counted}`, colors),
    line('matrices', `${matrices}; ${result.dtype}`, colors),
    line(
      'weights',
      `${shards.rewritten.length} written (${number(result.bytesRewritten)} bytes)${kept.join('')}`,
      colors,
    ),
    licence ? line('licence', `${licence.licence.name} (by ${licence.evidence})`, colors) : '',
    line('files', `${out}: ${result.files.join(', ')}`, colors),
    ...result.notes.map((note) => line('note', note, colors)),
  ].join('')
}

/** The same lines by the base's tokenizer and by the extended one. */
async function measure(
  corpus: readonly string[],
  reading: ReadingOptions,
  { checkpoint, tokenizer }: { checkpoint: string; tokenizer: string },
  signal: AbortSignal,
): Promise<CardEfficiency> {
  const lines = await sampleLines(await expandInputs(corpus, reading), { signal })
  if (lines.length === 0) {
    throw new KoVocabError('bad-option', `${corpus.join(', ')}: no line with Hangul to measure on`, 'give Korean text')
  }
  const costOf = async (path: string) => measureTokens(createEncoder(await openBase({ base: path })), lines)
  const counted = lines.length === 1 ? '1 line' : `${number(lines.length)} lines`
  const text = `${counted} of ${corpus.map((path) => path.replace(/^.*[\\/]/, '')).join(', ')}`
  return { text, before: await costOf(checkpoint), after: await costOf(tokenizer) }
}
