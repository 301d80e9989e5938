/** Titles, column heads and notes of the tables. */
import type { Both } from '../language'

export const TABLE_WORDS = {
  tokenizer: { en: 'tokenizer', ko: '토크나이저' },
  domain: { en: 'domain', ko: '분야' },
  tokensTitle: { en: 'Tokens', ko: '토큰 수' },
  ids: { en: 'ids', ko: 'id 수' },
  tokens: { en: 'tokens', ko: '토큰' },
  perSyllable: { en: 'tok/syllable', ko: '토큰/음절' },
  mean: { en: 'mean', ko: '분야 평균' },
  worst: { en: 'worst domain', ko: '가장 나쁜 분야' },
  perEojeol: { en: 'tok/eojeol', ko: '토큰/어절' },
  charsPerToken: { en: 'char/tok', ko: '글자/토큰' },
  bytesPerToken: { en: 'byte/tok', ko: '바이트/토큰' },
  koreanOnly: {
    en: 'tok/syllable, mean and worst are of the Korean domains, the other figures of all text',
    ko: '토큰/음절, 분야 평균, 가장 나쁜 분야는 한국어 분야의 수치이고 나머지는 텍스트 전체의 수치입니다',
  },
  sharesTitle: { en: 'Shares', ko: '비율' },
  split: { en: 'split', ko: '나뉜 어절' },
  bytes: { en: 'bytes', ko: '바이트 토큰' },
  unknown: { en: 'unknown', ko: '미등록' },
  lostLines: { en: 'lost lines', ko: '잃은 줄' },
  renyi: { en: 'Rényi', ko: '레니 효율' },
  idsUsed: { en: 'ids used', ko: '쓰인 id' },
  newUsed: { en: 'new used', ko: '쓰인 새 id' },
  morphemes: { en: 'josa/eomi', ko: '조사·어미' },
  lengthTitle: {
    en: 'Characters a token, share of all tokens',
    ko: '토큰 하나의 글자 수, 전체 토큰에서 차지하는 비율',
  },
  median: { en: 'median', ko: '중앙값' },
  lengthNote: {
    en: 'in percent; a character counts for the token that it begins in',
    ko: '단위는 %이며, 글자는 그 글자가 시작되는 토큰에 셉니다',
  },
  domainTitle: { en: 'Tokens a Hangul syllable, by domain', ko: '분야별 한글 한 음절의 토큰 수' },
  domainNote: {
    en: '- stands where less than a third of the characters are syllables',
    ko: '-는 음절이 글자의 3분의 1에 못 미치는 분야입니다',
  },
  in4k: { en: 'syllables in 4k', ko: '4k에 드는 음절' },
  in8k: { en: 'in 8k', ko: '8k에 드는 음절' },
  kv: { en: 'KV MB/1,000', ko: 'KV MB/1,000음절' },
  embedding: { en: 'embedding M', ko: '임베딩 M' },
  head: { en: 'head M', ko: '출력층 M' },
  added: { en: 'added M', ko: '늘어난 M' },
  flops: { en: 'PFLOP/MB', ko: 'PFLOP/MB' },
  ofFirst: { en: 'of first', ko: '첫째 대비' },
  costNote: {
    en: 'KV: keys and values of 1,000 syllables; M: 10^6 parameters; PFLOP/MB: 10^15 operations to train on 10^6 bytes',
    ko: 'KV: 1,000음절의 키와 값, M: 파라미터 10^6개, PFLOP/MB: 10^6바이트를 학습하는 연산 10^15회',
  },
  ratio: { en: 'ratio', ko: '비' },
} as const satisfies Record<string, Both>

/** The reasons that the command and the library give. */
const NO_ANALYSER: Record<string, string | undefined> = {
  'they need --kiwi-model': '--kiwi-model이 필요합니다',
  'none was given': '분석기를 주지 않았습니다',
}

export const TABLE_SENTENCES = {
  boundaries: (analyser: string): Both => ({
    en: `josa/eomi: boundaries by ${analyser}`,
    ko: `조사·어미 경계의 분석기: ${analyser}`,
  }),
  noBoundaries: (reason: string): Both => ({
    en: `no josa/eomi boundaries: ${reason}`,
    ko: `조사·어미 경계는 재지 않았습니다 (${NO_ANALYSER[reason] ?? reason})`,
  }),
  unaligned: (name: string, lines: string): Both => ({
    en: `${name}: ${lines} lines are left out of split, their tokens are not their text`,
    ko: `${name}: 토큰이 텍스트와 맞지 않는 ${lines}줄은 나뉜 어절에서 뺐습니다`,
  }),
  costTitle: (model: string): Both => ({
    en: `Costs of Korean text, ${model}`,
    ko: `한국어 텍스트의 비용, ${model}`,
  }),
  parityTitle: (lines: string): Both => ({
    en: `Parity on ${lines} parallel lines`,
    ko: `나란한 텍스트 ${lines}줄의 토큰 수 비교`,
  }),
  corpus: (name: string, lines: string, syllables: string, words: string, bytes: string): Both => ({
    en: `${name}: ${lines} lines, ${syllables} Hangul syllables, ${words} eojeols, ${bytes} bytes`,
    ko: `${name}: ${lines}줄, 한글 ${syllables}음절, ${words}어절, ${bytes}바이트`,
  }),
  notKorean: { en: ' (not Korean)', ko: ' (한국어 아님)' },
  all: { en: 'all', ko: '전체' },
}
