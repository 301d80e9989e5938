/** Texts that the contenders work through, made of the corpus. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { sampleOf } from './inputs.mjs'

const NEWLINE = 0x0a
const CHUNK = 1 << 22

/**
 * Lines that all trainers see as the same words: in NFC (our trainer makes no piece that is not), control characters and
 * the marks of SentencePiece's formats (`▁`, `▅`) as spaces, no white space at the ends, no empty line.
 *
 * @param {number} bytes of text to take, in proportion from every file; Infinity for all
 * @returns {{file: string, bytes: number, characters: number}} how many different characters there are, `▁` for the space
 */
export function writeTrainingText(files, bytes, file) {
  const seen = new Set(['▁'])
  const written = writeLines(sampleOf(files, bytes), file, (line) => {
    const clean = line
      .normalize('NFC')
      .replace(/[\p{Cc}▁▅]/gu, ' ')
      .trim()
    for (const char of clean) if (char !== ' ') seen.add(char)
    return clean === '' ? null : clean
  })
  return { ...written, characters: seen.size }
}

/**
 * Lines as they are, but for those that name an added token (`<s>` in a page about tokenizers): Hugging Face makes that
 * token of it, SentencePiece and tiktoken make ordinary text.
 *
 * @param {ReadonlySet<string>} tokens
 * @returns {{file: string, bytes: number, lines: number, leftOut: number}} bytes without newlines would be fewer by `lines`
 */
export function writeLinesToEncode(files, bytes, file, tokens) {
  const named = [...tokens]
  return writeLines(sampleOf(files, bytes), file, (line) => (named.some((token) => line.includes(token)) ? null : line))
}

/** Writes what `keep` makes of each line; null leaves it out. */
function writeLines(parts, file, keep) {
  const out = openSync(file, 'w')
  let [bytes, lines, leftOut] = [0, 0, 0]
  let waiting = []
  const flush = () => {
    const block = Buffer.from(waiting.join(''))
    writeSync(out, block)
    bytes += block.length
    waiting = []
  }
  for (const part of parts) {
    let size = 0
    for (let at = 0; at < part.length; ) {
      const newline = part.indexOf(NEWLINE, at)
      const end = newline < 0 ? part.length : newline
      const kept = keep(part.toString('utf8', at, end))
      at = end + 1
      if (kept === null) {
        leftOut++
        continue
      }
      waiting.push(kept, '\n')
      lines++
      size += kept.length
      if (size > CHUNK) {
        flush()
        size = 0
      }
    }
    flush()
  }
  closeSync(out)
  return { file, bytes, lines, leftOut }
}
