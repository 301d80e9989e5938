/** How pieces are learned from text. */
import { SCOPES } from '../text/scope'
import { keysOf, type OptionSpec, oneOf, share, whole } from './option-values'

/** Those with superwords are asked for by --superwords. */
const WORD_SCOPES = Object.values(SCOPES).flatMap(({ name, spaces }) => (spaces ? [] : [name]))

export const LEARNING_OPTIONS = {
  'min-frequency': {
    group: 'Learning',
    flags: '--min-frequency <n>',
    description: 'a piece must have been seen that often when it is made',
    schema: whole(1).default(2),
  },
  'max-piece-length': {
    group: 'Learning',
    flags: '--max-piece-length <n>',
    description: 'the longest piece, in characters; a leading space counts',
    schema: whole(1).default(16),
  },
  syllables: {
    group: 'Learning',
    flags: '--syllables <which>',
    description: 'syllables that become pieces whatever they save: seen, all (11,172) or none',
    schema: oneOf(['seen', 'all', 'none']).default('none'),
  },
  scope: {
    group: 'Learning',
    flags: '--scope <name>',
    description: `text that may change: ${WORD_SCOPES.join(', ')} (default: hangul+punctuation for SentencePiece bases, hangul for byte-level ones; from nothing: all)`,
    schema: oneOf(keysOf(SCOPES)).optional(),
  },
  balance: {
    group: 'Learning',
    flags: '--balance <what>',
    description: 'domains: each file, or name=files, weighs the same (default, up to 100); none: as much as it holds',
    schema: oneOf(['domains', 'none']).optional(),
  },
  superwords: {
    group: 'Learning',
    flags: '--superwords <share>',
    description: 'SentencePiece bases: learn this share (0 to 1) within words, then pieces that go on behind a space',
    schema: share.optional(),
  },
  normalize: {
    group: 'Learning',
    flags: '--normalize <how>',
    description: "words are counted as the base's normalizer makes them (keep), composed (nfc), or as they are (none)",
    schema: oneOf(['keep', 'nfc', 'none']).default('keep'),
  },
  threads: {
    group: 'Learning',
    flags: '--threads <n>',
    description: 'threads that count; the result is the same for any number (default: all processors, at most 16)',
    schema: whole(1, 256).optional(),
  },
} as const satisfies Record<string, OptionSpec>
