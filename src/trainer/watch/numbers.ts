/** How numbers of a run are written for people. */

/** `1,234`. */
export function plain(value: number): string {
  return value.toLocaleString('en')
}

/** `1.00 %`. */
export function share(value: number): string {
  return `${(100 * value).toFixed(2)} %`
}

/** `+0.31 %`, and no `-0.00 %`. */
export function percentOf(share: number): string {
  const text = (100 * share).toFixed(2)
  if (Number(text) === 0) return '0.00 %'
  return `${share > 0 ? '+' : ''}${text} %`
}

/** `0:42`, `12:05`, `1:02:03`, `3 d 4 h`: rounded up, so that it is 0:00 at the end only. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor(whole / 3600)
  if (days > 0) return `${days} d ${hours % 24} h`
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return hours > 0 ? `${hours}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}
