/** Encoded text on disk as a token store, see token-format.ts. Node only. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asIoError } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import {
  HEADER_BYTES,
  headerFault,
  indexBytes,
  pointersAt,
  recordFault,
  TOKENS_FILES,
  type TokensRecord,
} from './token-format'
import { lowerBound, type TokenStore } from './token-store'

export interface TokenFile extends TokenStore {
  record: TokensRecord
  close: () => void
}

/** Values of the index that are read at once. */
const PAGE = 1 << 12

/**
 * Opens what {@link writeTokens} wrote. Reads by place, as a memory map would: Node has none, and what is read again
 * comes from the same page cache. Nothing of the index is kept; a place is found by bisection in microseconds.
 *
 * @param expected what the tokens must be of
 * @throws KoVocabError `io`; `bad-file` for files that are damaged, cut short or of another format; `mismatch` when the
 * tokens are of another tokenizer, or other texts or options, than expected
 */
export async function openTokens(
  folder: string,
  expected: { key?: string; tokenizerSha256?: string } = {},
): Promise<TokenFile> {
  const record = await readRecord(join(folder, TOKENS_FILES.record))
  const { key, tokenizer_sha256, tokens, documents, bytes } = record
  if (expected.tokenizerSha256 !== undefined && tokenizer_sha256 !== expected.tokenizerSha256) {
    const what = `tokenizer ${tokenizer_sha256.slice(0, 16)}, not with ${expected.tokenizerSha256.slice(0, 16)}`
    throw new KoVocabError('mismatch', `${folder}: was encoded with ${what}`, 'encode the text again')
  }
  if (expected.key !== undefined && key !== expected.key) {
    const what = `${key.slice(0, 16)}, not ${expected.key.slice(0, 16)}`
    throw new KoVocabError('mismatch', `${folder}: holds other text or was made with other options: ${what}`, REMOVE)
  }
  const ids = openPart(join(folder, TOKENS_FILES.ids), tokens * 4)
  let index: Part
  try {
    index = openPart(join(folder, TOKENS_FILES.index), indexBytes(documents))
  } catch (error) {
    ids.close()
    throw error
  }
  const pointer = (document: number): number =>
    Number(index.view(pointersAt(documents) + document * 8, 8).getBigInt64(0, true)) / 4
  const first = (token: number): number => lowerBound(documents, pointer, token)
  try {
    requireIndex(index, documents, tokens, pointer)
  } catch (error) {
    ids.close()
    index.close()
    throw error
  }
  return {
    record,
    key,
    tokens,
    documents,
    bytes,
    read(start, end) {
      const count = Math.max(0, Math.min(end, tokens) - start)
      const view = ids.view(start * 4, count * 4)
      const values = new Int32Array(count)
      for (let i = 0; i < count; i++) values[i] = view.getInt32(i * 4, true)
      return values
    },
    startsWithin(start, end) {
      const starts: number[] = []
      for (let from = first(start); from < documents; from += PAGE) {
        const count = Math.min(PAGE, documents - from, end - start)
        if (count <= 0) break
        const view = index.view(pointersAt(documents) + from * 8, count * 8)
        for (let i = 0; i < count; i++) {
          const at = Number(view.getBigInt64(i * 8, true)) / 4
          if (at >= end) return starts
          starts.push(at)
        }
        // Documents are not empty, so no more of them begin there than there are tokens.
        if (count < PAGE) break
      }
      return starts
    },
    *lengths() {
      for (let from = 0; from < documents; from += PAGE) {
        const count = Math.min(PAGE, documents - from)
        const view = index.view(HEADER_BYTES + from * 4, count * 4)
        for (let i = 0; i < count; i++) yield view.getInt32(i * 4, true)
      }
    },
    close() {
      ids.close()
      index.close()
    },
  }
}

const REMOVE = 'remove the folder, so that the text is encoded again'

async function readRecord(path: string): Promise<TokensRecord> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw asIoError(error, path, 'read')
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new KoVocabError('bad-file', `${path}: not JSON: ${(cause as Error).message}`, REMOVE, { cause })
  }
  const fault = recordFault(value)
  if (fault !== null) throw new KoVocabError('bad-file', `${path}: ${fault}`, REMOVE)
  return value as TokensRecord
}

function requireIndex(index: Part, documents: number, tokens: number, pointer: (document: number) => number): void {
  const fault = headerFault(new Uint8Array(index.view(0, HEADER_BYTES).buffer), documents)
  if (fault !== null) throw new KoVocabError('bad-file', `${index.path}: ${fault}`, REMOVE)
  if (documents === 0) return
  const size = index.view(HEADER_BYTES + (documents - 1) * 4, 4).getInt32(0, true)
  const end = pointer(documents - 1) + size
  if (pointer(0) === 0 && end === tokens) return
  const what = `its documents go from token ${pointer(0)} to ${end}, not from 0 to ${tokens}`
  throw new KoVocabError('bad-file', `${index.path}: ${what}`, REMOVE)
}

interface Part {
  path: string
  /** `length` bytes from `offset` on, as a copy. */
  view: (offset: number, length: number) => DataView
  close: () => void
}

/** @throws KoVocabError `io`, or `bad-file` when the file is not just so long */
function openPart(path: string, bytes: number): Part {
  try {
    const fd = openSync(path, 'r')
    const { size } = fstatSync(fd)
    if (size !== bytes) {
      closeSync(fd)
      throw new KoVocabError('bad-file', `${path}: has ${size} bytes, ${bytes} are expected`, REMOVE)
    }
    return {
      path,
      view: (offset, length) => readPart(path, fd, offset, length),
      close: () => closeSync(fd),
    }
  } catch (error) {
    throw asIoError(error, path, 'read')
  }
}

function readPart(path: string, fd: number, offset: number, length: number): DataView {
  const buffer = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    let got = 0
    try {
      got = readSync(fd, buffer, done, length - done, offset + done)
    } catch (error) {
      throw asIoError(error, path, 'read')
    }
    if (got === 0) throw new KoVocabError('bad-file', `${path}: ends at byte ${offset + done}`, REMOVE)
    done += got
  }
  return new DataView(buffer.buffer)
}
