/**
 * How encoded text lies on disk: Megatron-LM's indexed dataset (`IndexedDataset` in megatron/core/datasets), which NeMo,
 * GPT-NeoX, torchtitan's forks and others read too, and beside it a JSON that says what it is of.
 *
 * `tokens.bin`: the ids of all documents one after another, int32 little endian.
 *
 * `tokens.idx`, little endian, for n documents, each of one sequence:
 *
 * | bytes | what |
 * | --- | --- |
 * | 9 | `MMIDIDX\0\0` |
 * | 8 | version, 1 |
 * | 1 | type of the ids, 4 for int32 |
 * | 8 | number of sequences, n |
 * | 8 | number of document bounds, n + 1 |
 * | 4n | int32: tokens of each sequence |
 * | 8n | int64: where each sequence begins in `tokens.bin`, in bytes |
 * | 8(n + 1) | int64: the first sequence of each document, and n |
 */

/** What the header takes; the sizes come next. */
export const HEADER_BYTES = 34

const MAGIC = 'MMIDIDX\0\0'
const VERSION = 1n
const INT32 = 4

export const pointersAt = (documents: number): number => HEADER_BYTES + 4 * documents
export const boundsAt = (documents: number): number => HEADER_BYTES + 12 * documents
export const indexBytes = (documents: number): number => HEADER_BYTES + 20 * documents + 8

export function formatHeader(documents: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(9, VERSION, true)
  view.setUint8(17, INT32)
  view.setBigUint64(18, BigInt(documents), true)
  view.setBigUint64(26, BigInt(documents + 1), true)
  return bytes
}

/** What is wrong with a header, for `documents` of them; null when nothing is. */
export function headerFault(bytes: Uint8Array, documents: number): string | null {
  if (bytes.length < HEADER_BYTES) return `it ends after ${bytes.length} bytes, within its header`
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length))
  if (magic !== MAGIC) return `it begins with ${JSON.stringify(magic)}, not with ${JSON.stringify(MAGIC)}`
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getBigUint64(9, true)
  if (version !== VERSION) return `its version is ${version}, not ${VERSION}`
  if (bytes[17] !== INT32) return `its ids are of type ${bytes[17]}, not ${INT32} (int32)`
  const counts = [view.getBigUint64(18, true), view.getBigUint64(26, true)]
  if (counts[0] === BigInt(documents) && counts[1] === BigInt(documents + 1)) return null
  return `it has ${counts[0]} sequences and ${counts[1]} bounds, not ${documents} and ${documents + 1}`
}

/** What `tokens.json` says. */
export interface TokensRecord {
  format: typeof TOKENS_FORMAT
  /** SHA-256 over what the tokens were made from: texts, tokenizer, special tokens, how documents are told apart. */
  key: string
  tokenizer_sha256: string
  /** Every id is below. */
  vocabulary: number
  /** Ids before and behind each document. */
  before: number[]
  after: number[]
  tokens: number
  documents: number
  /** UTF-8 bytes of the documents, special tokens apart. */
  bytes: number
}

export const TOKENS_FORMAT = 'ko-vocab tokens 1'
export const TOKENS_FILES = { ids: 'tokens.bin', index: 'tokens.idx', record: 'tokens.json' } as const

/** What is wrong with a parsed `tokens.json`; null when nothing is. */
export function recordFault(value: unknown): string | null {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<string, unknown>>
  if (record.format !== TOKENS_FORMAT) return `its format is ${JSON.stringify(record.format)}, not ${TOKENS_FORMAT}`
  for (const name of ['key', 'tokenizer_sha256']) {
    if (!/^[0-9a-f]{64}$/.test(String(record[name]))) return `its ${name} is no SHA-256`
  }
  for (const name of ['vocabulary', 'tokens', 'documents', 'bytes']) {
    if (!(Number.isSafeInteger(record[name]) && (record[name] as number) >= 0)) return `its ${name} is no whole number`
  }
  return null
}
