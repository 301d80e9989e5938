/** What the commands that make an extension say about it. */
import type { CorpusFile } from '../corpus/files'
import { formatAudit } from '../extend/audit/format'
import type { PreparedExtension } from '../extend-from-text'
import type { ExtensionSummary, FinishedExtension } from '../extension-folder'
import type { TokenMeasure } from '../measure/tokens'
import type { MergeReport } from '../merge-report'
import type { Colors } from './terminal'

export const number = (value: number): string => value.toLocaleString('en')

const HEAD = 10

/** A line of the summary: a name in a column of its own, then what there is to say. */
export function line(head: string, text: string, colors: Colors): string {
  return `${colors.bold(head.padEnd(HEAD))} ${text}\n`
}

export function extensionText(result: FinishedExtension, out: string, colors: Colors): string {
  const { summary, audit, files } = result
  const { newIds } = summary
  const ids = newIds.count > 0 ? `new ids ${newIds.first} to ${newIds.last}` : 'no new ids'
  const parts = [
    `${number(summary.characters)} characters`,
    `${number(summary.merges)} merged pieces`,
    ...(summary.userDefinedSymbols > 0 ? [`${number(summary.userDefinedSymbols)} user-defined symbols`] : []),
    ...(summary.paddingIds.length > 0 ? [`${number(summary.paddingIds.length)} padding ids`] : []),
  ]
  return [
    line('base', `${number(summary.baseSize)} ids, ${summary.form}`, colors),
    line('extended', `${number(summary.extendedSize)} ids; ${ids}: ${parts.join(', ')}`, colors),
    summary.sample ? line('tokens', sampleText(summary.sample), colors) : '',
    line('audit', audit ? firstLine(formatAudit(audit)) : colors.yellow('not made (--audit none)'), colors),
    line('files', `${out}: ${[...files.keys()].sort().join(', ')}`, colors),
    ...summary.notes.map((note) => line('note', note, colors)),
  ].join('')
}

function sampleText({ before, after }: NonNullable<ExtensionSummary['sample']>): string {
  const change = `${perSyllable(before)} → ${perSyllable(after)} a Hangul syllable`
  return `${change}, on ${number(after.lines)} lines of the corpus itself`
}

function perSyllable(measure: TokenMeasure): string {
  return measure.tokensPerSyllable.toFixed(3)
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n')).replace(/^audit /, '')
}

export function extensionJson(
  { summary, audit, extended, files, base }: FinishedExtension,
  out: string,
  more: Record<string, unknown> = {},
): string {
  const document = {
    out,
    ...more,
    files: [...files.keys()].sort(),
    ...summary,
    baseSha256: base.sha256,
    extendedSha256: extended.sha256,
    audit: audit && {
      passed: audit.passed,
      level: audit.level,
      checks: audit.checks.length,
      referees: audit.referees,
    },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** What became of each donor's pieces, by reason, and what it brought. */
export function mergeText(report: MergeReport, colors: Colors): string {
  const ranked = report.rankedBy === 'counts' ? 'by their counts on the corpus' : "by the donor's own order"
  return [
    ...report.donors.flatMap(({ name, format, pieces, normalizer, fates, notes }) => [
      line(
        'donor',
        `${name}: ${format}, ${number(pieces)} pieces${normalizer ? `, normalizer ${normalizer}` : ''}`,
        colors,
      ),
      line('', fateText(fates), colors),
      ...notes.map((note) => line('', note, colors)),
    ]),
    line('merged', `${number(report.added)} pieces of donors, ranked ${ranked}${intermediateText(report)}`, colors),
    report.measure ? line('measured', measureText(report.measure), colors) : '',
  ].join('')
}

function fateText(fates: MergeReport['donors'][number]['fates']): string {
  const parts = Object.entries(fates).map(([fate, count]) => `${number(count)} ${fate.replaceAll('-', ' ')}`)
  return parts.join(', ') || 'nothing in it'
}

function intermediateText({ intermediates }: MergeReport): string {
  if (intermediates.length === 0) return ''
  const [{ piece, example }] = intermediates
  return `; ${number(intermediates.length)} intermediates that no donor has, such as ${piece} for ${example}`
}

function measureText({ text, before, after, extend, extendPieces }: NonNullable<MergeReport['measure']>): string {
  const change = `${perSyllable(before)} → ${perSyllable(after)} tokens a Hangul syllable`
  const on = text === 'test' ? 'the test text' : 'the beginning of the corpus'
  const beside =
    extend === null
      ? ''
      : `; ${perSyllable(extend)} with ${number(extendPieces!)} pieces that extend learns from the corpus`
  return `${change} on ${number(after.lines)} lines of ${on}${beside}`
}

/** One line a file, with its size. */
export function filesText(files: readonly CorpusFile[]): string {
  return files.map((file) => `  ${file.path}${file.stream ? '' : `  ${number(file.size)} bytes`}\n`).join('')
}

/** What --dry-run says. */
export function planText({ base, scope, add, corpus, unchanged }: PreparedExtension, out: string): string {
  return [
    `would extend ${number(base.pieces.length)} ids (${base.form}, ${base.sha256?.slice(0, 16)})`,
    ` by ${add === undefined ? 'all pieces of the merges' : `${number(add)} pieces`} in the scope ${scope.name}\n`,
    corpus.length > 0 ? `would count the words of ${number(corpus.length)} files\n${filesText(corpus)}` : '',
    unchanged.length > 0 ? `would check that nothing changes in\n${filesText(unchanged)}` : '',
    `would write ${out}\n`,
  ].join('')
}

export function planJson({ base, scope, add, corpus, unchanged }: PreparedExtension, out: string | null): string {
  const document = {
    dryRun: true,
    out,
    base: { sha256: base.sha256, size: base.pieces.length, form: base.form },
    scope: scope.name,
    add: add ?? null,
    corpus,
    unchanged,
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
