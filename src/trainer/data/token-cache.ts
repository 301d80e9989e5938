/** Text that is encoded once and read again at every start. Node only. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { leftoversOf, withTemporaryFolder } from '../../corpus/atomic'
import type { CorpusFile } from '../../corpus/files'
import { describeInputs } from '../../corpus/run-record'
import { KoVocabError } from '../../errors'
import { encodeUtf8 } from '../../text/utf8'
import { canonicalJson, sha256Hex } from '../../tokenizer/hash'
import type { Tokenizer } from '../../tokenizer/types'
import { createDocumentEncoder, type SpecialOptions } from './document-encoder'
import { DEFAULT_DOCUMENT_BYTES, type DocumentOptions } from './documents'
import { openTokens, type TokenFile } from './open-tokens'
import { readDocuments } from './read-documents'
import { TOKENS_FILES, TOKENS_FORMAT } from './token-format'
import { writeTokens } from './write-tokens'

export interface EncodeFilesOptions {
  files: readonly CorpusFile[]
  tokenizer: Tokenizer
  /** Where encoded texts lie, each in a folder of its own that is named by its key. */
  cache: string
  special?: SpecialOptions
  documents?: DocumentOptions
  /** While text is being encoded: bytes read from disk, of so many. */
  onProgress?: (progress: { bytes: number; total: number }) => void
  signal?: AbortSignal
}

export interface EncodedFiles {
  store: TokenFile
  folder: string
  /** Whether the text was encoded now; else it was there. */
  built: boolean
  /** What runs that were killed while they encoded this text have left, unless another one is at it now. */
  leftovers: string[]
}

/**
 * The tokens of files, from the cache where they are there. A folder is named by a hash over the bytes of the files,
 * the tokenizer, its special tokens and how documents are told apart: when any of them changes, the text is encoded
 * anew, into another folder. It is renamed into its place when all is on disk, so that a run that is killed leaves
 * nothing that could be taken for tokens. Two runs may do so at once; one folder stays.
 *
 * Memory: some tens of MB, and a document. Disk: 4 bytes a token, 20 a document.
 *
 * @throws KoVocabError `bad-option` for files that can be read only once; `bad-file` or `mismatch` when the folder is
 * there and damaged: it is never replaced by itself; `io`; `aborted`
 */
export async function encodeFiles(options: EncodeFilesOptions): Promise<EncodedFiles> {
  const { files, tokenizer, cache, special, documents = {}, onProgress, signal } = options
  const stream = files.find((file) => file.stream)
  if (stream) {
    const what = `${stream.path === '-' ? 'standard input' : stream.path} can be read only once`
    throw new KoVocabError('bad-option', `${what}, and training text is read again`, 'write it to a file')
  }
  const encoder = createDocumentEncoder(tokenizer, special)
  const key = await keyOf(options, encoder.before, encoder.after, encoder.tokenizerSha256)
  const folder = join(cache, key.slice(0, 16))
  const opened = () => openTokens(folder, { key, tokenizerSha256: encoder.tokenizerSha256 })
  if (await isThere(folder)) {
    return { store: await opened(), folder, built: false, leftovers: await leftoversOf(folder) }
  }
  const leftovers = await leftoversOf(folder)
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let bytes = 0
  const onBytes = (more: number) => {
    bytes += more
    onProgress?.({ bytes, total })
  }
  try {
    await withTemporaryFolder(folder, (temporary) =>
      writeTokens(temporary, readDocuments(files, { ...documents, onBytes, signal }), encoder, key),
    )
  } catch (error) {
    // Another run may have put the same folder there meanwhile.
    if (!(error instanceof KoVocabError && error.code === 'io' && (await isThere(folder)))) throw error
  }
  return { store: await opened(), folder, built: true, leftovers }
}

async function keyOf(
  { files, documents = {}, signal }: EncodeFilesOptions,
  before: number[],
  after: number[],
  tokenizerSha256: string,
): Promise<string> {
  const { ends = 'blank-line', heldOut = null, maxBytes = DEFAULT_DOCUMENT_BYTES } = documents
  const inputs = await describeInputs(files, signal)
  const made = {
    format: TOKENS_FORMAT,
    tokenizer: tokenizerSha256,
    before,
    after,
    documents: { ends, heldOut, maxBytes },
    // Not their names: a text that moves is the same text.
    texts: inputs.map(({ sha256 }) => sha256),
    // Another field of the same file is another text.
    ...(files.some(({ records }) => records) ? { records: files.map(({ records = null }) => records) } : {}),
  }
  return sha256Hex(encodeUtf8(canonicalJson(made)))
}

const isThere = (folder: string): Promise<boolean> =>
  stat(join(folder, TOKENS_FILES.record)).then(
    () => true,
    () => false,
  )
