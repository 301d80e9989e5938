/** The loss as a line that grows. */
const SPACE = 'http://www.w3.org/2000/svg'
const [LEFT, RIGHT, TOP, BOTTOM] = [34, 312, 12, 146]

/**
 * @param {HTMLElement} box that says in words what is drawn
 * @param {readonly number[]} losses by step
 * @param {number} steps of the whole run
 */
export function drawCurve(box, losses, steps) {
  const most = Math.max(...losses)
  const least = Math.min(...losses)
  const top = Math.ceil(most)
  const bottom = Math.min(Math.floor(least), top - 1)
  const x = (step) => LEFT + ((RIGHT - LEFT) * (step - 1)) / Math.max(1, steps - 1)
  const y = (loss) => BOTTOM - ((BOTTOM - TOP) * (loss - bottom)) / (top - bottom)
  const make = (name, attributes, text) => {
    const element = document.createElementNS(SPACE, name)
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
    if (text !== undefined) element.textContent = text
    return element
  }
  const label = (text, x, y, anchor) => make('text', { x, y, 'text-anchor': anchor }, text)
  const svg = make('svg', { viewBox: '0 0 320 170', 'aria-hidden': true })
  svg.append(
    make('path', { class: 'axis', fill: 'none', d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }),
    label(String(top), LEFT - 6, TOP + 4, 'end'),
    label(String(bottom), LEFT - 6, BOTTOM + 4, 'end'),
    label('1', LEFT, BOTTOM + 16, 'middle'),
    label(String(steps), RIGHT, BOTTOM + 16, 'end'),
    make('polyline', {
      class: 'curve',
      points: losses.map((loss, i) => `${x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`).join(' '),
    }),
  )
  box.replaceChildren(svg)
}
