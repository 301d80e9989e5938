/** Titles, column heads, notes and sentences of a plan. */
import type { Both } from '../language'

export const PLAN_WORDS = {
  costsTitle: { en: 'Tokens, and what they cost', ko: '토큰과 그 비용' },
  pieces: { en: 'pieces', ko: '조각' },
  ids: { en: 'ids', ko: 'id 수' },
  perSyllable: { en: 'tok/syllable', ko: '토큰/음절' },
  saved: { en: 'saved', ko: '절약' },
  lastSave: { en: 'last 1,000 save', ko: '마지막 1,000개의 절약' },
  lastCost: { en: 'and cost', ko: '그 비용' },
  flops: { en: 'FLOPs/MB', ko: 'FLOPs/MB' },
  added: { en: 'added M', ko: '늘어난 M' },
  kv: { en: 'KV MB/1,000', ko: 'KV MB/1,000음절' },
  flopsNote: {
    en: 'FLOPs/MB: of the base, in training and in inference; M: 10^6 parameters; KV: keys and values of 1,000 syllables',
    ko: 'FLOPs/MB: 베이스 대비, 학습과 추론이 같음. M: 파라미터 10^6개. KV: 1,000음절의 키와 값',
  },
  rarest: { en: 'rarest', ko: '가장 드문 조각' },
  below5: { en: '5 % below', ko: '하위 5%' },
  below10: { en: '10 % below', ko: '하위 10%' },
  inCorpus: { en: 'rarest in the corpus', ko: '코퍼스에서 가장 드문 조각' },
  none: { en: '', ko: '' },
  proposed: { en: 'proposed', ko: '제안' },
  fewestFlops: { en: 'fewest FLOPs', ko: 'FLOPs 최소' },
  ownText: { en: 'text of its own', ko: '따로 준 텍스트' },
} as const satisfies Record<string, Both>

export const PLAN_SENTENCES = {
  lastNote: (model: string): Both => ({
    en: `${model}; last 1,000: tokens that the last thousand pieces save, FLOPs that they add to a token`,
    ko: `${model}. 마지막 1,000개: 마지막 조각 천 개가 줄이는 토큰과, 토큰 하나에 더하는 FLOPs`,
  }),
  expectedTitle: (tokens: string): Both => ({
    en: `How often the rarest pieces are expected in ${tokens} training tokens`,
    ko: `학습 토큰 ${tokens}개에서 가장 드문 조각이 나올 것으로 예상되는 횟수`,
  }),
  under: (enough: string): Both => ({ en: `under ${enough}`, ko: `${enough}회 미만` }),
  leftOut: (of: number): Both => ({
    en: `1 line of ${of} of the corpus, not learned from`,
    ko: `코퍼스의 ${of}줄 가운데 1줄, 학습에 쓰지 않음`,
  }),
  base: (ids: string, form: string): Both => ({ en: `base: ${ids} ids, ${form}`, ko: `베이스: id ${ids}개, ${form}` }),
  learned: (pieces: string, words: string, syllables: string, scope: string): Both => ({
    en: `learned: ${pieces} pieces from ${words} distinct words, ${syllables} syllables, scope ${scope}`,
    ko: `학습: 서로 다른 단어 ${words}개, ${syllables}음절에서 조각 ${pieces}개, 범위 ${scope}`,
  }),
  measured: (lines: string, syllables: string, bytes: string, on: string): Both => ({
    en: `measured: ${lines} lines, ${syllables} Hangul syllables, ${bytes} bytes; ${on}`,
    ko: `측정: ${lines}줄, 한글 ${syllables}음절, ${bytes}바이트. ${on}`,
  }),
}
