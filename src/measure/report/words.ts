/** What a page says besides its tables. */
import type { Both } from '../language'

export const WORDS = {
  language: { en: 'Language', ko: '언어' },
  contents: { en: 'Contents', ko: '차례' },
  benchTitle: { en: 'Tokenizers on Korean text', ko: '한국어 텍스트에서 잰 토크나이저' },
  planTitle: { en: 'How many pieces', ko: '조각을 몇 개나 더할 것인가' },
  glance: { en: 'At a glance', ko: '한눈에 보기' },
  charts: { en: 'Charts', ko: '그림' },
  tables: { en: 'Tables', ko: '표' },
  samples: { en: 'Sentences, as each tokenizer cuts them', ko: '토크나이저마다 자른 문장' },
  lost: { en: 'Text that does not come back', ko: '되돌아오지 않는 텍스트' },
  audit: { en: 'Audit', ko: '감사' },
  settings: { en: 'Settings', ko: '설정' },
  glossary: { en: 'What the figures are', ko: '수치의 뜻' },
  proposal: { en: 'Proposal', ko: '제안' },
  corpus: { en: 'Text', ko: '텍스트' },
  sortHint: {
    en: 'With scripts on, a column head sorts its table.',
    ko: '스크립트가 켜져 있으면 열 제목을 눌러 표를 정렬합니다.',
  },
  ascending: { en: 'sorted, ascending', ko: '오름차순으로 정렬됨' },
  descending: { en: 'sorted, descending', ko: '내림차순으로 정렬됨' },
  marks: { en: 'mark', ko: '표시' },
  perSyllable: { en: 'tokens a Hangul syllable', ko: '한글 한 음절의 토큰' },
  perSyllableTitle: { en: 'Tokens a Hangul syllable', ko: '한글 한 음절의 토큰 수' },
  fewer: { en: 'Lower is better.', ko: '낮을수록 좋습니다.' },
  worstMark: { en: '◇ worst domain', ko: '◇ 가장 나쁜 분야' },
  domainsTitle: { en: 'Tokens a Hangul syllable, by domain', ko: '분야별 한글 한 음절의 토큰 수' },
  ringed: {
    en: 'The ring marks the worst domain of each tokenizer.',
    ko: '고리는 토크나이저마다 가장 나쁜 분야입니다.',
  },
  meanOfDomains: { en: 'mean of the domains', ko: '분야의 평균' },
  lengthTitle: { en: 'How long tokens are', ko: '토큰의 길이' },
  lengthAxis: { en: 'characters a token, share of all tokens', ko: '토큰의 글자 수, 전체 토큰에서의 비율' },
  contextTitle: { en: 'Korean text in a context of 8,192 tokens', ko: '컨텍스트 8,192토큰에 들어가는 한국어' },
  contextAxis: { en: 'Hangul syllables', ko: '한글 음절' },
  more: { en: 'Higher is better.', ko: '높을수록 좋습니다.' },
  kvTitle: { en: 'Key-value cache of 1,000 syllables', ko: '1,000음절의 KV 캐시' },
  kvAxis: { en: 'MB (10^6 bytes)', ko: 'MB (10^6바이트)' },
  flopsTitle: { en: 'Training on a megabyte of Korean', ko: '한국어 1메가바이트의 학습' },
  flopsAxis: { en: 'PFLOP (10^15 operations)', ko: 'PFLOP (연산 10^15회)' },
  parityTitle: { en: 'Tokens for the same content', ko: '같은 내용의 토큰 수 비' },
  bytesTitle: { en: 'Bytes a token', ko: '토큰 하나의 바이트 수' },
  bytesAxis: { en: 'bytes of UTF-8 a token', ko: '토큰당 UTF-8 바이트' },
  equal: { en: 'as many', ko: '같음' },
  byteToken: { en: 'byte, or part of a character', ko: '바이트, 또는 글자의 일부' },
  newToken: { en: 'a piece that the extension added', ko: '확장이 더한 조각' },
  plainToken: { en: 'colours only tell neighbours apart', ko: '색은 이웃한 토큰을 구별할 뿐입니다' },
  spaceToken: { en: 'a space', ko: '공백' },
  noSamples: {
    en: 'No line of the text has 12 to 90 characters and a space.',
    ko: '12~90자이면서 공백이 있는 줄이 없습니다.',
  },
  noAudit: {
    en: 'No audit lies beside any of the tokenizers. extend and merge write one.',
    ko: '어느 토크나이저에도 감사 결과가 딸려 있지 않습니다. extend와 merge가 만듭니다.',
  },
  stale: {
    en: 'This audit is of another tokenizer: the fingerprints differ. The files were changed after it.',
    ko: '이 감사는 다른 토크나이저의 것입니다. 지문이 다르니 감사한 뒤에 파일이 바뀌었습니다.',
  },
  check: { en: 'check', ko: '검사' },
  proves: { en: 'what it proves', ko: '증명하는 것' },
  result: { en: 'result', ko: '결과' },
  examined: { en: 'examined', ko: '검사한 수' },
  failed: { en: 'failed', ko: '실패' },
  passed: { en: 'passed', ko: '통과' },
  skipped: { en: 'not made', ko: '하지 않음' },
  invariants: {
    en: 'The number in front of a check is that of the guarantee it belongs to.',
    ko: '검사 이름 앞의 수는 그 검사가 속한 보장의 번호입니다.',
  },
  referees: { en: 'Independent implementations that were asked', ko: '함께 확인한 독립된 구현' },
  option: { en: 'option', ko: '옵션' },
  value: { en: 'value', ko: '값' },
  thisRun: { en: 'This run', ko: '이번 실행' },
  inputs: { en: 'Files that were read', ko: '읽은 파일' },
  path: { en: 'file', ko: '파일' },
  size: { en: 'bytes', ko: '바이트' },
  domain: { en: 'domain', ko: '분야' },
  lines: { en: 'lines', ko: '줄' },
  syllables: { en: 'Hangul syllables', ko: '한글 음절' },
  eojeols: { en: 'eojeols', ko: '어절' },
  characters: { en: 'characters', ko: '글자' },
  isKorean: { en: 'Korean', ko: '한국어' },
  yes: { en: 'yes', ko: '예' },
  no: { en: 'no', ko: '아니요' },
  stream: { en: 'a stream, read once', ko: '한 번만 읽은 스트림' },
  noRun: {
    en: 'The program that made this report gave no settings.',
    ko: '이 보고서를 만든 프로그램이 설정을 남기지 않았습니다.',
  },
  tokenizers: { en: 'Tokenizers', ko: '토크나이저' },
  tokenizer: { en: 'tokenizer', ko: '토크나이저' },
  source: { en: 'from', ko: '출처' },
  engine: { en: 'encoded by', ko: '인코더' },
  kind: { en: 'kind', ko: '종류' },
  ids: { en: 'ids', ko: 'id 수' },
  fingerprint: { en: 'SHA-256 of the tokenizer', ko: '토크나이저의 SHA-256' },
  model: { en: 'Model that costs are reckoned for', ko: '비용을 셈한 모델' },
  curveTitle: { en: 'Tokens a syllable by size', ko: '크기에 따른 음절당 토큰' },
  pieces: { en: 'pieces added', ko: '더한 조각 수' },
  marginTitle: { en: 'What the last thousand pieces save and cost', ko: '마지막 조각 천 개의 절약과 비용' },
  saves: { en: 'share of tokens that they save', ko: '줄이는 토큰의 비율' },
  costs: { en: 'FLOPs that they add to a token', ko: '토큰 하나에 더하는 FLOPs' },
  marginAxis: { en: 'percent, logarithmic', ko: '%, 로그 눈금' },
  rareTitle: { en: 'How often the rarest pieces will be seen', ko: '가장 드문 조각이 나올 횟수' },
  rareAxis: { en: 'times in training, logarithmic', ko: '학습에서 나오는 횟수, 로그 눈금' },
  least: { en: 'the rarest piece', ko: '가장 드문 조각' },
  p5: { en: '5 % of the pieces are below', ko: '조각의 5%가 이보다 적음' },
  p10: { en: '10 % of the pieces are below', ko: '조각의 10%가 이보다 적음' },
  noProposal: { en: 'No size is proposed', ko: '제안하는 크기가 없습니다' },
  alternatives: { en: 'Smaller sizes', ko: '더 작은 크기' },
  offline: {
    en: 'This file needs no network and asks for none. Its figures are in it as JSON, in the element with the id data.',
    ko: '이 파일은 네트워크를 쓰지 않습니다. 모든 수치는 id가 data인 요소에 JSON으로 들어 있습니다.',
  },
} as const satisfies Record<string, Both>

export const SENTENCES = {
  against: (first: string, percent: string): Both => ({
    en: `${percent} against ${first}`,
    ko: `${first} 대비 ${percent}`,
  }),
  first: { en: 'the others are compared with it', ko: '나머지를 이것과 견줍니다' },
  headline: (p: {
    name: string
    first: string
    before: string
    after: string
    change: string
    times: string
  }): Both => ({
    en: `${p.name} needs ${p.after} tokens a Hangul syllable where ${p.first} needs ${p.before} (${p.change}): a context holds ${p.times} times as much Korean.`,
    ko: `한글 한 음절에 ${p.first}: ${p.before}토큰, ${p.name}: ${p.after}토큰 (${p.change}). 같은 컨텍스트에 한국어가 ${p.times}배 들어갑니다.`,
  }),
  worst: (value: string, domain: string): Both => ({
    en: `worst domain ${value}, ${domain}`,
    ko: `가장 나쁜 분야 ${value}, ${domain}`,
  }),
  mean: (value: string): Both => ({ en: `mean ${value}`, ko: `평균 ${value}` }),
  barNote: (mean: string, worst: string, domain: string): Both => ({
    en: `mean of domains ${mean} · ◇ worst ${worst} ${domain}`,
    ko: `분야 평균 ${mean} · ◇ 가장 나쁜 분야 ${worst} ${domain}`,
  }),
  averageLength: (value: string): Both => ({ en: `mean ${value}`, ko: `평균 ${value}` }),
  contextNote: (value: string): Both => ({ en: `${value} in 4,096 tokens`, ko: `4,096토큰에는 ${value}` }),
  parityAxis: (first: string, second: string): Both => ({
    en: `tokens of ${first} for each token of ${second}`,
    ko: `${second} 1토큰에 대한 ${first}의 토큰`,
  }),
  count: (tokens: number, perSyllable: string | null): Both => ({
    en: `${tokens} tokens${perSyllable === null ? '' : `, ${perSyllable} a syllable`}`,
    ko: `${tokens}토큰${perSyllable === null ? '' : `, 음절당 ${perSyllable}`}`,
  }),
  lostLine: (name: string, domain: string, line: number): Both => ({
    en: `${name}, ${domain}, line ${line}`,
    ko: `${name}, ${domain}, ${line}번째 줄`,
  }),
  passed: (checks: number): Both => ({ en: `✓ passed: ${checks} checks`, ko: `✓ 통과: 검사 ${checks}개` }),
  failedChecks: (failed: number, checks: number): Both => ({
    en: `✗ FAILED: ${failed} of ${checks} checks`,
    ko: `✗ 실패: 검사 ${checks}개 가운데 ${failed}개`,
  }),
  auditFacts: (scope: string, level: string, seed: number): Both => ({
    en: `scope ${scope}, level ${level}, seed ${seed}`,
    ko: `범위 ${scope}, 수준 ${level}, 시드 ${seed}`,
  }),
  moreFailures: (count: string): Both => ({ en: `and ${count} more`, ko: `그 밖에 ${count}건` }),
  notOurs: (what: string): Both => ({ en: `not read: ${what}`, ko: `읽지 않음: ${what}` }),
  madeBy: (name: string, command: string, version: string): Both => ({
    en: `${name}: made by ko-vocab ${command}, version ${version}`,
    ko: `${name}: 만든 명령 ko-vocab ${command}, 버전 ${version}`,
  }),
  run: (command: string, version: string, seed: number): Both => ({
    en: `ko-vocab ${command}, version ${version}, seed ${seed}`,
    ko: `ko-vocab ${command}, 버전 ${version}, 시드 ${seed}`,
  }),
  shape: (p: {
    source: string
    layers: number
    hidden: number
    kvHeads: number
    headDim: number
    body: string
  }): Both => ({
    en: `${p.source}: ${p.layers} layers, hidden size ${p.hidden}, ${p.kvHeads} key-value heads of ${p.headDim}, ${p.body} parameters in the layers`,
    ko: `${p.source}: 층 ${p.layers}개, 은닉 크기 ${p.hidden}, 크기 ${p.headDim}인 KV 헤드 ${p.kvHeads}개, 층의 파라미터 ${p.body}개`,
  }),
  added: (count: string, first: string): Both => ({
    en: `${count} ids added from ${first} on`,
    ko: `${first}부터 id ${count}개를 더함`,
  }),
  proposed: (pieces: string, ids: string): Both => ({
    en: `${pieces} pieces, ${ids} ids in all`,
    ko: `조각 ${pieces}개, 모두 id ${ids}개`,
  }),
  alternative: (share: string, pieces: string, ids: string): Both => ({
    en: `${share} % of the gain: ${pieces} pieces, ${ids} ids`,
    ko: `절약의 ${share}%: 조각 ${pieces}개, id ${ids}개`,
  }),
  proposedMark: (pieces: string): Both => ({ en: `proposed: ${pieces}`, ko: `제안: ${pieces}개` }),
  enough: (times: string): Both => ({ en: `${times}: enough`, ko: `${times}번: 충분` }),
  zeroSeries: (of: readonly Both[]): Both => ({
    en: `${of.map(({ en }) => en).join(', ')}: 0 at every size.`,
    ko: `${of.map(({ ko }) => ko).join(', ')}: 모든 크기에서 0번입니다.`,
  }),
  made: (version: string): Both => ({ en: `By ko-vocab ${version}.`, ko: `만든 도구: ko-vocab ${version}` }),
}
