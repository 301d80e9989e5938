/** Syllables that fell apart into jamo. */
import { compatibilityJamo, composeJamo, widenJamo } from '../../../text/jamo'
import { eachText, optionsOf, stepKind, whole } from '../kind'

export const jamo = stepKind({
  name: 'jamo',
  about: 'jamo that spell syllables become syllables (ㅎㅏㄴㄱㅡㄹ, ᄒᆞᆫ left as it is), lone ᄏ becomes ㅋ',
  options: optionsOf({
    /** A run of jamo is put together when it spells so many syllables, and not all of them the same. */
    syllables: whole(1, 100).default(2),
  }),
  start: ({ syllables }) => eachText((text) => repairJamo(text, syllables)),
})

const ANY = /[\u1100-\u11ff\uffa1-\uffdc]|[\u3131-\u314e][\u314f-\u3163]/
const RUN = /[\u3131-\u3163]{2,}/g
/** Laughing and crying spell syllables, too: 큐, 크. */
const EMOTIONS = /^[ㅋㅎㅠㅜㅡ]+$/

/**
 * Half-width jamo become compatibility jamo; conjoining jamo are composed (NFC), and modern ones that stand alone become
 * compatibility jamo (ᄏᄏᄏ → ㅋㅋㅋ); then runs of compatibility jamo that spell whole syllables from end to end become
 * those. What people write as jamo stays: ㅋㅋㅋ, ㅠㅠ, ㅇㅋ, ㅋㅠㅋㅠ, ㄱㅏ alone (with `syllables` 2). Old Korean stays,
 * since its jamo conjoin with letters that have no place among the syllables. Idempotent.
 */
export function repairJamo(text: string, syllables = 2): string {
  if (!ANY.test(text)) return text
  const plain = text
    .replace(/[\uffa1-\uffdc]+/g, widenJamo)
    .replace(/[\uac00-\ud7a3]?[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+/g, composeConjoining)
  return plain.replace(RUN, (run) => {
    if (EMOTIONS.test(run)) return run
    const composed = composeJamo(run)
    if (composed === null || composed.length < syllables) return run
    return composed.length > 1 && isOneRepeated(composed) ? run : composed
  })
}

const isOneRepeated = (text: string): boolean => text === text[0].repeat(text.length)

/** A run of conjoining jamo, a syllable before it included: what remains a cluster after NFC stays as it is. */
function composeConjoining(run: string): string {
  const composed = run.normalize('NFC')
  return composed.replace(/[\uac00-\ud7a3]?[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+/g, (cluster) => {
    // Consonants alone, or vowels alone, conjoin with nothing, nor with a syllable before them: 잼ᄏᄏ, 없다ᅲᅲ.
    const isLoose = /^[\uac00-\ud7a3]?(?:[\u1100-\u1112]+|[\u1161-\u1175]+|[\u11a8-\u11c2]+)$/.test(cluster)
    return isLoose ? Array.from(cluster, (char) => compatibilityJamo(char) ?? char).join('') : cluster
  })
}
