import { join } from 'node:path'
import type { Command } from 'commander'
import { requireFreeFolder, withTemporaryFolder, writeFileAtomic } from '../../corpus/atomic'
import { describeInputs, formatRunRecord, runRecord } from '../../corpus/run-record'
import { openBase } from '../../extend/open-base'
import { specialId } from '../../trainer/data/document-encoder'
import { handOff } from '../../trainer/handoff/hand-off'
import type { Handoff, HandoffSettings } from '../../trainer/handoff/types'
import { type HeldOut, namedTexts } from '../../trainer/run/texts'
import type { Context } from '../context'
import { encodeMeasured, encodeSources, handoffModel } from '../handoff-data'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { readRecipeOption } from '../recipe-option'
import { line, number } from '../summary'
import { readOptions, required } from '../usage'

export const name = 'handoff'
export const summary = 'hand a recipe, encoded text and the model on to torchrun, transformers, axolotl or torchtune'

export const options = [
  ...(['model-folder', 'base-rows', 'data', 'replay', 'documents', 'eos'] as const),
  ...READING,
  ...(['handoff-target', 'processes', 'recipe', 'tokens', 'replay-share', 'length', 'batch', 'accumulate'] as const),
  ...(['training-seed', 'eval', 'guard', 'held-out-documents', 'eval-bytes'] as const),
  ...(['out', 'force', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Writes a folder that trains without ko-vocab: stages.json (parameters, rows, rates and steps of every stage), the text as
token ids (Megatron-LM's .bin and .idx), and Python programs that read both. A step has batch × accumulate × processes
rows, as many as \`pretrain\` has with batch × accumulate of that product; the order of the text is then the same.

  fsdp           train.py: plain PyTorch, FSDP2 or DDP under torchrun
  transformers   train_transformers.py: the same under transformers' Trainer
  axolotl        a YAML a stage, with blocks.py that lays out its rows
  torchtune      a YAML for stages that train everything; the others run under train.py

What a trainer cannot do as the recipe says is printed, and stands in the head of its file.

Examples:
  ko-vocab handoff --model ./Llama-2-7b-ko --to fsdp --recipe eeve --data ko.txt --replay en.txt --tokens 2B \\
    --processes 8 --out ./handoff
  cd handoff && torchrun --nproc_per_node 8 train.py stages.json --arithmetic bfloat16 --out out
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const out = required('out', values.out)
  const folder = required('model-folder', values['model-folder'])
  const target = required('handoff-target', values['handoff-target'])
  const tokens = required('tokens', values.tokens)
  const recipe = readRecipeOption(values.recipe)
  const tokenizer = await openBase({ base: folder })
  const model = await handoffModel(folder, tokenizer, out, values['base-rows'])
  const eos = values.eos ?? (specialId(tokenizer, 'eos') === null ? 'auto' : 'always')
  const { processes, batch: micro, accumulate } = values
  const reading = readingOf(values, context)
  const texts = {
    data: await namedTexts(required('data', values.data), 'data', { reading }),
    replay: await namedTexts(values.replay ?? [], 'replay', { reading }),
  }
  const settings: HandoffSettings = {
    sources: [],
    evaluation: [],
    replayShare: values['replay-share'] ?? (texts.replay.length > 0 ? 0.2 : 0),
    length: values.length ?? Math.min(2048, model.config.maxPositions, model.config.slidingWindow ?? 2048),
    rowsPerStep: micro * accumulate * processes,
    ...{ micro, processes, tokens, seed: values['training-seed'] },
  }
  await requireFreeFolder(out, values.force)
  const files = [...texts.data, ...texts.replay].flatMap((text) => text.files)
  const inputs = await describeInputs(files, terminal.signal)
  let handed: Handoff | null = null
  await withTemporaryFolder(
    out,
    async (temporary) => {
      const encoding = {
        ...{ tokenizer, ends: values.documents, eos, signal: terminal.signal },
        onProgress: (text: string, done: number, total: number) => progress.update(`encode ${text}`, done, total),
      }
      for (const role of ['data', 'replay'] as const) {
        const measured = role === 'data' ? values.eval : values.guard
        const every = values['held-out-documents']
        const side = (of: HeldOut['side']) => (measured ? undefined : { every, side: of })
        const own = { ...encoding, heldOut: side('others') }
        settings.sources = [...settings.sources, ...(await encodeSources(texts[role], role, temporary, out, own))]
        const sets = measured
          ? await namedTexts(measured, role === 'data' ? 'eval' : 'guard', { reading })
          : texts[role]
        const options = { ...encoding, heldOut: side('held'), maxBytes: values['eval-bytes'] }
        settings.evaluation = [...settings.evaluation, ...(await encodeMeasured(sets, temporary, options))]
      }
      handed = handOff(recipe, model, settings, target)
      for (const { name, text } of handed.files) await writeFileAtomic(join(temporary, name), Buffer.from(text))
      const { debug, json, config, force, out: _, ...recorded } = values
      const record = runRecord(name, { ...recorded }, values['training-seed'], inputs)
      await writeFileAtomic(join(temporary, 'run.json'), Buffer.from(formatRunRecord(record)))
    },
    { replace: values.force },
  )
  progress.clear()
  const { files: written, warnings, commands } = handed!
  const names = written.map((file) => file.name)
  if (values.json) {
    await terminal.print(`${JSON.stringify({ out, target, files: names, warnings, commands }, null, 2)}\n`)
    return
  }
  const { errColors } = terminal
  const sources = settings.sources.map((source) => `${source.name} ${number(source.tokens)}`).join(', ')
  terminal.note(line('tokens', sources, errColors))
  terminal.note(line('files', `${out}: ${names.join(', ')}`, errColors))
  for (const warning of warnings) terminal.note(line('note', warning, errColors))
  await terminal.print(`cd ${out}\n${commands.map((words) => `${words}\n`).join('')}`)
}
