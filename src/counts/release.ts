/** Giving large arrays back at once. */

/**
 * Frees the memory of arrays that nobody will look at again; they are empty afterwards. The collector would free them
 * too, but when it sees fit, and until then they count against the budget of whatever comes next.
 *
 * A transfer is the one way of JavaScript to take a buffer from an array; the message that holds it is never received.
 */
export function release(arrays: readonly ArrayBufferView[]): void {
  const buffers = [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))].filter(
    ({ byteLength }) => byteLength > 0,
  )
  if (buffers.length === 0) return
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(null, buffers)
  port1.close()
  port2.close()
}
