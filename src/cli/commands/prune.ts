import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { asIoError } from '../../corpus/atomic'
import { type PruneFolderOptions, preparePruning, pruneFolder } from '../../prune-folder'
import { readableText } from '../../tokenizer/readable-piece'
import type { Context } from '../context'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { extensionJson, extensionText, filesText, line, number } from '../summary'
import { readOptions, required, requiredBase } from '../usage'

export const name = 'prune'
export const summary = 'take added pieces away from the leaves: the least used, never what another piece needs'

export const options = [
  ...(['base', 'extended', 'corpus'] as const),
  ...READING,
  ...(['remove', 'keep', 'below-uses', 'remove-pieces', 'with-dependents', 'required'] as const),
  ...(['scope', 'pad-to-multiple', 'input', 'output', 'unchanged', 'audit', 'seed'] as const),
  ...(['out', 'force', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Again and again the least used piece goes that no other piece is made of; uses are counted anew after each. Base ids
never move, added ids are numbered without gaps. Give one of --remove, --keep, --below-uses (with --corpus) and
--remove-pieces. Padding is dropped, and made again with --pad-to-multiple.

Writes into --out what extend writes, with removed.tsv (piece, old id, uses) and kept.tsv (piece, id, old id, uses).
The lists of --remove-pieces and --required hold a piece a line, as removed.tsv or init-map.json shows it; what follows
a tab is passed over.

Examples:
  ko-vocab prune --base ./Llama-2-7b-hf --extended ./llama-2-ko --corpus ko.txt --keep 8000 --out ./llama-2-ko-8k
  ko-vocab prune --base ./base --extended ./extended --corpus 'law/*.txt' --below-uses 20 --out ./law
  ko-vocab prune --base ./base --extended ./extended --remove-pieces names.txt --with-dependents --out ./smaller
`

export async function run(context: Context, command: Command): Promise<undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const out = required('out', values.out)
  const given: PruneFolderOptions = {
    base: requiredBase(name, values.base),
    extended: required('extended', values.extended),
    corpus: values.corpus,
    reading: readingOf(values, context),
    remove: values.remove,
    keep: values.keep,
    belowUses: values['below-uses'],
    pieces: await readList(values['remove-pieces']),
    withDependents: values['with-dependents'],
    required: await readList(values.required),
    padToMultiple: values['pad-to-multiple'],
    scope: values.scope,
    inputMethod: values.input,
    outputMethod: values.output,
    unchanged: values.unchanged,
    audit: values.audit,
    seed: values.seed,
    out,
    force: values.force,
    onProgress: progress.update,
    signal: terminal.signal,
  }
  if (values['dry-run']) {
    const { base, extended, corpus } = await preparePruning(given)
    const added = extended.pieces.length - base.pieces.length
    const plan = { dryRun: true, out, baseSha256: base.sha256, extendedSha256: extended.sha256, added, corpus }
    const text = [
      `would prune ${number(added)} ids that ${given.extended} adds to ${number(base.pieces.length)}\n`,
      corpus.length > 0 ? `would count uses in ${number(corpus.length)} files\n${filesText(corpus)}` : '',
      `would write ${out}\n`,
    ]
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : text.join(''))
    return
  }
  const result = await pruneFolder(given)
  progress.clear()
  const { removed } = result.pruned
  if (values.json) {
    await terminal.print(extensionJson(result, out, { removed: removed.length }))
    return
  }
  const read = readableText(result.base.form)
  const shown = removed.slice(0, 8).map(({ piece, uses }) => `${read(piece)} ${number(uses)}`)
  const more = removed.length > shown.length ? ', …' : ''
  const text =
    removed.length > 0 ? `${number(removed.length)} pieces, with their uses ${shown.join(', ')}${more}` : '0 pieces'
  terminal.note(line('removed', text, terminal.errColors) + extensionText(result, out, terminal.errColors))
}

/** Pieces, one a line, up to a tab; the head line of removed.tsv is none. */
async function readList(path: string | undefined): Promise<string[] | undefined> {
  if (path === undefined) return undefined
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  const lines = content.replace(/^\ufeff/, '').split(/\r?\n/)
  return lines.filter((text) => !/^piece\tid\t/.test(text)).flatMap((text) => text.split('\t')[0] || [])
}
