import type { DonorPiece } from '../../donors/types'
import type { LearnedMerges } from '../types'

/**
 * What became of a donor's piece.
 *
 * - `added`: a new id
 * - `already`: a piece of the base
 * - `same`: another spelling of a piece that an earlier line or donor brought
 * - `special`, `byte`: stands for no text, or for one byte; a base has its own
 * - `out-of-scope`, `too-long`, `not-composed`: outside the limits of the extension
 * - `collides`: an added token of the base spells it, or it is the composed form of one of its pieces
 * - `unreachable`: no text could give it, or only with intermediate pieces that were not wanted
 * - `unseen`: the corpus never gave it, and unseen pieces were to be dropped
 * - `over-budget`: there was no room left
 */
export const FATES = [
  'added',
  'already',
  'same',
  'special',
  'byte',
  'out-of-scope',
  'too-long',
  'not-composed',
  'collides',
  'unreachable',
  'unseen',
  'over-budget',
] as const
export type Fate = (typeof FATES)[number]

export interface PieceFate extends Pick<DonorPiece, 'spelled' | 'score' | 'restored'> {
  /** Index of the donor. */
  donor: number
  /** In the base's spelling; null where that cannot spell it. */
  piece: string | null
  fate: Fate
  /** For people: which id, which character, which pieces are missing. */
  why: string | null
  /** Its place among the new pieces. */
  rank: number | null
  /** Pieces of no donor without which it could not be reached. */
  needs: string[]
}

/** A new piece of no donor. */
export interface Intermediate {
  piece: string
  rank: number
  /** How many donor pieces are made with it. */
  neededBy: number
  /** The first of them. */
  example: string
}

export interface DonorMerges {
  learned: LearnedMerges
  /** One for each piece of each donor, in their order. */
  fates: PieceFate[]
  intermediates: Intermediate[]
}
