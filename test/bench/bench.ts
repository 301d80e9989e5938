/** The parts of `bench/` that are tested. They are JavaScript, since Node runs them as they are; here are their types. */
interface Spread {
  median: number
  min: number
  max: number
  n: number
}
type Rounds = (number | null | undefined)[]

interface Contender {
  name: string
  command: string
  args: string[]
}

interface Pair<Run> {
  group: string
  ours: Contender
  peer: Contender | null
  bytes: number
  seconds: (run: Run) => number[]
  match: () => { equal: boolean | null; text: string }
}

interface Row {
  name: string
  passes: { ours: Spread | null; peer: Spread | null; times: Spread | null }[]
  match: { equal: boolean | null; text: string }
  failed?: string
}

const load = <T>(name: string): Promise<T> =>
  import(new URL(`../../bench/support/${name}.mjs`, import.meta.url).href) as Promise<T>

export const { spreadOf, pairedSpread, showSpread } = await load<{
  spreadOf: (values: Rounds) => Spread | null
  pairedSpread: (ours: Rounds, theirs: Rounds) => Spread | null
  showSpread: (spread: Spread | null, digits?: number) => string
}>('statistics')

export const { comparePair } = await load<{
  comparePair: <Run>(pair: Pair<Run>, rounds: number, measure: (contender: Contender) => Promise<Run>) => Promise<Row>
}>('pairs')

export const { record, idsRecord, readRecords, idsOf, differingRecords } = await load<{
  record: (bytes: Uint8Array) => Buffer
  idsRecord: (ids: ArrayLike<number>) => Buffer
  readRecords: (path: string) => Buffer[]
  idsOf: (bytes: Uint8Array) => Int32Array
  differingRecords: (one: string, other: string) => number[]
}>('records')
