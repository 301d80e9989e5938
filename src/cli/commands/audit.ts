import type { Command } from 'commander'
import { writeFileAtomic } from '../../corpus/atomic'
import { expandInputs } from '../../corpus/files'
import { KoVocabError } from '../../errors'
import { auditExtension, everywhereReferees } from '../../extend/audit/audit'
import { formatAudit } from '../../extend/audit/format'
import { sentencePieceReferee } from '../../extend/audit/referees/sentencepiece'
import { readExtensionRecord } from '../../extend/read-extension'
import { unchangedTexts } from '../../extension-folder'
import { defaultScopeName, scopeNamed } from '../../text/scope'
import { loadTokenizer } from '../../tokenizer/load'
import type { Context, ExitCode } from '../context'
import { readEmitted } from '../extended-folder'
import type { OptionName } from '../options'
import { READING, readingOf } from '../reading-options'
import { filesText } from '../summary'
import { readOptions, required, requiredBase } from '../usage'

export const name = 'audit'
export const summary = 'check that an extended tokenizer keeps every promise'

export const options = [
  ...(['base', 'extended', 'scope', 'unchanged', 'audit', 'seed'] as const),
  ...READING,
  ...(['out', 'dry-run', 'json', 'config', 'debug'] as const),
] as const satisfies readonly OptionName[]

export const help = `
Compares the extended tokenizer with its base: ids stay, nothing collides, text outside the scope is untouched, every
new piece can be reached, text comes back, and all files give the same ids, also when other libraries read them. Scope
and padding ids come from extension.json where the folder holds one. The report goes to standard output, and as JSON to
--out. Exits 1 when something does not hold.

Examples:
  ko-vocab audit --base ./Llama-2-7b-hf --extended ./llama-2-ko --unchanged en.txt code.txt
  ko-vocab audit --base ./base --extended ./extended --audit quick --json > audit.json
`

export async function run(context: Context, command: Command): Promise<ExitCode | undefined> {
  const { terminal, progress } = context
  const values = readOptions(command, options)
  const basePath = requiredBase(name, values.base)
  const extendedPath = required('extended', values.extended)
  if (values.audit === 'none') {
    throw new KoVocabError('bad-option', '--audit is none, so there is nothing to do', 'give full or quick')
  }
  const base = await loadTokenizer(basePath)
  const extended = await loadTokenizer(extendedPath)
  const record = await readExtensionRecord(extendedPath)
  const scope = scopeNamed(values.scope ?? record?.scope ?? defaultScopeName(base.form))
  const unchanged = values.unchanged ? await expandInputs(values.unchanged, readingOf(values, context)) : []
  if (values['dry-run']) {
    const plan = { dryRun: true, scope: scope.name, level: values.audit, unchanged }
    const text = `would audit ${extendedPath} against ${basePath}: scope ${scope.name}, ${values.audit}\n`
    const more = unchanged.length > 0 ? `would check that nothing changes in\n${filesText(unchanged)}` : ''
    await terminal.print(values.json ? `${JSON.stringify(plan, null, 2)}\n` : text + more)
    return
  }
  const report = await auditExtension({
    base,
    extended,
    scope,
    files: await readEmitted(extendedPath),
    unchanged: unchangedTexts(unchanged, terminal.signal),
    referees: [...everywhereReferees, sentencePieceReferee],
    level: values.audit,
    seed: values.seed,
    paddingIds: record?.padding.map(({ id }) => id),
    onProgress: (stage, done, total) => progress.update(`audit: ${stage}`, done, total),
    signal: terminal.signal,
  })
  progress.clear()
  const json = `${JSON.stringify(report, null, 2)}\n`
  if (values.out !== undefined) await writeFileAtomic(values.out, json)
  await terminal.print(values.json ? json : formatAudit(report))
  return report.passed ? 0 : 1
}
