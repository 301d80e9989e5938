/** What was done, batch by batch, in a file that a killed process leaves readable. Node only. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { asIoError } from '../atomic'

export interface Journal {
  /** The next record that was there when the journal was opened; null when no whole one is left. */
  take: () => Promise<Uint8Array | null>
  /** Behind all records; only when `take` has given null. */
  append: (record: Uint8Array) => Promise<void>
  /** Any record that was taken or appended, from 0. */
  read: (number: number) => Promise<Uint8Array>
  close: () => Promise<void>
}

/** Length and CRC-32 of a record, both little endian. */
const HEAD_BYTES = 8

/**
 * Records one behind the other, each with its length and CRC-32. The first that is not whole ends the journal: what was
 * being written when the process was killed, or the power cut, is cut off. Memory: 8 bytes a record.
 */
export async function openJournal(path: string): Promise<Journal> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch((error) => {
    throw asIoError(error, path, 'written')
  })
  let { size } = await handle.stat()
  const starts: number[] = []
  let end = 0
  const recordAt = async (at: number): Promise<Uint8Array | null> => {
    const head = await readAt(handle, at, HEAD_BYTES, path)
    if (!head) return null
    const length = head.readUInt32LE(0)
    if (length === 0 || at + HEAD_BYTES + length > size) return null
    const record = await readAt(handle, at + HEAD_BYTES, length, path)
    return record && crc32(record) === head.readUInt32LE(4) ? record : null
  }
  return {
    async take() {
      if (end >= size) return null
      const record = await recordAt(end)
      if (record) {
        starts.push(end)
        end += HEAD_BYTES + record.length
        return record
      }
      await handle.truncate(end)
      size = end
      return null
    },
    async append(record) {
      const head = Buffer.alloc(HEAD_BYTES)
      head.writeUInt32LE(record.length, 0)
      head.writeUInt32LE(crc32(record), 4)
      try {
        await handle.write(head, 0, HEAD_BYTES, end)
        for (let done = 0; done < record.length; ) {
          const at = end + HEAD_BYTES + done
          done += (await handle.write(record, done, record.length - done, at)).bytesWritten
        }
      } catch (error) {
        throw asIoError(error, path, 'written')
      }
      starts.push(end)
      end += HEAD_BYTES + record.length
      size = end
    },
    async read(number) {
      const record = await recordAt(starts[number])
      if (!record) throw new Error(`${path}: record ${number} is gone`)
      return record
    },
    close: () => handle.close(),
  }
}

/** Null where the file ends before. */
async function readAt(handle: FileHandle, at: number, length: number, path: string): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafeSlow(length)
  try {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(bytes, done, length - done, at + done)
      if (bytesRead === 0) return null
      done += bytesRead
    }
  } catch (error) {
    throw asIoError(error, path, 'read')
  }
  return bytes
}
