/** Characters that nobody sees: controls, zero-width characters, exotic spaces and line ends. */
import { toWellFormed } from '../../../text/utf8'
import { eachText, oneOf, optionsOf, stepKind } from '../kind'

/** C0 without tab and newline, DEL, C1 without NEL. */
const CONTROLS = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/g
/** What ends a line somewhere: CR LF, CR, NEL, VT, FF, line and paragraph separator. */
const LINE_ENDS = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g
/** Spaces that are not U+0020: no-break, en quad to hair space, narrow no-break, mathematical, ideographic. */
const SPACES = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g
/**
 * Soft hyphen, zero-width space, marks and overrides of direction, word joiner and invisible operators, byte order mark,
 * interlinear annotation; the Hangul fillers that stand alone, with which messages are made blank. The two conjoining
 * fillers (U+115F, U+1160) belong to old Korean spelled in jamo and stay.
 */
const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u3164\uffa0]/g
/** Joiners shape emoji and the scripts of India and Arabia, and mean nothing beside other characters. */
const JOINERS = /[\u200c\u200d]/g
const JOINABLE =
  /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Mongolian}]$/u

/** One test for all, which most texts pass: what any of the expressions above matches, U+FFFD, and lone surrogates. */
const ANY =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff9-\ufffb\ufffd\ud800-\udfff]/

export const characters = stepKind({
  name: 'characters',
  about: 'control and zero-width characters out, exotic spaces and line ends made plain',
  options: optionsOf({
    /** U+FFFD, which stands where bytes were broken: keep it, or take it out. */
    replacement: oneOf(['keep', 'remove']).default('keep'),
  }),
  start: ({ replacement }) => eachText((text) => cleanCharacters(text, replacement === 'remove')),
})

/** Idempotent. Characters for private use stay: old Hangul was spelled in them (Hanyang PUA). */
export function cleanCharacters(text: string, dropReplacement = false): string {
  if (!ANY.test(text)) return text
  const clean = toWellFormed(text)
    .replace(LINE_ENDS, '\n')
    .replace(CONTROLS, '')
    .replace(SPACES, ' ')
    .replace(INVISIBLE, '')
    .replace(JOINERS, (joiner, at: number, whole: string) =>
      JOINABLE.test(whole.slice(Math.max(0, at - 2), at)) ? joiner : '',
    )
  return dropReplacement ? clean.replaceAll('\ufffd', '') : clean
}
