/** How documents lie in corpus files: as running text, or as records of which one field is the text. */
import { KoVocabError } from '../errors'
import type { CorpusFile } from './corpus-file'

export const FORMATS = ['text', 'jsonl', 'csv', 'tsv', 'parquet'] as const
export type CorpusFormat = (typeof FORMATS)[number]

/** How the records of a file are read; running text has none. */
export interface RecordReading {
  format: Exclude<CorpusFormat, 'text'>
  /** Name or path of the field with the text; absent where only the first record can tell. */
  field?: string
  /** `none`: in CSV and TSV `"` is a character as any other. */
  quotes?: 'none'
}

/** What a user may say about corpus files. */
export interface ReadingOptions {
  /** Of all files. Default: by their names, and Parquet by its first bytes. */
  format?: CorpusFormat
  /**
   * The field, column or dotted path with the text (`text`, `meta.body`, `messages.0.content`, `messages.*.content`).
   * Default: see {@link chooseField}.
   */
  field?: string
  /** What quotes mean in CSV and TSV: `double` as RFC 4180 says, `none` for files that know no quoting. */
  quotes?: 'double' | 'none'
  /** What happens to records and files that are damaged. Default `fail`. */
  onError?: 'fail' | 'skip'
  /** Not an error: a field although no file has any. For texts beside the one that matters. */
  fieldOptional?: boolean
  /** Every file that was found is added, so that what was left out of it can be told in the end. */
  opened?: CorpusFile[]
}

/** What run.json says of them: undefined where all is as it is by itself. */
export function recordedReading({ format, field, quotes, onError }: ReadingOptions = {}) {
  const said = {
    ...(format === undefined ? {} : { format }),
    ...(field === undefined ? {} : { field }),
    ...(quotes === 'none' ? { quotes } : {}),
    ...(onError === 'skip' ? { 'on-error': onError } : {}),
  }
  return Object.keys(said).length > 0 ? said : undefined
}

/** For texts that need not have the field that the corpus has. */
export function readingBeside(reading: ReadingOptions | undefined): ReadingOptions {
  return { ...reading, fieldOptional: true }
}

/** Names of text fields, as datasets on the Hugging Face Hub have them; `text` goes before all others. */
export const TEXT_FIELDS = [
  'text',
  'content',
  'contents',
  'document',
  'body',
  'article',
  'paragraph',
  'passage',
  'sentence',
  'raw_content',
  'raw_text',
]

/**
 * The format that a file's name tells, `.gz` and `.zst` apart; `json` may be lines or one document, which its content
 * tells. Null for all other names.
 */
export function formatOfName(path: string): Exclude<CorpusFormat, 'text'> | 'json' | null {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, '')
  if (/\.(jsonl|ndjson|jsonlines)$/.test(name)) return 'jsonl'
  if (name.endsWith('.json')) return 'json'
  if (name.endsWith('.csv')) return 'csv'
  if (/\.(tsv|tab)$/.test(name)) return 'tsv'
  return name.endsWith('.parquet') ? 'parquet' : null
}

/**
 * The field with the text: the one that was asked for, else `text`, else the only one of {@link TEXT_FIELDS} that is
 * there.
 *
 * @param seen names of the fields
 * @param has whether a path is there
 * @throws KoVocabError `bad-option` that names the fields, when none or several would do
 */
export function chooseField(
  path: string,
  asked: string | undefined,
  seen: readonly string[],
  has: (field: string) => boolean = (field) => seen.includes(field),
): string {
  const there = seen.length > 0 ? seen.slice(0, 30).join(', ') : 'none'
  if (asked !== undefined) {
    if (has(asked)) return asked
    throw new KoVocabError('bad-option', `${path}: has no field ${asked}; there are: ${there}`, 'name one with --field')
  }
  const candidates = TEXT_FIELDS.filter((name) => seen.includes(name))
  if (candidates[0] === 'text' || candidates.length === 1) return candidates[0]
  const what = candidates.length > 1 ? `${candidates.join(' and ')} may all be the text` : 'none is called text'
  throw new KoVocabError('bad-option', `${path}: of its fields (${there}) ${what}`, 'name the one to read with --field')
}
