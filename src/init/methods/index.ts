/** How a new row is made of base rows. */
import { first } from './first'
import { last } from './last'
import { mean } from './mean'
import { weighted } from './weighted'

export const initMethods = { mean, first, last, weighted } as const

export type InitMethod = keyof typeof initMethods
