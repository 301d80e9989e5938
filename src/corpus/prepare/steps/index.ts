import type { StepKind } from '../types'
import { boilerplate } from './boilerplate'
import { characters } from './characters'
import { decontaminate } from './decontaminate'
import { exact } from './exact'
import { hangul } from './hangul'
import { html } from './html'
import { jamo } from './jamo'
import { length } from './length'
import { mix } from './mix'
import { near } from './near'
import { nfc } from './nfc'
import { personal } from './personal'
import { repeatedLines } from './repeated-lines'
import { repetition } from './repetition'
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
  personal,
  repeatedLines,
  boilerplate,
  length,
  hangul,
  repetition,
  exact,
  near,
  decontaminate,
  mix,
] as unknown as readonly StepKind[]
