import type { Command } from 'commander'
import { expandInputs } from '../../corpus/files'
import { readLines } from '../../corpus/lines'
import { KoVocabError } from '../../errors'
import { countTokens, createEncoder, encode } from '../../tokenizer/encoder'
import { loadTokenizer } from '../../tokenizer/load'
import { readablePiece } from '../../tokenizer/readable-piece'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { createPrinter } from '../printer'
import { READING, readingOf } from '../reading-options'
import { readOptions, required } from '../usage'

export const name = 'encode'
export const summary = 'text to ids, line by line'

const arguments_ = [{ name: '[files...]', description: 'UTF-8 text; - or nothing is standard input' }]

export { arguments_ as arguments }

export const options = [
  ...(['tokenizer', 'ids', 'pieces', 'count', 'special', 'json', 'config', 'debug'] as const),
  ...READING,
] as const satisfies readonly OptionName[]

export const help = `
Every line is a text of its own and gives one line: its ids, its pieces, or their number. Pieces of byte-level
vocabularies are shown as text, ▁ for a space. With --json a line is {"ids": …, "pieces": …}, the pieces as the
vocabulary spells them.

Examples:
  echo '안녕하세요' | ko-vocab encode --tokenizer ./llama-2-ko --pieces
  ko-vocab encode --tokenizer ./llama-2-ko --count ko.txt | paste -sd+ | bc
  ko-vocab encode --tokenizer ./llama-2-ko ko.txt | ko-vocab decode --tokenizer ./llama-2-ko
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal } = context
  const values = readOptions(command, options)
  const { ids, pieces, count, json, special } = values
  if (Number(ids) + Number(pieces) + Number(count) > 1) {
    throw new KoVocabError('bad-option', '--ids, --pieces and --count exclude each other', 'give one of them')
  }
  const tokenizer = await loadTokenizer(required('tokenizer', values.tokenizer))
  const files = await expandInputs(command.args.length > 0 ? command.args : ['-'], readingOf(values, context))
  const encoder = createEncoder(tokenizer)
  const readable = readablePiece(tokenizer)
  const given = { addSpecialTokens: special }
  const format = (text: string): string => {
    if (count) {
      const tokens = countTokens(encoder, text, given)
      return json ? JSON.stringify({ tokens }) : String(tokens)
    }
    const found = Array.from(encode(encoder, text, given))
    if (json) return JSON.stringify({ ids: found, pieces: found.map((id) => tokenizer.pieces[id]) })
    return (pieces ? found.map(readable) : found).join(' ')
  }
  const printer = createPrinter(terminal)
  for await (const text of readLines(files, { signal: terminal.signal, blockBytes: 1 << 16 })) {
    await printer.line(format(text))
  }
  await printer.end()
}
