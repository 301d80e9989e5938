/** What the page of a run says. */
import type { Both } from '../../measure/language'

export const WATCH = {
  title: { en: 'Training run', ko: '학습 경과' },
  now: { en: 'Now', ko: '현재' },
  curves: { en: 'Curves', ko: '곡선' },
  evaluations: { en: 'Last evaluation', ko: '마지막 평가' },
  notes: { en: 'Log', ko: '기록' },
  axis: { en: 'x axis', ko: '가로축' },
  tokens: { en: 'tokens', ko: '토큰' },
  steps: { en: 'steps', ko: '스텝' },
  flops: { en: 'FLOPs', ko: 'FLOPs' },
  time: { en: 'time', ko: '시간' },
  seconds: { en: 'seconds of running', ko: '실행한 시간(초)' },
  minutes: { en: 'minutes of running', ko: '실행한 시간(분)' },
  hours: { en: 'hours of running', ko: '실행한 시간(시간)' },
  step: { en: 'step', ko: '스텝' },
  stage: { en: 'stage', ko: '단계' },
  loss: { en: 'loss', ko: '손실' },
  lossTitle: { en: 'Training loss, nats a token', ko: '학습 손실, 토큰당 nat' },
  lossOfTitle: { en: 'Training loss by source', ko: '출처별 학습 손실' },
  bitsTitle: { en: 'Bits per byte, held-out text', ko: '바이트당 비트, 평가용 텍스트' },
  pairsTitle: { en: 'DPO loss, held-out pairs', ko: 'DPO 손실, 평가용 응답 쌍' },
  guardedTitle: { en: 'Bits per byte of what must not be forgotten', ko: '잊으면 안 되는 텍스트의 바이트당 비트' },
  jointTitle: { en: 'Joint score', ko: '종합 점수' },
  rateTitle: { en: 'Learning rate', ko: '학습률' },
  normTitle: { en: 'Gradient norm before clipping', ko: '자르기 전 기울기 노름' },
  speedTitle: { en: 'Tokens a second', ko: '초당 토큰' },
  lower: { en: 'Lower is better.', ko: '낮을수록 좋습니다.' },
  speed: { en: 'tokens a second', ko: '초당 토큰' },
  left: { en: 'time left', ko: '남은 시간' },
  best: { en: 'best', ko: '최고' },
  bestStep: { en: 'best so far, step', ko: '지금까지 가장 좋은 스텝' },
  role: { en: 'role', ko: '구실' },
  bound: { en: 'bound', ko: '한도' },
  bits: { en: 'bits per byte', ko: '바이트당 비트' },
  gate: { en: 'gate', ko: '관문' },
  set: { en: 'text', ko: '텍스트' },
  first: { en: 'at first', ko: '처음' },
  change: { en: 'change', ko: '변화' },
  perplexity: { en: 'perplexity', ko: '퍼플렉시티' },
  bytes: { en: 'bytes', ko: '바이트' },
  target: { en: 'learned', ko: '배우는 것' },
  guarded: { en: 'guarded', ko: '지키는 것' },
  watched: { en: 'only watched', ko: '보기만 하는 것' },
  nothing: { en: 'Nothing has come yet.', ko: '아직 온 것이 없습니다.' },
  connecting: { en: 'connecting', ko: '연결하는 중' },
  live: { en: 'live', ko: '실시간' },
  lost: {
    en: 'no connection: the run was stopped, or the machine cannot be reached',
    ko: '연결이 끊겼습니다. 실행이 멈췄거나 컴퓨터에 닿을 수 없습니다',
  },
  ended: { en: 'the run is over', ko: '실행이 끝났습니다' },
  hint: {
    en: 'Point at a chart, or focus it and press the arrow keys, to read its values. Bands are least to greatest, lines are means.',
    ko: '그림을 가리키거나, 초점을 두고 화살표 키를 누르면 값을 읽을 수 있습니다. 띠는 최소에서 최대까지, 선은 평균입니다.',
  },
} satisfies Record<string, Both>

export const GATE: Record<'ok' | 'warn' | 'slow' | 'stop', Both> = {
  ok: { en: 'ok', ko: '정상' },
  warn: { en: 'warning', ko: '경고' },
  slow: { en: 'slowed', ko: '감속' },
  stop: { en: 'stopped', ko: '중단' },
}

export const SAY = {
  gateOf: (worsened: string, bound: string): Both => ({
    en: `${worsened} of at most ${bound}`,
    ko: `${worsened}, 한도 ${bound}`,
  }),
  pairs: (name: string): Both => ({ en: `${name}, DPO loss`, ko: `${name}, DPO 손실` }),
  right: (percent: string): Both => ({ en: `${percent} of pairs right`, ko: `맞힌 쌍 ${percent}` }),
  ofSteps: (steps: string, share: string): Both => ({ en: `of ${steps}, ${share}`, ko: `${steps} 중, ${share}` }),
  joint: (score: string): Both => ({ en: `joint score ${score}`, ko: `종합 점수 ${score}` }),
  asOf: (step: string, steps: string, time: string): Both => ({
    en: `as of step ${step} of ${steps}, ${time} UTC`,
    ko: `${steps} 스텝 중 ${step}, ${time} UTC 기준`,
  }),
  older: (count: string): Both => ({
    en: `${count} older ones are in metrics.jsonl`,
    ko: `더 오래된 ${count}개는 metrics.jsonl에 있습니다`,
  }),
  broken: (count: string): Both => ({
    en: `${count} steps had a loss or gradient that was not finite`,
    ko: `손실이나 기울기가 유한하지 않은 스텝이 ${count}개 있었습니다`,
  }),
}
