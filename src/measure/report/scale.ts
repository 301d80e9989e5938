/** Axes: round ticks, and how their numbers are written. */

export interface Scale {
  /** From a value to 0..1 along the axis. */
  at: (value: number) => number
  ticks: number[]
}

/** From 0 to a round number that is not below `max`, with about four steps between. */
export function linearScale(max: number): Scale {
  const top = max > 0 ? max : 1
  const power = 10 ** Math.floor(Math.log10(top / 4))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => top / size <= 5)!
  const count = Math.max(1, Math.ceil(top / step - 1e-9))
  const end = count * step
  return { at: (value) => value / end, ticks: Array.from({ length: count + 1 }, (_, i) => round(i * step)) }
}

/** Powers of ten around the values, which are above 0; at most six are named. */
export function logScale(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(min) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(max) - 1e-9))
  const every = Math.ceil((high - low) / 5)
  const ticks: number[] = []
  for (let power = low; power <= high; power += every) ticks.push(10 ** power)
  return { at: (value) => (Math.log10(value) - low) / (high - low), ticks }
}

/** `0.25`, `1,000`, `10M`, `1B`: short enough for an axis. */
export function tickText(value: number): string {
  if (value >= 1e9) return `${round(value / 1e9)}B`
  if (value >= 1e6) return `${round(value / 1e6)}M`
  if (value >= 1e5) return `${round(value / 1e3)}k`
  return round(value).toLocaleString('en', { maximumFractionDigits: 12 })
}

/** Without what binary fractions add: 0.30000000000000004 is 0.3. */
function round(value: number): number {
  return Number(value.toPrecision(10))
}
