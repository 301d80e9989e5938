/** Words of a text with how often they occur, as `trainMerges` takes them: the space before a word is part of it. */

/** A run of Hangul, as the pre-tokenizer of the model's vocabulary keeps it together. */
export const KOREAN_WORD = / ?[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]+/g

export const ENGLISH_WORD = / ?[A-Za-z]+/g

/**
 * @param {string} text
 * @param {RegExp} word
 * @returns {import('ko-vocab').WordCounts} by count falling, then by bytes
 */
export function countWords(text, word) {
  const counts = new Map()
  for (const [found] of text.normalize('NFC').matchAll(word)) counts.set(found, (counts.get(found) ?? 0) + 1)
  const encoder = new TextEncoder()
  const words = [...counts].map(([found, count]) => ({ bytes: encoder.encode(found), count }))
  words.sort((a, b) => b.count - a.count || compareBytes(a.bytes, b.bytes))
  const offsets = new Uint32Array(words.length + 1)
  for (const [i, { bytes }] of words.entries()) offsets[i + 1] = offsets[i] + bytes.length
  const bytes = new Uint8Array(offsets[words.length])
  for (const [i, one] of words.entries()) bytes.set(one.bytes, offsets[i])
  return { bytes, offsets, counts: Float64Array.from(words, ({ count }) => count), meta: {} }
}

function compareBytes(a, b) {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1)
}
