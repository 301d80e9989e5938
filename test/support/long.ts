/** `npm run test:long`, or KO_VOCAB_LONG=1: properties run ten thousand cases, fewer where one takes long. */
export const long: boolean = process.env.KO_VOCAB_LONG === '1'

/** How many runs a property makes: `quick` normally, `thorough` in the long mode. */
export function runs(quick: number, thorough = 10_000): number {
  return long ? thorough : quick
}
