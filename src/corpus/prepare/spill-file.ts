/** Documents that wait on disk, as lines of JSON. Node only. */
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { asIoError } from '../atomic'
import { readBytes } from '../bytes'
import type { Spill } from './prepare'
import type { PrepareDocument } from './types'

const BUFFER_CHARACTERS = 1 << 20
const NEWLINE = 0x0a

/** @param path of a file that is not there; it is as large as the documents, and gone after `drop` */
export function spillFile(path: string): Spill {
  let handle: FileHandle | null = null
  let parts: string[] = []
  let characters = 0

  const flush = async () => {
    try {
      handle ??= await open(path, 'wx')
      await handle.appendFile(parts.join(''))
    } catch (error) {
      throw asIoError(error, path, 'written')
    }
    parts = []
    characters = 0
  }
  return {
    write(document) {
      const line = `${JSON.stringify(document)}\n`
      parts.push(line)
      characters += line.length
      return characters > BUFFER_CHARACTERS ? flush() : undefined
    },
    read: async function* () {
      if (parts.length > 0 || !handle) await flush()
      const { size } = await stat(path)
      let rest: Uint8Array[] = []
      for await (const block of readBytes({ path, size, compression: 'none' })) {
        const last = block.lastIndexOf(NEWLINE) + 1
        rest.push(last === 0 ? block : block.subarray(0, last))
        if (last === 0) continue
        yield* documentsOf(Buffer.concat(rest))
        rest = [block.slice(last)]
      }
    },
    async drop() {
      await handle?.close()
      await rm(path, { force: true })
    },
  }
}

/** JSON has no line ends within, so that whole lines can be cut out of the bytes. */
function* documentsOf(lines: Buffer): Generator<PrepareDocument> {
  for (let from = 0; from < lines.length; ) {
    const end = lines.indexOf(NEWLINE, from)
    yield JSON.parse(lines.toString('utf8', from, end)) as PrepareDocument
    from = end + 1
  }
}
