/** SentencePiece itself, compiled to WebAssembly (Node only). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SentencePieceProcessor } from 'sentencepiece-js'
import { KoVocabError } from '../../../errors'
import { isSentencePieceFile, readBack } from '../read-back'
import type { Referee } from '../types'

/**
 * `.model` files as Google's C++ reads them, by npm `sentencepiece-js`.
 *
 * It takes a damaged file without an error and then encodes everything to nothing, so the file goes through our own
 * reader first and must encode something. It reads from disk: the file is written to a temporary folder. Each load adds
 * handlers for uncaught errors to the process, which would change how the caller's own errors end: they are taken off.
 */
export const sentencePieceReferee: Referee = {
  name: 'sentencepiece',
  version: 'sentencepiece-js 1.1',
  reads: isSentencePieceFile,
  open: async (name, files) => {
    const { pieces } = readBack(name, files)
    const processor = await loadProcessor(name, files.get(name) as Uint8Array)
    const separator = separatorFor(pieces)
    const before = processor.encodeIds(separator)
    if (before.length === 0) {
      throw new KoVocabError('bad-file', `${name}: SentencePiece encodes nothing with it`, 'the file is damaged')
    }
    const ids = new Map(pieces.map((piece, id) => [piece, id]))
    return {
      encode: (text) => processor.encodeIds(text),
      // Behind a character that no piece holds nothing merges with what came before, the dummy prefix included.
      encodePiece: (piece) => processor.encodeIds(separator + piece).slice(before.length),
      idOf: (piece) => ids.get(piece),
    }
  },
}

type Event = 'uncaughtException' | 'unhandledRejection'
const EVENTS: readonly Event[] = ['uncaughtException', 'unhandledRejection']

/** A processor of its own, with the traps above taken care of. The file must have gone through our reader before. */
export async function loadProcessor(name: string, bytes: Uint8Array): Promise<SentencePieceProcessor> {
  const listeners = EVENTS.map((event) => process.listeners(event as 'uncaughtException'))
  const folder = await mkdtemp(join(tmpdir(), 'ko-vocab-sentencepiece-'))
  try {
    const path = join(folder, 'loaded.model')
    await writeFile(path, bytes)
    const { SentencePieceProcessor } = await import('sentencepiece-js')
    const processor = new SentencePieceProcessor()
    await processor.load(path)
    return processor
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KoVocabError('bad-file', `${name}: SentencePiece does not load it: ${reason}`, undefined, { cause })
  } finally {
    EVENTS.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!listeners[i].includes(listener)) process.removeListener(event, listener)
      }
    })
    await rm(folder, { recursive: true, force: true })
  }
}

/** A control character that stands in no piece; it becomes a byte piece. */
function separatorFor(pieces: readonly string[]): string {
  const used = new Set(pieces.join(''))
  for (let code = 1; code < 0x20; code++) {
    const char = String.fromCharCode(code)
    if (!used.has(char)) return char
  }
  throw new KoVocabError('unsupported', 'every control character stands in some piece: none can set a piece apart')
}
