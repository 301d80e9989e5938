/** Why a size is proposed, or none. */
import type { Both } from '../language'

/** Numbers come written out. */
export const REASONS = {
  falls: (base: string, all: string, pieces: string): Both => ({
    en: `The text falls from ${base} tokens a Hangul syllable to ${all} with all ${pieces} pieces.`,
    ko: `텍스트는 한글 한 음절에 ${base}토큰에서, 조각 ${pieces}개를 모두 쓰면 ${all}토큰으로 줄어듭니다.`,
  }),
  neverPays: (model: string): Both => ({
    en: `With ${model} every size costs more FLOPs a megabyte than the base.`,
    ko: `${model}에서는 어떤 크기든 1메가바이트의 FLOPs가 베이스보다 많습니다.`,
  }),
  cheapestAtLargest: (model: string, saves: string, costs: string): Both => ({
    en:
      `With ${model} a megabyte costs the fewest FLOPs at the largest size: there the last thousand pieces ` +
      `save ${saves} of the tokens and make each ${costs} dearer.`,
    ko:
      `${model}에서 1메가바이트의 FLOPs는 가장 큰 크기에서 가장 적습니다. 거기서 마지막 조각 천 개는 토큰을 ${saves} 줄이고 ` +
      `토큰 하나를 ${costs} 비싸게 합니다.`,
  }),
  cheapestBefore: (model: string, pieces: string, costs: string, saves: string): Both => ({
    en:
      `With ${model} a megabyte costs the fewest FLOPs at ${pieces} pieces: behind it a thousand pieces make ` +
      `a token ${costs} dearer and save less, the last thousand ${saves} of the tokens.`,
    ko:
      `${model}에서 1메가바이트의 FLOPs는 조각 ${pieces}개에서 가장 적습니다. 그 뒤로는 조각 천 개가 토큰 하나를 ${costs} 비싸게 ` +
      `하면서 그보다 덜 줄이고, 마지막 천 개는 토큰을 ${saves} 줄입니다.`,
  }),
  alwaysRare: (most: string, enough: string, tokens: string): Both => ({
    en: `At every size more than ${most} of the pieces are expected fewer than ${enough} times in ${tokens} training tokens.`,
    ko: `어떤 크기에서든 조각의 ${most} 넘게가 학습 토큰 ${tokens}개에서 ${enough}번 미만으로 나올 것으로 예상됩니다.`,
  }),
  neverRare: (share: string, most: string, enough: string, tokens: string): Both => ({
    en:
      `At the largest size ${share} of the pieces are expected fewer than ${enough} times in ${tokens} training tokens; ` +
      `${most} are let pass.`,
    ko:
      `가장 큰 크기에서 조각의 ${share}가 학습 토큰 ${tokens}개에서 ${enough}번 미만으로 나올 것으로 예상됩니다. ` +
      `${most}까지는 허용합니다.`,
  }),
  rareBeyond: (pieces: string, most: string, enough: string, tokens: string): Both => ({
    en: `Beyond ${pieces} pieces, more than ${most} of them are expected fewer than ${enough} times in ${tokens} training tokens.`,
    ko: `조각이 ${pieces}개를 넘으면 그 ${most} 넘게가 학습 토큰 ${tokens}개에서 ${enough}번 미만으로 나올 것으로 예상됩니다.`,
  }),
  keepBase: {
    en: 'So no piece pays for its row: keep the base.',
    ko: '따라서 제 행의 값을 하는 조각이 없습니다. 베이스를 그대로 쓰세요.',
  },
  noSize: {
    en: 'So no size is proposed: train on more tokens, or take a smaller one of the table knowingly.',
    ko: '따라서 제안하는 크기가 없습니다. 더 많은 토큰으로 학습하거나, 알고서 표의 작은 크기를 고르세요.',
  },
  allOfText: {
    en: 'the largest that the text gives: learn from more of it',
    ko: '이 텍스트가 주는 가장 큰 크기이니 더 많은 텍스트에서 학습해 보세요',
  },
  allLookedAt: {
    en: 'the largest that was looked at: a larger --max may pay too',
    ko: '살펴본 가장 큰 크기이며, --max를 늘려도 이득일 수 있습니다',
  },
  largestPaying: { en: 'the largest that pays', ko: '이득이 되는 가장 큰 크기입니다' },
  largestSeen: {
    en: 'the largest that pays with enough of its pieces seen',
    ko: '이득이 되면서 조각이 충분히 나오는 가장 큰 크기입니다',
  },
  proposed: (p: {
    pieces: string
    bound: Both
    ids: string
    multipleOf: number
    saved: string
    parameters: number
    model: string
    flops: string
  }): Both => ({
    en:
      `So ${p.pieces} pieces are proposed, ${p.bound.en}. That makes ${p.ids} ids, a multiple of ${p.multipleOf}; it saves ` +
      `${p.saved} of the tokens, adds ${(p.parameters / 1e6).toFixed(1)} million parameters to ${p.model}, and a megabyte ` +
      `takes ${p.flops} of the FLOPs it took.`,
    ko:
      `따라서 조각 ${p.pieces}개를 제안합니다. ${p.bound.ko}. 모두 id ${p.ids}개로 ${p.multipleOf}의 배수이고, 토큰을 ` +
      `${p.saved} 줄이며, ${p.model}에 파라미터 ${Math.round(p.parameters / 1e4).toLocaleString('en')}만 개를 더하고, 1메가바이트의 FLOPs는 ` +
      `전의 ${p.flops}가 됩니다.`,
  }),
} as const
