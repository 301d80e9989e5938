/** Axes of curves: they lie close around their values, since what matters in a loss of 2.31 is not its distance from 0. */

export interface Axis {
  /** From a value to 0..1 along the axis. */
  at: (value: number) => number
  ticks: { value: number; label: string }[]
  min: number
  max: number
  scale: 'linear' | 'log'
}

export interface AxisOptions {
  /** Finite; above 0 on logarithmic axes. One value is enough. */
  min: number
  max: number
  scale?: 'linear' | 'log'
  /** About how many ticks. Default 5. */
  count?: number
  /** Ends at the values themselves instead of at round numbers: for axes of steps and tokens. */
  tight?: boolean
}

export function createAxis({ min, max, scale = 'linear', count = 5, tight = false }: AxisOptions): Axis {
  return scale === 'log' ? logAxis(min, max, count, tight) : linearAxis(min, max, count, tight)
}

function linearAxis(low: number, high: number, count: number, tight: boolean): Axis {
  // A flat line gets some room around it; below 1e-12 of its size differences are rounding.
  const flat = high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high))
  const room = flat ? Math.abs(low) / 10 || 1 : 0
  const [from, to] = flat && !tight ? [low - room, high + room] : [low, flat ? low + 2 * room : high]
  const step = roundStep((to - from) / count)
  const first = (tight ? Math.ceil(from / step - 1e-9) : Math.floor(from / step + 1e-9)) * step
  const last = (tight ? Math.floor(to / step + 1e-9) : Math.ceil(to / step - 1e-9)) * step
  const [min, max] = tight ? [from, to] : [first, last]
  const values = Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => clean(first + i * step))
  return {
    at: (value) => (value - min) / (max - min),
    ticks: values.map((value) => ({ value, label: numberText(value, step) })),
    min,
    max,
    scale: 'linear',
  }
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= least * (1 - 1e-9))!
}

/** Decades; where they are few, 1-2-5 or every digit between them; where even those are too few, round steps. */
function logAxis(low: number, high: number, count: number, tight: boolean): Axis {
  const wide = Math.log10(high / low)
  const [from, to] = wide < 1e-9 ? [low / 1.5, high * 1.5] : [low, high]
  const all = logTicks(from, to, count)
  const inside = all.filter((value) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9))
  const below = tight ? undefined : all.findLast((value) => value <= from * (1 + 1e-9))
  const above = tight ? undefined : all.find((value) => value >= to * (1 - 1e-9))
  const [min, max] = [Math.min(below ?? from, from), Math.max(above ?? to, to)]
  const values = [...new Set([...(below ? [below] : []), ...inside, ...(above ? [above] : [])])]
  // Close together they need the same digits; over decades each its own.
  const step = max / min < 10 ? Math.min(...values.slice(1).map((value, i) => value - values[i])) : undefined
  const span = Math.log(max / min)
  return {
    at: (value) => Math.log(value / min) / span,
    ticks: values.map((value) => ({ value, label: numberText(value, step) })),
    min,
    max,
    scale: 'log',
  }
}

function logTicks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low))
  const last = Math.ceil(Math.log10(high))
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  for (const digits of [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9]]) {
    const every = digits.length === 1 ? Math.max(1, Math.ceil((last - first) / (count + 1))) : 1
    const used = powers.filter((_, i) => i % every === 0)
    const ticks = used.flatMap((power) => digits.map((digit) => clean(digit * 10 ** power)))
    if (ticks.filter((value) => value >= low && value <= high).length >= (every > 1 ? 3 : 4)) return ticks
  }
  return linearAxis(low, high, count, false)
    .ticks.map(({ value }) => value)
    .filter((value) => value > 0)
}

const SUFFIXES: readonly [from: number, suffix: string][] = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e4, 'k'],
]
/** What a suffix counts: 10,000 is `10k`, yet 9,000 is `9,000`. */
const UNIT: Record<string, number> = { T: 1e12, B: 1e9, M: 1e6, k: 1e3 }

/**
 * `0.95`, `1,000`, `20k`, `1.5B`, `2×10¹⁸`, `3×10⁻⁵`: short enough for an axis.
 *
 * @param step what the number has to be told apart from: 1 beside 1.05 is written `1.00`
 */
export function numberText(value: number, step = Math.abs(value)): string {
  const size = Math.abs(value)
  if (size === 0 || size < step * 1e-9) return '0'
  if (size >= 1e15 || size < 1e-3) return powerText(value)
  const [, suffix] = SUFFIXES.find(([from]) => size >= from) ?? [0, '']
  const unit = UNIT[suffix] ?? 1
  const digits = Math.min(6, Math.max(decimals(step / unit), decimals(clean(size / unit)) > 6 ? 3 : 0))
  const shown = (value / unit).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${shown}${suffix}`
}

const SUPERSCRIPTS: Record<string, string> = Object.fromEntries(
  [...'0123456789-'].map((char, i) => [char, [...'⁰¹²³⁴⁵⁶⁷⁸⁹⁻'][i]]),
)

function powerText(value: number): string {
  const [mantissa, exponent] = value.toExponential(2).split('e')
  const power = `10${[...String(Number(exponent))].map((char) => SUPERSCRIPTS[char]).join('')}`
  return Number(mantissa) === 1 ? power : `${Number(mantissa)}×${power}`
}

/** Digits behind the point that a step needs: 0.25 has two. */
function decimals(step: number): number {
  for (let digits = 0; digits < 9; digits++) {
    const scaled = step * 10 ** digits
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits
  }
  return 9
}

/** Without what binary fractions add: 0.30000000000000004 is 0.3. */
function clean(value: number): number {
  return Number(value.toPrecision(12))
}
