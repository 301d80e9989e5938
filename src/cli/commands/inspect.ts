import { readdir, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { KoVocabError } from '../../errors'
import { diffTokenizers } from '../../measure/diff'
import { describe, type TokenizerFacts } from '../../measure/facts'
import { loadTokenizer } from '../../tokenizer/load'
import type { Tokenizer } from '../../tokenizer/types'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { line, number } from '../summary'
import type { Colors } from '../terminal'
import { readOptions } from '../usage'

export const name = 'inspect'
export const summary = 'say what a tokenizer is, or how two differ'

const arguments_ = [
  { name: '<path>', description: 'a tokenizer: file or folder' },
  { name: '[other]', description: 'another one, to compare with' },
]

export { arguments_ as arguments }

export const options = [...(['json', 'config', 'debug'] as const)] as const satisfies readonly OptionName[]

export const help = `
Examples:
  ko-vocab inspect ./Llama-2-7b-hf
  ko-vocab inspect ./Llama-2-7b-hf ./llama-2-ko

What differs between two tokenizers in full: ko-vocab diff.
`

export async function run({ terminal }: Context, command: Command): Promise<undefined> {
  const { json } = readOptions(command, options)
  if (command.args.length > 2) {
    throw new KoVocabError('bad-option', `${command.args.length} paths are given`, 'give one tokenizer, or two')
  }
  const colors = terminal.outColors
  const read = []
  for (const path of command.args) {
    const tokenizer = await loadTokenizer(path)
    read.push({ path, tokenizer, facts: { path, formats: await formatsOf(path), ...describe(tokenizer) } })
  }
  const diff = read.length === 2 ? differences(read[0].tokenizer, read[1].tokenizer) : null
  if (json) {
    const document = diff ? { tokenizers: read.map(({ facts }) => facts), differences: diff } : read[0].facts
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  for (const { facts } of read) await terminal.print(`${factsText(facts, colors)}\n`.slice(0, diff ? undefined : -1))
  if (diff) {
    const [a, b] = read
    const text = [
      line('same ids', `${number(diff.sameIds)} of ${number(a.facts.size)} keep their piece`, colors),
      line('moved', `${number(diff.moved)} ids of the first have another piece in the second`, colors),
      line('new', `${number(diff.added)} ids of the second are not in the first`, colors),
      line('merges', `${number(a.facts.merges)} → ${number(b.facts.merges)}`, colors),
      line('hangul', `${number(a.facts.hangulPieces)} → ${number(b.facts.hangulPieces)} pieces`, colors),
    ]
    await terminal.print(text.join(''))
  }
}

/** The ids in three numbers; ko-vocab diff says everything. */
function differences(a: Tokenizer, b: Tokenizer): { sameIds: number; moved: number; added: number } {
  const { ids } = diffTokenizers(a, b, { examples: 0 })
  return { sameIds: ids.same, moved: a.pieces.filter((piece) => piece !== '').length - ids.same, added: ids.onlyB }
}

/** The tokenizer's files that are there. */
async function formatsOf(path: string): Promise<string[]> {
  const info = await stat(path)
  if (!info.isDirectory()) return [basename(path)]
  return (await readdir(path)).filter((file) => file === 'tokenizer.json' || /\.(model|tiktoken)$/.test(file)).sort()
}

function factsText(facts: TokenizerFacts & { path: string; formats: string[] }, colors: Colors): string {
  const special = facts.specialTokens.map(({ id, content }) => `${content} ${id}`)
  const shown = special.length > 8 ? [...special.slice(0, 8), `and ${number(special.length - 8)} more`] : special
  return [
    line('path', facts.path, colors),
    line('form', `${facts.form}${facts.byteFallback ? ', byte fallback' : ''}`, colors),
    line('files', facts.formats.join(', '), colors),
    line(
      'ids',
      `${number(facts.size)}${facts.holes > 0 ? `, ${number(facts.holes)} of them without a piece` : ''}`,
      colors,
    ),
    line('merges', `${number(facts.merges)}${facts.ignoreMerges ? ', ignore_merges' : ''}`, colors),
    line('hangul', `${number(facts.hangulPieces)} pieces, ${number(facts.hangulSyllables)} single syllables`, colors),
    line('special', shown.join(', ') || 'none', colors),
    line('added', `${number(facts.addedTokens)} added tokens in all`, colors),
    line('normalizer', facts.normalizer ?? 'none', colors),
    line('splits', facts.preTokenizer ?? 'none', colors),
    line('sha256', facts.sha256, colors),
  ].join('')
}
