import type { CommandModule } from '../context'
import * as apply from './apply'
import * as audit from './audit'
import * as compareInit from './compare-init'
import * as count from './count'
import * as decode from './decode'
import * as demo from './demo'
import * as encode from './encode'
import * as extend from './extend'
import * as initMap from './init-map'
import * as inspect from './inspect'
import * as merges from './merges'

/** In the order of the help. */
export const commands: readonly CommandModule[] = [
  extend,
  count,
  merges,
  audit,
  initMap,
  compareInit,
  encode,
  decode,
  apply,
  inspect,
  demo,
]
