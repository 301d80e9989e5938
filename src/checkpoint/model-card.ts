/** README.md of an extended model, as the Hugging Face Hub reads model cards: YAML, then Markdown. */
import type { FoundLicence } from './licences'
import { countOf, type RowPlan } from './row-plan'

/** Tokens that a text costs, see `measureTokens`. */
export interface CardMeasure {
  tokensPerSyllable: number
  tokensPerWord: number
  bytesPerToken: number
}

export interface CardEfficiency {
  /** What was measured on: `2,000 lines of ko.txt`. */
  text: string
  before: CardMeasure
  after: CardMeasure
}

export interface ModelCardFacts {
  name: string
  /** Hub name of the base; null where the folder does not tell. */
  baseModel: string | null
  licence: FoundLicence | null
  plan: RowPlan
  inputMethod: string
  outputMethod: string
  tied: boolean
  baseSha256: string
  extendedSha256: string
  dataSources: readonly string[]
  efficiency: CardEfficiency | null
  /** The base's own card beside this one. */
  baseReadme: string | null
  version: string
}

export function formatModelCard(facts: ModelCardFacts): string {
  const { licence } = facts
  const parts = [
    frontMatter(facts),
    `# ${plain(facts.name)}`,
    licence?.licence.builtWith && licence.evidence !== 'vocabulary' ? `**${licence.licence.builtWith}**` : '',
    summary(facts),
    rows(facts),
    efficiency(facts.efficiency),
    facts.dataSources.length > 0 ? `## Data\n\n${facts.dataSources.map((text) => `- ${plain(text)}`).join('\n')}` : '',
    licenceSection(facts),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function frontMatter({ baseModel, licence }: ModelCardFacts): string {
  const lines = ['language:', '- ko', '- en']
  // A vocabulary alone proves no licence.
  if (licence && licence.evidence !== 'vocabulary') {
    const { id, name } = licence.licence
    if (HUB_LICENCES.test(id)) lines.push(`license: ${id}`)
    else lines.push('license: other', `license_name: ${JSON.stringify(id === name ? plain(id) : id)}`)
  }
  if (baseModel !== null) lines.push(`base_model: ${JSON.stringify(plain(baseModel))}`)
  lines.push('library_name: transformers', 'pipeline_tag: text-generation')
  lines.push('tags:', '- korean', '- vocabulary-extension', '- ko-vocab')
  return `---\n${lines.join('\n')}\n---`
}

/** Identifiers that the Hub knows; all others go under `other` with their name. */
const HUB_LICENCES =
  /^(apache-2\.0|mit|llama2|llama3(\.[123])?|gemma|bsd-[23]-clause|cc-by(-nc)?(-sa|-nd)?-4\.0|cc0-1\.0|openrail|bigscience-bloom-rail-1\.0|other)$/

function summary({ name, baseModel, plan, version }: ModelCardFacts): string {
  const base = baseModel === null ? 'the base model' : `\`${plain(baseModel)}\``
  return [
    `${plain(name)} is ${base} with ${number(countOf(plan, 'new'))} more pieces in its vocabulary, for Korean. Every id of the base`,
    'keeps its string and its rows. **The new rows are initialized, not trained**: train them before use, with the rest',
    `frozen at first if you like. Made with ko-vocab ${version}.`,
    '',
    '```python',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    'tokenizer = AutoTokenizer.from_pretrained("<this folder>")',
    'model = AutoModelForCausalLM.from_pretrained("<this folder>")',
    '```',
  ].join('\n')
}

function rows({ plan, inputMethod, outputMethod, tied, baseSha256, extendedSha256 }: ModelCardFacts): string {
  const methods = tied ? `${inputMethod} (tied)` : `input ${inputMethod}, output ${outputMethod}`
  const kinds = [
    ['base', 'as they were'],
    ['new', `made of base rows: ${methods}`],
    ['padding', 'the mean of the base rows; mask them'],
    ['kept', 'belong to no id; as they were'],
  ] as const
  const lines = kinds
    .filter(([kind]) => countOf(plan, kind) > 0)
    .map(([kind, text]) => `| ${kind === 'kept' ? 'unused' : kind} | ${number(countOf(plan, kind))} | ${text} |`)
  return [
    '## Vocabulary',
    '',
    '| rows | number | |',
    '| --- | ---: | --- |',
    ...lines,
    `| all | ${number(plan.rows)} | \`vocab_size\` |`,
    '',
    '`rows.json` has the ids of each. Base tokenizer',
    `\`${baseSha256}\`, extended tokenizer`,
    `\`${extendedSha256}\` (ko-vocab's hash, the same for every file format).`,
  ].join('\n')
}

function efficiency(measured: CardEfficiency | null): string {
  if (!measured) return ''
  const { text, before, after } = measured
  const row = (head: string, pick: (measure: CardMeasure) => number) =>
    `| ${head} | ${fixed(pick(before))} | ${fixed(pick(after))} |`
  return [
    '## Token efficiency',
    '',
    `On ${plain(text)}:`,
    '',
    '| | base | extended |',
    '| --- | ---: | ---: |',
    row('tokens a Hangul syllable', (m) => m.tokensPerSyllable),
    row('tokens a word (eojeol)', (m) => m.tokensPerWord),
    row('bytes a token', (m) => m.bytesPerToken),
  ].join('\n')
}

function licenceSection({ licence, baseReadme, baseModel }: ModelCardFacts): string {
  const text = ['## Licence of the base', '']
  if (licence === null) {
    text.push('The base folder does not say its licence. Find it out before you pass this model on.')
  } else {
    text.push(`${plain(licence.licence.name)}, ${EVIDENCE[licence.evidence]}. Whoever passes this model on:`, '')
    text.push(...licence.licence.duties.map((duty) => `- ${duty}`))
    text.push('', "This list is a reminder; the licence's own text decides.")
  }
  if (baseReadme !== null) {
    const of = baseModel === null ? 'The card of the base' : `The card of ${plain(baseModel)}`
    text.push('', `${of} is kept in [${baseReadme}](${baseReadme}).`)
  }
  return text.join('\n')
}

const EVIDENCE = {
  given: 'as whoever made this model says',
  card: "as the base's card says",
  name: 'as the name of the base tells',
  vocabulary: 'if the base is of the family whose vocabulary it has (others have it too: check)',
} as const

/** One line, and no Markdown or HTML of somebody else's. */
function plain(text: string): string {
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').replace(/[<>`|[\]\\*]/g, '')
}

const number = (value: number): string => value.toLocaleString('en')
const fixed = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '–')
