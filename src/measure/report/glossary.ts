/** What the heads of the tables mean; docs/bench.md and docs/plan.md have the formulas with their sources. */

import { TABLE_WORDS } from '../bench/table-words'
import type { Both } from '../language'
import { PLAN_WORDS } from '../plan/table-words'

interface Entry {
  name: Both
  means: Both
}

export const BENCH_GLOSSARY: readonly Entry[] = [
  {
    name: TABLE_WORDS.perSyllable,
    means: {
      en: 'All tokens, those of Latin letters, digits and punctuation too, by Hangul syllables (U+AC00 to U+D7A3). Each line is a text of its own, without <s>.',
      ko: '로마자와 숫자와 문장부호의 토큰까지 합한 전체 토큰을 한글 음절(U+AC00~U+D7A3)의 수로 나눈 값입니다. 줄마다 따로 인코딩하며 <s>는 넣지 않습니다.',
    },
  },
  {
    name: TABLE_WORDS.mean,
    means: {
      en: 'Mean over the Korean domains, each counting the same. A domain is Korean when a third or more of its characters, white space apart, are syllables.',
      ko: '한국어 분야를 같은 무게로 평균한 값입니다. 공백을 뺀 글자의 3분의 1 이상이 음절이면 한국어 분야입니다.',
    },
  },
  {
    name: TABLE_WORDS.perEojeol,
    means: {
      en: 'Fertility: tokens by eojeols, which are runs without white space (Rust et al. 2021).',
      ko: '토큰을 어절(공백 없이 이어진 글자)의 수로 나눈 값, 곧 fertility입니다(Rust 외 2021).',
    },
  },
  {
    name: TABLE_WORDS.split,
    means: { en: 'Eojeols inside which a token begins.', ko: '안쪽에서 토큰이 시작되는 어절의 비율입니다.' },
  },
  {
    name: TABLE_WORDS.bytes,
    means: {
      en: 'Tokens that stand for a byte, or for bytes that are no whole characters, by all tokens.',
      ko: '바이트 하나, 또는 온전한 글자가 아닌 바이트를 나타내는 토큰의 비율입니다.',
    },
  },
  {
    name: TABLE_WORDS.unknown,
    means: {
      en: 'Unknown tokens by all tokens: their text is gone.',
      ko: '미등록 토큰의 비율입니다. 그 텍스트는 사라집니다.',
    },
  },
  {
    name: TABLE_WORDS.lostLines,
    means: {
      en: "Lines whose ids decode to another text than the tokenizer's own normalization makes of them.",
      ko: '토크나이저가 스스로 정규화한 것과도 다른 텍스트로 되돌아오는 줄의 수입니다.',
    },
  },
  {
    name: TABLE_WORDS.renyi,
    means: {
      en: 'Rényi efficiency, α = 2.5: how evenly the ids are used, 1 being all alike (Zouhar et al. 2023).',
      ko: 'α = 2.5인 레니 효율로, id가 얼마나 고르게 쓰이는지를 나타냅니다. 모두 같으면 1입니다(Zouhar 외 2023).',
    },
  },
  {
    name: TABLE_WORDS.idsUsed,
    means: {
      en: 'Ids that this text uses, of those that text can lead to; “new” are those behind the ids of the first tokenizer.',
      ko: '텍스트로 나올 수 있는 id 가운데 이 텍스트에 쓰인 비율입니다. 새 id는 첫째 토크나이저의 id 뒤에 오는 것입니다.',
    },
  },
  {
    name: TABLE_WORDS.ratio,
    means: {
      en: 'Tokens of the first text by tokens of the second, which says the same line by line (Petrov et al. 2023).',
      ko: '같은 내용을 줄마다 나란히 적은 두 텍스트에서, 첫째의 토큰을 둘째의 토큰으로 나눈 값입니다(Petrov 외 2023).',
    },
  },
]

export const PLAN_GLOSSARY: readonly Entry[] = [
  {
    name: PLAN_WORDS.perSyllable,
    means: {
      en: 'All tokens of the measured text by its Hangul syllables, exactly, at each size.',
      ko: '측정한 텍스트의 전체 토큰을 한글 음절의 수로 나눈 값이며, 크기마다 정확한 값입니다.',
    },
  },
  {
    name: PLAN_WORDS.lastSave,
    means: {
      en: 'Share of tokens that the last thousand pieces of a size save, or all of them where there are fewer.',
      ko: '그 크기의 마지막 조각 천 개(더 적으면 전부)가 줄이는 토큰의 비율입니다.',
    },
  },
  {
    name: PLAN_WORDS.lastCost,
    means: {
      en: 'What those thousand rows of the output matrix add to the FLOPs of a token.',
      ko: '출력 행렬의 그 천 행이 토큰 하나의 FLOPs에 더하는 비율입니다.',
    },
  },
  {
    name: PLAN_WORDS.flops,
    means: {
      en: 'FLOPs for a megabyte of the text against the base: fewer tokens, each a little dearer. 6 · N a token in training, 2 · N in inference (Kaplan et al. 2020).',
      ko: '텍스트 1메가바이트의 FLOPs를 베이스와 견준 값입니다. 토큰은 줄고 하나하나는 조금 비싸집니다. 토큰마다 학습은 6 · N, 추론은 2 · N입니다(Kaplan 외 2020).',
    },
  },
  {
    name: PLAN_WORDS.rarest,
    means: {
      en: 'How often a piece is expected in the training tokens, reckoned from the text that was learned from. A piece seen too seldom stays near its first embedding (Gowda & May 2020; Land & Bartolo 2024).',
      ko: '학습에 쓴 텍스트로 미루어 학습 토큰에서 나올 것으로 예상되는 횟수입니다. 너무 드문 조각은 처음의 임베딩에 머무릅니다(Gowda & May 2020, Land & Bartolo 2024).',
    },
  },
]
