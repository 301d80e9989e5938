/**
 * The style sheet. Colours are pairs that keep 4.5:1 as text and 3:1 as marks, on light and on dark (WCAG 2.2 AA). Fonts
 * are those of the system that draw Hangul well; nothing is fetched.
 */
export const STYLE = `
:root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--ink:#16191d;--soft:#4d5560;--line:#d4d9df;--grid:#e3e7ec;
--link:#0b57b0;--mark:#8a1f5c;--good:#0b6b3a;--bad:#a3161f;--track:#c3cad2;
--s0:#0b5cad;--s1:#b3470f;--s2:#00704f;--s3:#7b3fa0;--s4:#7a5600;--s5:#b0205e;
--t0:#d9e8fb;--t1:#fde3cf;--t2:#d5f0e0;--t3:#ece0f8;--tb:#e7e9ec;--pick:#fbe6f0}
@media screen and (prefers-color-scheme:dark){:root{--page:#101317;--card:#191d22;--ink:#e9ecef;--soft:#adb6c0;--line:#3a424b;
--grid:#2b3138;--link:#8cc0ff;--mark:#ff9ccb;--good:#6fd6a0;--bad:#ff9b9b;--track:#525c67;
--s0:#7ab8ff;--s1:#ffab7a;--s2:#5fd3a8;--s3:#d0a6f5;--s4:#e6c35c;--s5:#ff9cc3;
--t0:#17375c;--t1:#573017;--t2:#164a34;--t3:#43295c;--tb:#353b43;--pick:#43203a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);line-height:1.55;word-break:keep-all;overflow-wrap:anywhere;
font-family:system-ui,-apple-system,"Segoe UI","Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR","Noto Sans CJK KR","Nanum Gothic",sans-serif}
html:has(#lang-ko:checked) .en,html:has(#lang-en:checked) .ko{display:none}
.sr{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 12px}
header{padding-top:20px}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .4rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.4rem 0 .8rem;padding-top:.6rem;border-top:2px solid var(--line)}
h3{font-size:1rem;margin:0 0 .5rem}
p{margin:.4rem 0}
a{color:var(--link)}
.soft,.notes,footer{color:var(--soft);font-size:.875rem}
.top{display:flex;flex-wrap:wrap;gap:8px 20px;justify-content:space-between;align-items:start}
.language{display:flex;gap:4px;margin:0;padding:3px;border:1px solid var(--line);border-radius:999px;background:var(--card)}
.language legend{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.language label{position:relative;display:block}
.language input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.language span{display:block;padding:5px 14px;border-radius:999px;min-width:44px;text-align:center}
.language input:checked+span{background:var(--ink);color:var(--card);font-weight:600}
.language input:focus-visible+span{outline:3px solid var(--link);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:.8rem 0 0;padding:0}
nav a{display:inline-block;padding:4px 0}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.tiles{display:grid;gap:12px}
.tiles{grid-template-columns:repeat(auto-fill,minmax(min(100%,9.75rem),1fr));list-style:none;margin:0;padding:0}
.charts{columns:2 22rem;column-gap:12px}.charts>figure{break-inside:avoid;margin-bottom:12px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px;margin:0;min-width:0}
.tile b{display:block;font-size:1.7rem;line-height:1.2;font-variant-numeric:tabular-nums}
.tile p{margin:.1rem 0}
.tile .key{display:inline-block;width:.75em;height:.75em;margin-right:.4em;border-radius:2px}
.chosen{border:2px solid var(--mark)}
figure.card figcaption{font-weight:600;margin-bottom:6px}
figure.card .soft{font-weight:400}
.chart{display:block;width:100%;max-width:27.5rem;height:auto;margin:0 auto;font-family:inherit;overflow:visible}
.chart text{fill:var(--ink);stroke:var(--card);stroke-width:3px;stroke-linejoin:round;paint-order:stroke}.chart .quiet{fill:var(--soft)}.chart .strong{font-weight:700}
.chart .axis{stroke:var(--soft)}.chart .grid{stroke:var(--grid)}.chart .track{stroke:var(--track)}
.chart .reference{stroke:var(--ink);stroke-dasharray:4 3}.chart .marked{stroke:var(--mark);stroke-width:1.5}
.chart .worst{fill:var(--card);stroke:var(--ink);stroke-width:1.75}.chart .ring{fill:none;stroke:var(--ink);stroke-width:1.5}
.chart .mark{stroke:var(--card);stroke-width:.75}
.chart .line{fill:none;stroke-width:2.25;stroke-linejoin:round}
${[0, 1, 2, 3, 4, 5].map((i) => `.s${i}{fill:var(--s${i});background:var(--s${i})}`).join('')}
.l0{stroke:var(--s0)}.l1{stroke:var(--s1);stroke-dasharray:7 3}.l2{stroke:var(--s2);stroke-dasharray:2 3}
.chart .dot{fill:var(--card);stroke-width:2.5;stroke-dasharray:none}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:7px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
tbody tr:last-child>*{border-bottom:0}
thead th{border-bottom:2px solid var(--line);vertical-align:bottom}
th[scope=row],thead th:first-child,.words td,.words th{text-align:left}
th[scope=row]{font-weight:600;max-width:15rem;white-space:normal;min-width:7rem}
.first th[scope=row],.first thead th:first-child{position:sticky;left:0;background:var(--card);z-index:1;box-shadow:1px 0 0 var(--grid)}
.words td{white-space:normal;min-width:9rem;max-width:32rem;vertical-align:top}
.words th[scope=row]{vertical-align:top}
th button{all:unset;cursor:pointer;display:inline-block;padding:4px 2px;font-weight:700}
th button:focus-visible{outline:3px solid var(--link);outline-offset:2px}
th button::after{content:" ↕" / "";color:var(--soft)}
th[aria-sort=ascending] button::after{content:" ▲" / "";color:inherit}
th[aria-sort=descending] button::after{content:" ▼" / "";color:inherit}
tr.chosen>*,.first tr.chosen>th[scope=row]{background:var(--pick);font-weight:700}
.block{margin:0 0 1.6rem}
.notes{margin:.5rem 2px}
.samples{display:grid;gap:12px}
.sentence{font-size:1.05rem;margin:.2rem 0 .6rem;padding-left:.7rem;border-left:4px solid var(--line)}
.who{display:flex;flex-wrap:wrap;gap:2px 10px;margin:.6rem 0 .25rem;font-size:.875rem}
.tokens{display:flex;flex-wrap:wrap;gap:3px 2px;list-style:none;margin:0;padding:0}
.tokens li{padding:1px 5px;border-radius:4px;border:1.5px solid transparent;white-space:pre-wrap;unicode-bidi:isolate}
.t0{background:var(--t0)}.t1{background:var(--t1)}.t2{background:var(--t2)}.t3{background:var(--t3)}
.tokens .byte,.legend .byte{background:var(--tb);border:1.5px dashed var(--soft);font:.75rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;padding:2px 3px}
.tokens .new,.legend .new{border:1.5px solid currentColor}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;padding:0;margin:.2rem 0 .8rem;font-size:.875rem}
.legend i{font-style:normal;padding:1px 5px;border-radius:4px}
.verdict{font-weight:700}.good{color:var(--good)}.bad{color:var(--bad)}
.warning{border-left:4px solid var(--bad);padding:.4rem .8rem;background:var(--card)}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8rem;overflow-wrap:anywhere;word-break:break-all}
dl{display:grid;gap:.1rem .8rem;margin:0}
dt{font-weight:600;margin-top:.5rem}
dd{margin:0}
dl.options{grid-template-columns:fit-content(11rem) 1fr;margin-bottom:1rem}dl.options dt{margin:0}
@media (min-width:44rem){dl:not(.options){grid-template-columns:minmax(9rem,14rem) 1fr}dt{margin:0}h1{font-size:2rem}}
details{margin:.6rem 0}summary{cursor:pointer;padding:6px 0;font-weight:600}
ul.plain{padding-left:1.1rem;margin:.4rem 0}
.card+h3{margin-top:1.2rem}
.lead{font-size:1.15rem;font-weight:600}
footer{margin-top:3rem;padding-bottom:2rem}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media (forced-colors:active){.tokens li{border-color:CanvasText}.language input:checked+span{outline:2px solid Highlight}}
@media print{:root{color-scheme:light}body{background:#fff}nav,.language{display:none}.card,figure,.block,tr{break-inside:avoid}
.scroll{overflow:visible;border:0}th,td{white-space:normal;padding:3px 5px}h2{break-after:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
