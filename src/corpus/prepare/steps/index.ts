import type { StepKind } from '../types'
import { characters } from './characters'
import { exact } from './exact'
import { hangul } from './hangul'
import { html } from './html'
import { jamo } from './jamo'
import { length } from './length'
import { nfc } from './nfc'
import { repeatedLines } from './repeated-lines'
import { runs } from './runs'
import { whitespace } from './whitespace'

/** Every kind of step, in the order in which they are best done. */
export const stepKinds: readonly StepKind[] = [
  html,
  characters,
  nfc,
  jamo,
  whitespace,
  runs,
  repeatedLines,
  length,
  hangul,
  exact,
] as unknown as readonly StepKind[]
