import type { CommandModule } from '../context'
import * as extend from './extend'

/** In the order of the help. */
export const commands: readonly CommandModule[] = [extend]
