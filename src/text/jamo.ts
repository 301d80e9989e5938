/**
 * Jamo as people type them (compatibility jamo, U+3131 to U+3163) and the syllables that they spell.
 *
 * The road of a Korean keyboard: a consonant begins a syllable, a vowel follows, a consonant closes it unless a vowel
 * comes next, in which case it begins the next one; two vowels or two consonants may join (ㅗㅏ ㅘ, ㄹㄱ ㄺ).
 */

const FIRST_COMPATIBILITY = 0x3131
const FIRST_VOWEL = 0x314f
const SYLLABLES = 0xac00

const INITIALS = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'
const FINALS = 'ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ'
/** Pairs of keys and what they join to. */
const VOWEL_PAIRS: Readonly<Record<string, string>> = {
  ...{ ㅗㅏ: 'ㅘ', ㅗㅐ: 'ㅙ', ㅗㅣ: 'ㅚ', ㅜㅓ: 'ㅝ', ㅜㅔ: 'ㅞ', ㅜㅣ: 'ㅟ', ㅡㅣ: 'ㅢ' },
}
const FINAL_PAIRS: Readonly<Record<string, string>> = {
  ...{ ㄱㅅ: 'ㄳ', ㄴㅈ: 'ㄵ', ㄴㅎ: 'ㄶ', ㄹㄱ: 'ㄺ', ㄹㅁ: 'ㄻ', ㄹㅂ: 'ㄼ', ㄹㅅ: 'ㄽ', ㄹㅌ: 'ㄾ', ㄹㅍ: 'ㄿ' },
  ...{ ㄹㅎ: 'ㅀ', ㅂㅅ: 'ㅄ' },
}

const isVowel = (char: string | undefined): boolean => char !== undefined && char >= 'ㅏ' && char <= 'ㅣ'
const isConsonant = (char: string | undefined): boolean => char !== undefined && char >= 'ㄱ' && char < 'ㅏ'

/**
 * The syllables that a run of compatibility jamo spells, or null when it does not spell whole syllables from its first
 * to its last character (ㅋㅋㅋ, ㅠㅠ, ㅇㅋ).
 */
export function composeJamo(run: string): string | null {
  let text = ''
  for (let at = 0; at < run.length; ) {
    const initial = INITIALS.indexOf(run[at])
    if (initial < 0 || !isVowel(run[at + 1])) return null
    let vowel = run[at + 1]
    at += 2
    const joined = VOWEL_PAIRS[vowel + run[at]]
    if (joined !== undefined) {
      vowel = joined
      at++
    }
    let final = 0
    if (isConsonant(run[at]) && !isVowel(run[at + 1])) {
      const pair = isVowel(run[at + 2]) ? undefined : FINAL_PAIRS[run[at] + run[at + 1]]
      final = FINALS.indexOf(pair ?? run[at]) + 1
      if (final === 0) return null
      at += pair === undefined ? 1 : 2
    }
    text += String.fromCharCode(SYLLABLES + (initial * 21 + vowel.charCodeAt(0) - FIRST_VOWEL) * 28 + final)
  }
  return text
}

/** Half-width jamo (U+FFA1 to U+FFDC) as compatibility jamo; other characters as they are. */
export function widenJamo(text: string): string {
  return text.replace(/[\uffa1-\uffbe\uffc2-\uffc7\uffca-\uffcf\uffd2-\uffd7\uffda-\uffdc]/g, (char) => {
    const unit = char.charCodeAt(0)
    if (unit <= 0xffbe) return String.fromCharCode(FIRST_COMPATIBILITY + unit - 0xffa1)
    const row = (unit - 0xffc2) >> 3
    return String.fromCharCode(FIRST_VOWEL + row * 6 + ((unit - 0xffc2) & 7))
  })
}

/** Modern conjoining jamo, by code point, as compatibility jamo: what is left when nothing is there to conjoin with. */
const CONJOINING: ReadonlyMap<string, string> = new Map([
  ...[...INITIALS].map((char, i) => [String.fromCharCode(0x1100 + i), char] as const),
  ...Array.from(
    { length: 21 },
    (_, i) => [String.fromCharCode(0x1161 + i), String.fromCharCode(FIRST_VOWEL + i)] as const,
  ),
  ...[...FINALS].map((char, i) => [String.fromCharCode(0x11a8 + i), char] as const),
])

/** The compatibility jamo of a modern conjoining one; undefined for all else. */
export function compatibilityJamo(conjoining: string): string | undefined {
  return CONJOINING.get(conjoining)
}
