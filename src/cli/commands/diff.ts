import type { Command } from 'commander'
import { expandInputs } from '../../corpus/files'
import { readLines } from '../../corpus/lines'
import { diffTokenizers } from '../../measure/diff'
import { createTextsDiffer, type TextsDiff } from '../../measure/diff-texts'
import { createEncoder } from '../../tokenizer/encoder'
import { loadTokenizer } from '../../tokenizer/load'
import type { Context, ExitCode } from '../context'
import { diffText, textsText } from '../diff-text'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { readOptions } from '../usage'

export const name = 'diff'
export const summary = 'every difference between two tokenizers, and between what they make of text'

const arguments_ = [
  { name: '<a>', description: 'a tokenizer: file or folder, of any kind' },
  { name: '<b>', description: 'another one' },
]

export { arguments_ as arguments }

export const options = [
  ...(['text', 'examples', 'exit-code', 'json', 'config', 'debug'] as const),
  ...READING,
] as const satisfies readonly OptionName[]

export const help = `
Compares ids, pieces and their kinds, merges and their order, scores, added and special tokens, the nodes of
tokenizer.json, options; what is equal is left out. With --text also the lines that the two encode differently, |
standing before the first token that differs. Exits 0 once it has run; with --exit-code 1 when something differs.

Examples:
  ko-vocab diff ./Llama-2-7b-hf ./llama-2-ko
  ko-vocab diff ./llama-2-ko ./llama-2-ko-8k --text ko.txt en.txt
  ko-vocab diff tokenizer.model tokenizer.json --text ko.txt --exit-code --json > diff.json
`

export async function run(context: Context, command: Command): Promise<ExitCode> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const [pathA, pathB] = command.args
  const files = values.text ? await expandInputs(values.text, readingOf(values, context)) : null
  const a = await loadTokenizer(pathA)
  const b = await loadTokenizer(pathB)
  const diff = diffTokenizers(a, b, { examples: values.examples })
  let texts: TextsDiff | null = null
  if (files) {
    const differ = createTextsDiffer(createEncoder(a), createEncoder(b), { examples: values.examples })
    let lines = 0
    for await (const line of readLines(files, { signal: terminal.signal })) {
      differ.add(line)
      if ((++lines & 0xfff) === 0) progress.update('lines', lines, 0)
    }
    texts = differ.diff()
    progress.clear()
  }
  if (values.json) await terminal.print(`${JSON.stringify({ a: pathA, b: pathB, ...diff, texts }, null, 2)}\n`)
  else
    await terminal.print(
      diffText(diff, values.examples, terminal.outColors) + (texts ? textsText(texts, terminal.outColors) : ''),
    )
  const differs = !diff.equal || (texts !== null && texts.differ > 0)
  return values['exit-code'] && differs ? 1 : 0
}
