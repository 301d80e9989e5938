/** Where josa and eomi begin, as a morphological analyser sees it. */

export interface MorphemeAnalyser {
  /** With its version. */
  name: string
  /** UTF-16 places of a line at which a josa or an eomi begins behind another morpheme. */
  boundaries: (line: string) => number[]
}

/** A morpheme of an analysis, in UTF-16 units. */
export interface Morpheme {
  tag: string
  position: number
  length: number
}

/**
 * Places at which a particle (Sejong tags `J…`) or an ending (`E…`) begins. One that shares a syllable with the morpheme
 * before it, as in 갔 (가 + 았), has no place of its own and is left out.
 */
export function josaEomiBoundaries(morphemes: readonly Morpheme[]): number[] {
  const places: number[] = []
  let end = 0
  for (const { tag, position, length } of morphemes) {
    if (/^[JE]/.test(tag) && position > 0 && position >= end && length > 0) places.push(position)
    end = Math.max(end, position + length)
  }
  return places
}
