/** README.md of a prepared corpus, as the Hugging Face Hub reads dataset cards: YAML, then Markdown. */
import type { PrepareReport, SourceFacts } from './types'

export interface DataCardFacts {
  name: string
  report: PrepareReport
  sources: Record<string, SourceFacts>
  /** Paths of the shards, relative to the card. */
  shards: readonly string[]
  format: string
  /** Tokens of what was kept, by source, and which tokenizer counted; null without one. */
  tokens: { tokenizer: string; bySource: Record<string, number> } | null
  version: string
}

const number = (value: number): string => value.toLocaleString('en')

export function formatDataCard(facts: DataCardFacts): string {
  const { report, version } = facts
  const sections = [
    frontMatter(facts),
    `# ${plain(facts.name)}`,
    `${number(report.documentsOut)} of ${number(report.documentsIn)} documents, ${number(report.bytesOut)} of ` +
      `${number(report.bytesIn)} bytes of text (UTF-8), made by ko-vocab ${version} \`prepare\`. Each row has \`text\`, ` +
      '`source`, `license` (null: nobody said) and `id` (the source and the number of the document in it).',
    `## Sources\n\n${sourceTable(facts)}`,
    `## Steps\n\nIn this order; \`report.json\` has options and samples.\n\n${stepTable(report)}`,
    personal(report),
    `## Licences\n\n${licences(report)}`,
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function frontMatter({ report, shards, format, name }: DataCardFacts): string {
  const ids = [...new Set(Object.values(report.sources).flatMap(({ licenses }) => Object.keys(licenses)))].sort()
  const config = shards.length === 0 ? [] : [...CONFIGS, `  - split: train`, `    path: data/*.${format}`]
  const lines = [
    `pretty_name: ${JSON.stringify(plain(name))}`,
    'language:',
    '- ko',
    ...licenseLines(ids),
    'task_categories:',
    '- text-generation',
    `size_categories:`,
    `- ${sizeCategory(report.documentsOut)}`,
    ...config,
  ]
  return `---\n${lines.join('\n')}\n---`
}

const CONFIGS = ['configs:', '- config_name: default', '  data_files:']

/** The Hub takes its own names in lower case; what it may not know is `other`, and stands in the text. */
function licenseLines(ids: readonly string[]): string[] {
  const hub = ids.map((id) => id.toLowerCase())
  return [
    'license:',
    ...[...new Set(hub.map((id) => (HUB_LICENSES.test(id) ? id : id === 'unknown' ? id : 'other')))].map(
      (id) => `- ${id}`,
    ),
  ]
}

const HUB_LICENSES =
  /^(apache-2\.0|mit|bsd(-[23]-clause)?|cc|cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-[234]\.[05]|gpl-[23]\.0|lgpl-[23]\.[01]|odc-by|odbl|pddl|cdla-(sharing|permissive)-[12]\.0|gfdl|unlicense|openrail|wtfpl)$/

function sizeCategory(documents: number): string {
  const bounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]
  const names = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T']
  const at = bounds.findIndex((bound) => documents < bound)
  return at === 0 ? 'n<1K' : at < 0 ? 'n>1T' : `${names[at - 1]}<n<${names[at]}`
}

function sourceTable({ report, sources, tokens }: DataCardFacts): string {
  const head = ['source', 'licence', 'documents', 'of', 'bytes', 'of', ...(tokens ? ['tokens'] : [])]
  const rows = Object.entries(report.sources).map(([name, one]) => [
    sources[name]?.url ? `[${plain(name)}](<${sources[name].url}>)` : plain(name),
    Object.keys(one.licenses).sort().map(plain).join(', ') || (sources[name]?.license ?? 'unknown'),
    ...[one.documentsOut, one.documentsIn, one.bytesOut, one.bytesIn].map(number),
    ...(tokens ? [number(tokens.bySource[name] ?? 0)] : []),
  ])
  const note = tokens ? `\n\nTokens as ${plain(tokens.tokenizer)} counts them, without special tokens.` : ''
  return table(head, rows, 2) + note
}

function stepTable({ steps }: PrepareReport): string {
  const head = ['step', 'documents in', 'out', 'removed', 'changed', 'bytes in', 'out', 'why removed']
  const rows = steps.map((step) => [
    step.name,
    ...[step.documentsIn, step.documentsOut, step.removed, step.changed, step.bytesIn, step.bytesOut].map(number),
    Object.entries(step.reasons)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([reason, count]) => `${plain(reason)} ${number(count)}`)
      .join(', '),
  ])
  return table(head, rows, 1)
}

function personal({ steps }: PrepareReport): string {
  const masked = steps.filter(({ name }) => name === 'personal')
  if (masked.length === 0) return '## Personal data\n\nNothing was masked.'
  const counts = masked.flatMap(({ figures }) => Object.entries(figures))
  const list = counts.map(([kind, count]) => `${kind} ${number(count)}`).join(', ')
  return `## Personal data\n\nMasked by pattern: ${list || 'none found'}. Names and addresses are not looked for.`
}

function licences({ sources }: PrepareReport): string {
  const all = new Map<string, number>()
  for (const { licenses } of Object.values(sources)) {
    for (const [id, count] of Object.entries(licenses)) all.set(id, (all.get(id) ?? 0) + count)
  }
  const rows = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, count]) => [plain(id), number(count)])
  return `${table(['licence', 'documents'], rows, 1)}\n\nThe corpus as a whole may be used only as all of these allow.`
}

/** @param text how many columns are text, and stand left */
function table(head: readonly string[], rows: readonly (readonly string[])[], text: number): string {
  const rule = head.map((name, i) => (i < text || name === 'why removed' ? '---' : '---:'))
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** On one line, and no markup. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|]/g, '\\$&')
}
