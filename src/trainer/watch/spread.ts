/** Labels on one line that may not touch. */

/**
 * Moves places apart until each two are at least `gap` from one another, and no further than needed: groups that touch
 * move as one, around the middle of what they wanted (isotonic regression by pooling neighbours).
 *
 * @param wanted any order
 * @param low the smallest place that is allowed; `high` the largest. Where there is no room for all, they pass `high`.
 * @returns in the order of `wanted`
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b)
  const groups: { sum: number; count: number; start: number }[] = []
  const startOf = (sum: number, count: number) => {
    const size = (count - 1) * gap
    return Math.max(low, Math.min(high - size, sum / count - size / 2))
  }
  for (const index of order) {
    let group = { sum: wanted[index], count: 1, start: startOf(wanted[index], 1) }
    for (let last = groups.at(-1); last && last.start + last.count * gap > group.start; last = groups.at(-1)) {
      groups.pop()
      const [sum, count] = [last.sum + group.sum, last.count + group.count]
      group = { sum, count, start: startOf(sum, count) }
    }
    groups.push(group)
  }
  const places = groups.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i * gap))
  const result: number[] = new Array(wanted.length)
  for (const [rank, index] of order.entries()) result[index] = places[rank]
  return result
}
