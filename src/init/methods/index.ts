/** How a new row is made of base rows. */
import { align } from './align'
import { first } from './first'
import { firstLast } from './first-last'
import { focus } from './focus'
import { jamo } from './jamo'
import { last } from './last'
import { mean } from './mean'
import { meanResizing } from './mean-resizing'
import { omp } from './omp'
import { randn } from './randn'
import type { InitMethodFunction } from './types'
import { weighted } from './weighted'
import { weightedFrequency } from './weighted-frequency'
import { zero } from './zero'

export const initMethods = {
  mean,
  first,
  last,
  first_last: firstLast,
  weighted,
  weighted_frequency: weightedFrequency,
  align,
  jamo,
  focus,
  omp,
  mean_resizing: meanResizing,
  zero,
  randn,
} as const satisfies Record<string, InitMethodFunction>

export type InitMethod = keyof typeof initMethods

/** What a method wants counted in a corpus: the base's tokens under each piece, or what stands around it as well. */
export type CorpusNeed = 'none' | 'alignment' | 'contexts'

const needs: Partial<Record<InitMethod, CorpusNeed>> = {
  weighted_frequency: 'alignment',
  align: 'alignment',
  focus: 'contexts',
  omp: 'contexts',
}

/** The most that any of the methods wants. */
export function corpusNeed(methods: readonly InitMethod[]): CorpusNeed {
  const wanted = methods.map((method) => needs[method] ?? 'none')
  return wanted.includes('contexts') ? 'contexts' : wanted.includes('alignment') ? 'alignment' : 'none'
}
