/**
 * Colours of plots: each keeps 4.5:1 as text and 3:1 as a mark on its own ground, light and dark (WCAG 2.2 AA). Plain
 * rules without variables, as not every program that draws SVG knows those.
 */
const LIGHT = ['#0b5cad', '#b3470f', '#00704f', '#7b3fa0', '#7a5600', '#b0205e', '#3c4650', '#00667a']
const DARK = ['#7ab8ff', '#ffab7a', '#5fd3a8', '#d0a6f5', '#e6c35c', '#ff9cc3', '#c3cad2', '#5ccfe6']

const colours = (palette: readonly string[]) =>
  palette.map((colour, i) => `.kv-c${i}{stroke:${colour}}.kv-f${i}{fill:${colour}}`).join('')

export const PLOT_STYLE = `.kv-plot{font-family:system-ui,-apple-system,"Segoe UI","Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR","Noto Sans CJK KR","Nanum Gothic",sans-serif}
.kv-ground{fill:#fff;stroke:#d4d9df}.kv-plot text{fill:#16191d;stroke:#fff;stroke-width:3px;stroke-linejoin:round;paint-order:stroke}.kv-plot .kv-soft{fill:#4d5560}.kv-title{font-weight:600}
.kv-grid{stroke:#e3e7ec;fill:none}.kv-axis{stroke:#4d5560;fill:none}.kv-reference{stroke:#16191d;stroke-dasharray:2 4;fill:none}
.kv-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.kv-thread{fill:none;stroke-width:1;opacity:.7}.kv-shape{stroke:#fff;stroke-width:.75}
.kv-d1{stroke-dasharray:8 4}.kv-d2{stroke-dasharray:2 4}.kv-d3{stroke-dasharray:10 3 2 3}
${colours(LIGHT)}
@media (prefers-color-scheme:dark){.kv-ground{fill:#161a1f;stroke:#3a424b}.kv-plot text{fill:#e9ecef;stroke:#161a1f}.kv-plot .kv-soft{fill:#adb6c0}
.kv-grid{stroke:#2b3138}.kv-axis{stroke:#adb6c0}.kv-reference{stroke:#e9ecef}.kv-shape{stroke:#161a1f}
${colours(DARK)}}`

/** Around 0, 0, about 9 across. */
export const PLOT_SHAPES = [
  'M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z',
  'M-3.8,-3.8h7.6v7.6h-7.6z',
  'M0,-4.8L4.6,3.8H-4.6z',
  'M0,-5.2L4.9,0L0,5.2L-4.9,0z',
  'M-4.6,-3.8H4.6L0,4.8z',
  'M-1.5,-4.6h3v3.1h3.1v3h-3.1v3.1h-3v-3.1h-3.1v-3h3.1z',
  'M-4.6,-1.6h9.2v3.2h-9.2z',
  'M0,-5.2L1.4,-1.5L5.2,-1.4L2.2,1L3.2,4.6L0,2.5L-3.2,4.6L-2.2,1L-5.2,-1.4L-1.4,-1.5z',
]
