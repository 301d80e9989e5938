/** English and Korean text as training and held-out files: documents apart by blank lines, one in fifty held out. */

import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** Lines of a document: files of the corpora are lines without a mark of where a text ends. */
const LINES = 24
const HELD_OUT = 50

/** @param {{path: string, megabytes: number}[]} parts the first so many megabytes of each */
export async function splitTexts(parts, training, heldOut) {
  const files = [createWriteStream(training), createWriteStream(heldOut)]
  const sizes = [0, 0]
  for (const { path, megabytes } of parts) {
    let lines = []
    let bytes = 0
    let documents = 0
    const flush = async () => {
      if (lines.length === 0) return
      const text = `${lines.join('\n')}\n\n`
      lines = []
      const to = documents++ % HELD_OUT === HELD_OUT - 1 ? 1 : 0
      sizes[to] += Buffer.byteLength(text)
      if (!files[to].write(text)) await once(files[to], 'drain')
    }
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() === '') continue
      lines.push(line)
      bytes += Buffer.byteLength(line) + 1
      if (lines.length === LINES) await flush()
      if (bytes >= megabytes * 1e6) break
    }
    await flush()
  }
  for (const file of files) {
    file.end()
    await once(file, 'finish')
  }
  return { training: sizes[0], heldOut: sizes[1] }
}
