import type { BenchReport, Figures, TextCounts } from './types'

/** A number as it is, nothing for null. */
type Cell = string | number | null

const COLUMNS: [name: string, of: (figures: Figures, text: TextCounts) => Cell][] = [
  ['lines', (_, text) => text.lines],
  ['syllables', (_, text) => text.syllables],
  ['eojeols', (_, text) => text.words],
  ['characters', (_, text) => text.characters],
  ['bytes', (_, text) => text.bytes],
  ['tokens', ({ tokens }) => tokens],
  ['tokens_per_syllable', ({ tokensPerSyllable }) => tokensPerSyllable],
  ['characters_per_token', ({ charactersPerToken }) => charactersPerToken],
  ['bytes_per_token', ({ bytesPerToken }) => bytesPerToken],
  ['tokens_per_eojeol', ({ fertility }) => fertility],
  ['split_eojeols', ({ splitWords }) => splitWords.share],
  ['unaligned_lines', ({ unalignedLines }) => unalignedLines],
  ['byte_tokens', ({ byteTokens }) => byteTokens.share],
  ['unknown_tokens', ({ unknownTokens }) => unknownTokens.share],
  ['changed_lines', ({ roundTrip }) => roundTrip.changed],
  ['lost_lines', ({ roundTrip }) => roundTrip.lost],
  ['renyi_entropy_bits', ({ renyi }) => renyi.entropy],
  ['renyi_efficiency', ({ renyi }) => renyi.efficiency],
  ['ids_used', ({ utilisation }) => utilisation.count],
  ['ids_usable', ({ utilisation }) => utilisation.of],
  ['new_ids_used', ({ addedUtilisation }) => addedUtilisation?.count ?? null],
  ['new_ids', ({ addedUtilisation }) => addedUtilisation?.of ?? null],
  ['token_characters_median', ({ lengths }) => lengths.median],
  ['token_characters_p90', ({ lengths }) => lengths.p90],
  ['token_characters_p99', ({ lengths }) => lengths.p99],
  ['josa_eomi_boundaries', ({ morphemes }) => morphemes?.share ?? null],
]

/** RFC 4180: a line for each tokenizer on all text, then one for each of its domains; shares are 0 to 1. */
export function benchCsv(report: BenchReport): string {
  const lines: Cell[][] = [['tokenizer', 'ids', 'scope', 'domain', ...COLUMNS.map(([name]) => name)]]
  for (const { name, size, all, domains } of report.tokenizers) {
    const row = (scope: string, domain: string, figures: Figures, text: TextCounts) =>
      lines.push([name, size, scope, domain, ...COLUMNS.map(([, of]) => of(figures, text))])
    row('all', '', all, report.text)
    domains.forEach((figures, at) => {
      row('domain', report.domains[at].name, figures, report.domains[at].text)
    })
  }
  return lines.map((line) => `${line.map(quoted).join(',')}\r\n`).join('')
}

function quoted(cell: Cell): string {
  const text = cell === null ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
