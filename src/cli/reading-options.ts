/** How corpus files are read that are more than running text, and what becomes of damaged ones. */
import type { CorpusFile } from '../corpus/files'
import { FORMATS, type ReadingOptions } from '../corpus/format'
import type { Context } from './context'
import { type OptionSpec, oneOf, text } from './option-values'
import { number } from './summary'

export const READING_OPTIONS = {
  'input-format': {
    group: 'Input',
    flags: '--input-format <format>',
    description: `of all files: ${FORMATS.join(', ')} (default: by their names; Parquet by its first bytes)`,
    schema: oneOf(FORMATS).optional(),
  },
  field: {
    group: 'Input',
    flags: '--field <name>',
    description: 'the field or column with the text, dotted where nested (default: text, or the only usual name)',
    schema: text.optional(),
  },
  quotes: {
    group: 'Input',
    flags: '--quotes <how>',
    description: 'CSV and TSV: double (as RFC 4180 says), or none where a quote is a character as any other',
    schema: oneOf(['double', 'none']).default('double'),
  },
  'on-error': {
    group: 'Input',
    flags: '--on-error <what>',
    description: 'damaged files and records: fail, or skip (left out, and counted)',
    schema: oneOf(['fail', 'skip']).default('fail'),
  },
} as const satisfies Record<string, OptionSpec>

/** Their names, for the commands that read text. */
export const READING = ['input-format', 'field', 'quotes', 'on-error'] as const

interface ReadingValues {
  'input-format'?: ReadingOptions['format']
  field?: string
  quotes: 'double' | 'none'
  'on-error': 'fail' | 'skip'
}

export function readingOf(values: ReadingValues, { opened }: Context): ReadingOptions {
  const { field, quotes } = values
  return { format: values['input-format'], field, quotes, onError: values['on-error'], opened }
}

/** For JSON: what was left out of which files; undefined, and so no key, where nothing was. */
export function skippedJson(opened: readonly CorpusFile[]) {
  const files = skippedFiles(opened).map(({ path, skipped }) => ({
    path,
    records: skipped!.records,
    parts: skipped!.parts,
    examples: skipped!.examples.map(({ message }) => message),
  }))
  return files.length > 0 ? files : undefined
}

/** For people; empty where nothing was left out. */
export function skippedText(opened: readonly CorpusFile[]): string {
  const files = skippedFiles(opened)
  if (files.length === 0) return ''
  const sum = (of: 'records' | 'parts') => files.reduce((total, { skipped }) => total + skipped![of], 0)
  const what = leftOutText({ records: sum('records'), parts: sum('parts') })
  const where = files.length === 1 ? '1 file' : `${number(files.length)} files`
  const examples = files.flatMap(({ skipped }) => skipped!.examples.map(({ message }) => `  ${message}\n`))
  const more = examples.length > 10 ? '  …\n' : ''
  return `left out: ${what} in ${where}\n${examples.slice(0, 10).join('')}${more}`
}

/** `2 broken records and 1 unreadable part` */
export function leftOutText({ records, parts }: { records: number; parts: number }): string {
  const counted = [
    [records, 'broken record', 'broken records'],
    [parts, 'unreadable part', 'unreadable parts'],
  ] as const
  const some = counted.filter(([count]) => count > 0)
  return some.map(([count, one, more]) => (count === 1 ? `1 ${one}` : `${number(count)} ${more}`)).join(' and ')
}

function skippedFiles(opened: readonly CorpusFile[]): CorpusFile[] {
  return [...new Set(opened)].filter(({ skipped }) => skipped && skipped.records + skipped.parts > 0)
}
