import type { CommandModule } from '../context'
import * as apply from './apply'
import * as audit from './audit'
import * as bench from './bench'
import * as compareInit from './compare-init'
import * as count from './count'
import * as decode from './decode'
import * as demo from './demo'
import * as diff from './diff'
import * as encode from './encode'
import * as evaluate from './evaluate'
import * as extend from './extend'
import * as handoff from './handoff'
import * as initMap from './init-map'
import * as inspect from './inspect'
import * as merge from './merge'
import * as mergeCounts from './merge-counts'
import * as merges from './merges'
import * as plan from './plan'
import * as prepare from './prepare'
import * as pretrain from './pretrain'
import * as prune from './prune'

/** In the order of the help. */
export const commands: readonly CommandModule[] = [
  extend,
  merge,
  prune,
  plan,
  prepare,
  count,
  mergeCounts,
  merges,
  audit,
  initMap,
  compareInit,
  apply,
  pretrain,
  evaluate,
  handoff,
  encode,
  decode,
  inspect,
  diff,
  bench,
  demo,
]
