/** Leaving out the byte order mark of a text that comes in blocks, of one byte and more. */
import { markLength } from '../text/utf8'

export interface MarkSkipper {
  /** What is to be passed on of the next bytes; nothing while it may still be part of a mark. */
  push: (block: Uint8Array) => Uint8Array
  /** The text is over; the next push begins another. @returns what was held back */
  end: () => Uint8Array
  /** What comes next is not the beginning of a file: a U+FEFF there is a character and no byte order mark. */
  resume: () => void
}

const NOTHING = new Uint8Array(0)

export function createMarkSkipper(): MarkSkipper {
  let begins = true
  let waiting = NOTHING
  return {
    push(block) {
      if (!begins) return block
      let bytes = block
      if (waiting.length > 0) {
        bytes = new Uint8Array(waiting.length + block.length)
        bytes.set(waiting)
        bytes.set(block, waiting.length)
      }
      if (bytes.length < 3) {
        waiting = bytes.slice()
        return NOTHING
      }
      begins = false
      waiting = NOTHING
      return bytes.subarray(markLength(bytes))
    },
    end() {
      const held = waiting
      waiting = NOTHING
      begins = true
      return held
    },
    resume() {
      begins = false
    },
  }
}
