/** Text of kernels whose loops are written out. */

/** 0 … count - 1. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
