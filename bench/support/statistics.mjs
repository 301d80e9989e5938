/** Medians and spreads of rounds, and the ratio of two contenders round by round. */

/** @returns {number | null} null without numbers; missing ones are left out */
export function median(values) {
  return spreadOf(values)?.median ?? null
}

/**
 * Median, least and greatest. With two rounds or with ten, the least and the greatest are real rounds: nothing is
 * estimated.
 *
 * @param {(number | null | undefined)[]} values missing ones are left out
 * @returns {{median: number, min: number, max: number, n: number} | null}
 */
export function spreadOf(values) {
  const sorted = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = sorted.length >> 1
  return {
    median: sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    min: sorted[0],
    max: sorted.at(-1),
    n: sorted.length,
  }
}

/**
 * How many times `ours` is `theirs`, by round: what slows a whole round down leaves its ratio as it is, which a ratio of
 * two medians does not.
 *
 * @param {(number | null | undefined)[]} ours by round
 * @param {(number | null | undefined)[]} theirs by round; a round that lacks one of the two is left out
 */
export function pairedSpread(ours, theirs) {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} rounds of ours, ${theirs.length} of theirs`)
  return spreadOf(ours.map((value, round) => (value && theirs[round] ? value / theirs[round] : null)))
}

/** `27.9 (27.1–28.3)`: the median, and between which values the rounds lie; one round has no spread. */
export function showSpread(spread, digits = 1) {
  if (!spread) return '–'
  const { median: middle, min, max, n } = spread
  const range = n > 1 ? ` (${min.toFixed(digits)}–${max.toFixed(digits)})` : ''
  return `${middle.toFixed(digits)}${range}`
}
