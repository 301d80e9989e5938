/** ㅋㅋㅋㅋㅋㅋㅋ: one character again and again. */
import { eachText, optionsOf, stepKind, whole } from '../kind'

export const runs = stepKind({
  name: 'runs',
  about: 'ㅋㅋㅋㅋㅋㅋ, ㅎㅎㅎㅎㅎ, ㅠㅠㅠㅠㅠ, !!!!!!! cut to a few',
  options: optionsOf({
    /** Of one jamo (ㅋ ㅎ ㅠ …) so many stay, and so many of a pair that repeats (ㅋㅎㅋㅎㅋㅎ); 0 leaves all. */
    jamo: whole(0, 1000).default(3),
    /** Of one syllable (아아아아아, 하하하하하); 0 leaves all. */
    syllables: whole(0, 1000).default(0),
    /** Of ! ? ~ . … ^ ; and their wide forms; 0 leaves all. Three points are an ellipsis. */
    marks: whole(0, 1000).default(3),
  }),
  start: (options) => {
    const limits = [
      limit('[\\u3131-\\u3163]', options.jamo, true),
      limit('[\\uac00-\\ud7a3]', options.syllables, false),
      limit('[!?~.…^;！？～。]', options.marks, false),
    ].filter((one) => one !== null)
    return eachText((text) => limits.reduce((cut, one) => one(cut), text))
  },
})

/**
 * Repeat normalization as soynlp's `repeat_normalize`, with which KcBERT's text was cleaned (two of each there).
 * Idempotent.
 */
function limit(set: string, most: number, pairs: boolean): ((text: string) => string) | null {
  if (most === 0) return null
  const singles = new RegExp(`(${set})\\1{${most},}`, 'g')
  const doubles = new RegExp(`(${set}{2})\\1{${most},}`, 'g')
  return (text) => {
    const cut = text.replace(singles, (_, char: string) => char.repeat(most))
    return pairs ? cut.replace(doubles, (_, pair: string) => pair.repeat(most)) : cut
  }
}
