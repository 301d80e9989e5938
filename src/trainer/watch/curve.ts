/** Curves of runs of any length in memory that stays the same. */

/** Where a point lies on each of the level axes that a reader can choose. */
export interface Place {
  step: number
  tokens: number
  flops: number
  /** Of running. */
  seconds: number
}

export type XAxis = 'tokens' | 'steps' | 'flops' | 'time'

export function along(place: Place, axis: XAxis): number {
  if (axis === 'steps') return place.step
  if (axis === 'time') return place.seconds
  return axis === 'tokens' ? place.tokens : place.flops
}

/** What several points in a row were. */
export interface Range {
  min: number
  max: number
  sum: number
  count: number
  last: number
}

/** As many points as its curve's `width`, but for the last one, which fills. */
export interface Bucket {
  /** Of its last point. */
  place: Place
  points: number
  /** By name of the value; a name without a finite value in the bucket is missing. */
  values: Map<string, Range>
}

export interface Curve {
  buckets: Bucket[]
  width: number
  /** There are never more buckets. Even. */
  most: number
}

export function createCurve(most = 300): Curve {
  return { buckets: [], width: 1, most }
}

/**
 * Adds a point in order. When the buckets are full, neighbours are joined and buckets become twice as wide, so the least
 * and the greatest of all values stay to be seen.
 */
export function addPoint(curve: Curve, place: Place, values: Iterable<readonly [name: string, value: number]>): void {
  let bucket = curve.buckets.at(-1)
  if (!bucket || bucket.points >= curve.width) {
    if (curve.buckets.length >= curve.most) halve(curve)
    bucket = curve.buckets.at(-1)!
    if (!bucket || bucket.points >= curve.width) {
      bucket = { place, points: 0, values: new Map() }
      curve.buckets.push(bucket)
    }
  }
  bucket.place = place
  bucket.points++
  for (const [name, value] of values) {
    if (!Number.isFinite(value)) continue
    const range = bucket.values.get(name)
    if (range) join(range, { min: value, max: value, sum: value, count: 1, last: value })
    else bucket.values.set(name, { min: value, max: value, sum: value, count: 1, last: value })
  }
}

function halve(curve: Curve): void {
  const { buckets } = curve
  for (let i = 0; 2 * i < buckets.length; i++) {
    const first = buckets[2 * i]
    const second = buckets[2 * i + 1]
    if (second) {
      first.place = second.place
      first.points += second.points
      for (const [name, range] of second.values) {
        const own = first.values.get(name)
        if (own) join(own, range)
        else first.values.set(name, range)
      }
    }
    buckets[i] = first
  }
  buckets.length = Math.ceil(buckets.length / 2)
  curve.width *= 2
}

function join(range: Range, next: Range): void {
  range.min = Math.min(range.min, next.min)
  range.max = Math.max(range.max, next.max)
  range.sum += next.sum
  range.count += next.count
  range.last = next.last
}
