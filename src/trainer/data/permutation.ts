/** A shuffle that needs no list: where a place goes is computed from the place alone. */
import { philox } from '../../init/philox'

/** Luby and Rackoff need four rounds; small domains like more (V. T. Hoang and P. Rogaway, CRYPTO 2010). */
const ROUNDS = 8

/** Philox keys of the init methods end in 0 or 1, so that data shares no random numbers with them. */
const PURPOSE = 2

export interface ShufflePlace {
  /** A whole number from 0 to 2^32 - 1. */
  seed: number
  /** Which source: each one is shuffled by itself. */
  source: number
  /** How often all of it was read before. */
  epoch: number
}

/**
 * Where `index` goes in a permutation of 0 to `count` - 1 that `place` selects: a generalized Feistel network over
 * Z_a × Z_b with a·b just above `count`, walked on until it lands below `count` (J. Black and P. Rogaway, "Ciphers with
 * Arbitrary Finite Domains", CT-RSA 2002). Every round is invertible and so is walking the cycle, hence a bijection. A
 * list of a shuffled epoch would take memory and time at every start; this takes neither, and a run that goes on needs
 * no more than the place where it stopped.
 *
 * @param count up to 2^52
 */
export function permute(index: number, count: number, place: ShufflePlace): number {
  const a = Math.ceil(Math.sqrt(count))
  const b = Math.ceil(count / a)
  let at = index
  do at = network(at, a, b, place)
  while (at >= count)
  return at
}

function network(index: number, a: number, b: number, { seed, source, epoch }: ShufflePlace): number {
  let left = Math.floor(index / b)
  let right = index % b
  let modulus = a
  for (let round = 0; round < ROUNDS; round++) {
    const words = philox([right, round, epoch, source], [seed | 0, PURPOSE])
    // 52 random bits, so that no remainder is noticeably more likely.
    const moved = (left + Math.floor(((words[0] * 2 ** 20 + (words[1] >>> 12)) / 2 ** 52) * modulus)) % modulus
    left = right
    right = moved
    modulus = modulus === a ? b : a
  }
  // After an even number of rounds the halves have their own sizes again.
  return left * b + right
}
