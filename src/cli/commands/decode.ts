import type { Command } from 'commander'
import { expandInputs } from '../../corpus/files'
import { readLines } from '../../corpus/lines'
import { isKoVocabError, KoVocabError } from '../../errors'
import { compileDecoder } from '../../tokenizer/decode'
import { loadTokenizer } from '../../tokenizer/load'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { createPrinter } from '../printer'
import { readOptions, required } from '../usage'

export const name = 'decode'
export const summary = 'ids to text, line by line'

const arguments_ = [{ name: '[files...]', description: 'lines of ids; - or nothing is standard input' }]

export { arguments_ as arguments }

export const options = [
  ...(['tokenizer', 'special', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
A line holds ids with spaces between them, a JSON list, or an object with "ids" as encode --json prints it. Special
tokens are left out unless --special is given. With --json a line is {"text": …}.

Examples:
  echo '1 15043 3186' | ko-vocab decode --tokenizer ./Llama-2-7b-hf
  ko-vocab encode --tokenizer ./llama-2-ko ko.txt | ko-vocab decode --tokenizer ./llama-2-ko
`

export async function run({ terminal }: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const tokenizer = await loadTokenizer(required('tokenizer', values.tokenizer))
  const files = await expandInputs(command.args.length > 0 ? command.args : ['-'])
  const decode = compileDecoder(tokenizer)
  const printer = createPrinter(terminal)
  for (const file of files) {
    let number = 0
    for await (const line of readLines(file, { signal: terminal.signal, blockBytes: 1 << 16 })) {
      number++
      const place = `${file.path === '-' ? 'standard input' : file.path}:${number}`
      const text = decodeLine(line, place, (ids) => decode(ids, { skipSpecialTokens: !values.special }))
      await printer.line(values.json ? JSON.stringify({ text }) : text)
    }
  }
  await printer.end()
}

function decodeLine(line: string, place: string, decode: (ids: number[]) => string): string {
  try {
    return decode(idsOf(line))
  } catch (error) {
    if (!isKoVocabError(error)) throw error
    throw new KoVocabError(error.code, `${place}: ${error.message}`, error.hint, { cause: error })
  }
}

function idsOf(line: string): number[] {
  const text = line.trim()
  if (text === '') return []
  let ids: unknown = null
  if (/^\d+(\s+\d+)*$/.test(text)) ids = text.split(/\s+/).map(Number)
  else if (text.startsWith('[') || text.startsWith('{')) {
    try {
      const value: unknown = JSON.parse(text)
      ids = Array.isArray(value) ? value : (value as { ids?: unknown }).ids
    } catch {
      // Not JSON: named below.
    }
  }
  if (Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return ids
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  throw new KoVocabError('bad-file', `not a line of ids: ${JSON.stringify(shown)}`, 'ids are whole numbers from 0')
}
