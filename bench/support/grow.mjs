/** Makes a large corpus out of a smaller one: repeated with changes, so that new words keep appearing as in real text. */
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { sampleOf } from './inputs.mjs'

/** One syllable in so many is another one in each copy after the first. */
const CHANGE_ONE_IN = 100

/**
 * Writes `bytes` of text to `target`. The first copy is the source as it is (a part of every file when that is enough);
 * in every further copy a hundredth of the Hangul syllables is replaced by syllables drawn as often as the source holds
 * them: frequent words stay frequent, and rare ones are new in every copy. The same seed makes the same text.
 *
 * @param {string[]} files plain UTF-8 text
 */
export function growText(files, bytes, target, seed = 1) {
  const total = files.reduce((sum, file) => sum + statSync(file).size, 0)
  const random = xorshift(seed)
  const out = openSync(target, 'w')
  let written = 0
  try {
    if (bytes <= total) {
      for (const part of sampleOf(files, bytes)) written += writeAll(out, part)
      return written
    }
    const syllables = drawSyllables(files[0], random)
    for (let copy = 0; written < bytes; copy++) {
      for (const file of files) {
        const part = readFileSync(file)
        if (copy > 0) change(part, syllables, random)
        const room = bytes - written
        const end = part.length <= room ? part.length : part.lastIndexOf(0x0a, Math.max(0, room - 1)) + 1
        written += writeAll(out, part.subarray(0, end))
        if (end < part.length) return written
      }
    }
    return written
  } finally {
    closeSync(out)
  }
}

function writeAll(out, part) {
  for (let at = 0; at < part.length; ) at += writeSync(out, part, at, Math.min(part.length - at, 1 << 24))
  return part.length
}

/** 65,536 syllables of the file, as frequent as they are there. */
function drawSyllables(file, random) {
  const source = readFileSync(file)
  const drawn = []
  while (drawn.length < 65_536) {
    let at = random() % source.length
    while (at + 2 < source.length && !isSyllable(source, at)) at++
    if (at + 2 < source.length) drawn.push(source[at], source[at + 1], source[at + 2])
    else if (!source.some((_, i) => i + 2 < source.length && isSyllable(source, i)))
      throw new Error(`${file} holds no Hangul syllable`)
  }
  return Uint8Array.from(drawn)
}

function change(part, syllables, random) {
  const drawn = syllables.length / 3
  for (let at = 0; at + 2 < part.length; at++) {
    if (part[at] < 0xea || part[at] > 0xed || !isSyllable(part, at)) continue
    if (random() % CHANGE_ONE_IN === 0) {
      const from = (random() % drawn) * 3
      part[at] = syllables[from]
      part[at + 1] = syllables[from + 1]
      part[at + 2] = syllables[from + 2]
    }
    at += 2
  }
}

/** U+AC00 to U+D7A3 is EA B0 80 to ED 9E A3. */
function isSyllable(bytes, at) {
  const value = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
  return value >= 0xeab080 && value <= 0xed9ea3 && (bytes[at + 1] & 0xc0) === 0x80 && (bytes[at + 2] & 0xc0) === 0x80
}

function xorshift(seed) {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
