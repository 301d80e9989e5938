/** Documents that wait on disk, as lines of JSON. Node only. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { asIoError } from '../atomic'
import { readLines } from '../lines'
import type { Spill } from './prepare'
import type { PrepareDocument } from './types'

const BUFFER_CHARACTERS = 1 << 18

/** @param path of a file that is not there; it is as large as the documents, and gone after `drop` */
export function spillFile(path: string): Spill {
  let stream: WriteStream | null = null
  let failed: unknown = null
  let parts: string[] = []
  let characters = 0
  let open = true

  const flush = async () => {
    if (failed) throw asIoError(failed, path, 'written')
    if (!stream) {
      stream = createWriteStream(path, { flags: 'wx' })
      stream.on('error', (error) => {
        failed = error
      })
    }
    const text = parts.join('')
    parts = []
    characters = 0
    if (stream.write(text) || failed) return
    await new Promise<void>((resolve) => {
      stream!.once('drain', resolve)
      stream!.once('error', () => resolve())
    })
  }
  const close = async () => {
    if (!open) return
    open = false
    await flush()
    stream!.end()
    await finished(stream!).catch((error) => {
      throw asIoError(error, path, 'written')
    })
  }
  return {
    write(document) {
      const line = `${JSON.stringify(document)}\n`
      parts.push(line)
      characters += line.length
      return characters > BUFFER_CHARACTERS ? flush() : undefined
    },
    read: async function* () {
      await close()
      const { size } = await stat(path)
      for await (const line of readLines({ path, size, compression: 'none' })) {
        yield JSON.parse(line) as PrepareDocument
      }
    },
    async drop() {
      stream?.destroy()
      await rm(path, { force: true })
    },
  }
}
