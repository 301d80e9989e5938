/** Encodes documents into files, see token-format.ts. Node only. */
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DocumentEncoder } from './document-encoder'
import {
  boundsAt,
  formatHeader,
  HEADER_BYTES,
  pointersAt,
  TOKENS_FILES,
  TOKENS_FORMAT,
  type TokensRecord,
} from './token-format'

/** Values that are written at once. */
const ROOM = 1 << 20

/**
 * Writes the ids of documents into an empty folder, which the caller puts in its place when all is there. Memory: some
 * MB, whatever the number of documents.
 *
 * @param key SHA-256 that names what the documents are
 */
export async function writeTokens(
  folder: string,
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  encoder: DocumentEncoder,
  key: string,
): Promise<TokensRecord> {
  const ids = await open(join(folder, TOKENS_FILES.ids), 'wx')
  const index = await open(join(folder, TOKENS_FILES.index), 'wx+')
  try {
    const record: TokensRecord = {
      format: TOKENS_FORMAT,
      key,
      tokenizer_sha256: encoder.tokenizerSha256,
      vocabulary: encoder.vocabulary,
      before: encoder.before,
      after: encoder.after,
      tokens: 0,
      documents: 0,
      bytes: 0,
    }
    const tokenColumn = createColumn(ids, 0)
    const sizeColumn = createColumn(index, HEADER_BYTES)
    for await (const text of documents) {
      const encoded = encoder.encode(text)
      if (encoded.length === 0) continue
      for (let at = 0; at < encoded.length; ) {
        at += tokenColumn.take(encoded.subarray(at))
        if (tokenColumn.isFull()) await tokenColumn.flush()
      }
      sizeColumn.take(Int32Array.of(encoded.length))
      if (sizeColumn.isFull()) await sizeColumn.flush()
      record.tokens += encoded.length
      record.documents++
      record.bytes += text.length
    }
    await tokenColumn.flush()
    await sizeColumn.flush()
    await writePointers(index, record.documents)
    await writeAt(index, formatHeader(record.documents), 0)
    await ids.sync()
    await index.sync()
    await writeFile(join(folder, TOKENS_FILES.record), `${JSON.stringify(record, null, 2)}\n`, { flush: true })
    return record
  } finally {
    await ids.close()
    await index.close()
  }
}

/** Int32 values that go to a file one after another. */
function createColumn(handle: FileHandle, start: number) {
  const room = new Int32Array(ROOM)
  let used = 0
  let offset = start
  return {
    /** How many of the values there was room for. */
    take(values: Int32Array): number {
      const taken = values.subarray(0, ROOM - used)
      room.set(taken, used)
      used += taken.length
      return taken.length
    },
    isFull: () => used === ROOM,
    async flush(): Promise<void> {
      await writeAt(handle, littleEndian(room.subarray(0, used)), offset)
      offset += used * 4
      used = 0
    },
  }
}

/** From the sizes that the index already holds: where each document begins, in bytes, and which sequence it is. */
async function writePointers(index: FileHandle, documents: number): Promise<void> {
  const sizes = new Uint8Array(4 * ROOM)
  let pointer = 0
  for (let from = 0; from <= documents; from += ROOM) {
    const count = Math.min(ROOM, documents - from)
    await readAt(index, sizes.subarray(0, count * 4), HEADER_BYTES + from * 4)
    const view = new DataView(sizes.buffer)
    const pointers = new DataView(new ArrayBuffer(count * 8))
    const bounds = new DataView(new ArrayBuffer((count + 1) * 8))
    for (let i = 0; i < count; i++) {
      pointers.setBigInt64(i * 8, BigInt(pointer), true)
      bounds.setBigInt64(i * 8, BigInt(from + i), true)
      pointer += view.getInt32(i * 4, true) * 4
    }
    // The next round, if there is one, writes the same number in the same place.
    bounds.setBigInt64(count * 8, BigInt(from + count), true)
    await writeAt(index, new Uint8Array(pointers.buffer), pointersAt(documents) + from * 8)
    await writeAt(index, new Uint8Array(bounds.buffer), boundsAt(documents) + from * 8)
  }
}

/** The bytes of the values as the files have them, on any machine. */
function littleEndian(values: Int32Array): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return LITTLE ? bytes : Buffer.from(bytes).swap32()
}

const LITTLE = new Uint8Array(Int32Array.of(1).buffer)[0] === 1

async function writeAt(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
  }
}

async function readAt(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done)
    if (bytesRead === 0) throw new Error('the index that was just written is shorter than it was')
    done += bytesRead
  }
}
