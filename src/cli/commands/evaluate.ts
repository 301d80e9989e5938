import type { Command } from 'commander'
import { type EvaluatedModels, evaluateModels } from '../../trainer/evaluate/evaluate-models'
import { openBackend } from '../backend'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { number } from '../summary'
import type { Colors } from '../terminal'
import { readOptions, required } from '../usage'

export const name = 'evaluate'
export const summary = 'bits per byte of models on text, comparable across tokenizers'

export const options = [
  ...(['model-folders', 'data', 'documents', 'backend', 'window-length', 'stride', 'windows', 'max-bytes'] as const),
  ...READING,
  ...(['json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Every model reads the text with its own tokenizer. Bits per byte are the negative log2-likelihood of the whole text over
its UTF-8 bytes, so that vocabularies can be compared; perplexity is a token's and cannot. Windows overlap: each token is
predicted once, from at least --length minus --stride tokens before it. Each file is a text; name=path makes one of a
folder or a glob.

Examples:
  ko-vocab evaluate --model ./Llama-2-7b-hf ./Llama-2-7b-ko-1B --data ko=held-out/ko.txt en=held-out/en.txt
  ko-vocab evaluate --model base=./Llama-2-7b-hf ours=./out/best --data 'held-out/*.txt' --max-bytes 1M --json
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const models = required('model-folders', values['model-folders'])
  const data = required('data', values.data)
  const evaluated = await evaluateModels({
    ...{ models, data, reading: readingOf(values, context), backend: await openBackend(values.backend, terminal.note) },
    ...{ length: values['window-length'], stride: values.stride, batch: values.windows },
    ...{ maxBytes: values['max-bytes'], documents: values.documents },
    ...{ onProgress: progress.update, signal: terminal.signal },
  })
  progress.clear()
  await terminal.print(
    values.json ? `${JSON.stringify(evaluated, null, 2)}\n` : evaluationText(evaluated, terminal.outColors),
  )
}

const HEAD = ['text', 'model', 'bits/byte', '±%', 'tokens/byte', 'perplexity', 'bytes', 'tokens']

/** Text by text, so that models stand below each other; the percentage is against the first model. */
export function evaluationText({ models, length, stride }: EvaluatedModels, colors: Colors): string {
  const rows = [HEAD]
  for (const [i, { name: text, bitsPerByte: first }] of models[0].sets.entries()) {
    for (const { name, sets } of models) {
      const { bitsPerByte, bytes, tokens, perplexity } = sets[i]
      const change = 100 * (bitsPerByte / first - 1)
      rows.push([
        ...[text, name, bitsPerByte.toFixed(4), `${change >= 0 ? '+' : ''}${change.toFixed(2)}`],
        ...[(tokens / bytes).toFixed(4), perplexity.toPrecision(5), number(bytes), number(tokens)],
      ])
    }
  }
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map((row, i) => {
    const cells = row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
    return `${i === 0 ? colors.bold(cells.join('  ')) : cells.join('  ')}\n`
  })
  return `${lines.join('')}windows of ${number(length)} tokens, one every ${number(stride)}\n`
}
