/** What each check of the audit proves. */
import type { Both } from '../language'

const CHECKS: Record<string, Both> = {
  '1-files': {
    en: 'Each emitted file, read back, gives every id; added tokens get their own ids also as Hugging Face numbers them.',
    ko: '만든 파일을 다시 읽으면 모든 id가 그대로 나오고, Hugging Face가 매기는 방식으로도 추가 토큰이 제 id를 받습니다.',
  },
  '1-ids-stay': {
    en: 'Every base id keeps its string, kind and added-token flags.',
    ko: '베이스의 모든 id가 문자열과 종류와 추가 토큰 표시를 그대로 지닙니다.',
  },
  '1-merges-stay': {
    en: 'Every base merge is there, makes what it made, in the same order.',
    ko: '베이스의 모든 병합이 같은 순서로 남아 같은 것을 만듭니다.',
  },
  '1-pipeline-stays': {
    en: "Normalizer, pre-tokenizer, post-processor, decoder, byte fallback and ignore_merges are the base's.",
    ko: '정규화, 사전 분할, 후처리, 디코더, 바이트 폴백, ignore_merges가 베이스와 같습니다.',
  },
  '1-scores-stay': { en: 'Base scores are the same float32 bits.', ko: '베이스의 점수가 float32 비트까지 같습니다.' },
  '2-merges-once': {
    en: 'No pair stands twice, and each pair spells what it makes.',
    ko: '같은 쌍이 두 번 나오지 않고, 쌍마다 제가 만드는 것을 적습니다.',
  },
  '2-no-collision': { en: 'No string has two ids.', ko: '한 문자열에 id가 둘 붙지 않습니다.' },
  '2-normal-form': {
    en: 'Every new piece is in NFC, and no other id is its NFC or NFD twin.',
    ko: '새 조각은 모두 NFC이고, NFC나 NFD로 같아지는 다른 id가 없습니다.',
  },
  '3-scope-corpus': {
    en: "Lines without characters of the scope, in the files that must not change, have the base's ids.",
    ko: '바뀌지 않아야 할 파일에서 범위의 문자가 없는 줄은 베이스와 id가 같습니다.',
  },
  '3-scope-proof': {
    en: 'No text outside the scope can change: proven over the merges.',
    ko: '범위 밖의 텍스트는 바뀔 수 없음을 병합들에 대해 증명합니다.',
  },
  '3-scope-sweep': {
    en: 'No character outside the scope changes its ids, each of Unicode tried.',
    ko: '유니코드의 모든 문자를 하나씩 넣어, 범위 밖의 문자는 id가 바뀌지 않음을 확인합니다.',
  },
  '4-base-first': {
    en: "The ids are what a plain program gets by going on from the base's ids.",
    ko: '베이스의 id에서 이어 병합하는 단순한 프로그램의 결과와 id가 같습니다.',
  },
  '4-new-scores': {
    en: "New scores are distinct as float32, below all of the base's, falling with the ids.",
    ko: '새 점수는 float32로 서로 다르고, 베이스의 모든 점수보다 낮으며, id를 따라 낮아집니다.',
  },
  '4-ranks': {
    en: "New merges stand behind all of the base's, in the order of their ids.",
    ko: '새 병합은 베이스의 모든 병합 뒤에 id 순서로 놓입니다.',
  },
  '5-base-reachable': {
    en: 'Base pieces that merges could reach still can be reached.',
    ko: '병합으로 나올 수 있던 베이스 조각은 여전히 나올 수 있습니다.',
  },
  '5-reachable': {
    en: 'Each new piece, alone, becomes its own id by merges alone.',
    ko: '새 조각은 혼자 있을 때 병합만으로 제 id가 됩니다.',
  },
  '6-round-trip': {
    en: 'Random strings and corpus lines come back.',
    ko: '무작위 문자열과 코퍼스의 줄이 그대로 되돌아옵니다.',
  },
  '6-round-trip-sweep': {
    en: 'Every character of Unicode comes back.',
    ko: '유니코드의 모든 문자가 그대로 되돌아옵니다.',
  },
  '7-all-splits': {
    en: 'Every way to make a piece of two pieces is among the merges.',
    ko: '한 조각을 두 조각으로 만드는 모든 방법이 병합에 있습니다.',
  },
  '7-character-closure': {
    en: 'Every character of a new piece is a piece: SentencePiece starts there.',
    ko: '새 조각의 모든 글자가 조각입니다. SentencePiece는 거기서 시작합니다.',
  },
  '8-padding': {
    en: 'Padding ids are named, last, part of no merge, and were never given.',
    ko: '패딩 id는 이름이 있고 맨 뒤에 오며, 병합에 들지 않고 나온 적이 없습니다.',
  },
}

/** Checks that each referee makes: `7-agree-sentencepiece`. */
const BY_REFEREE: [prefix: string, say: (referee: string) => Both][] = [
  [
    '1-ids-',
    (name) => ({ en: `${name} has every piece at its id.`, ko: `${name}에서도 모든 조각이 제 id에 있습니다.` }),
  ],
  [
    '5-reachable-',
    (name) => ({
      en: `Each new piece, alone, becomes its own id in ${name} too.`,
      ko: `${name}에서도 새 조각은 혼자 있을 때 제 id가 됩니다.`,
    }),
  ],
  [
    '7-agree-',
    (name) => ({
      en: `${name} gives our ids on random strings, corpus lines and text that must not change.`,
      ko: `무작위 문자열, 코퍼스의 줄, 바뀌지 않아야 할 텍스트에서 ${name}의 id가 우리와 같습니다.`,
    }),
  ],
]

/** @param title what the check says itself, for checks of later versions */
export function whatItProves(id: string, title: string): Both {
  if (Object.hasOwn(CHECKS, id)) return CHECKS[id]
  const found = BY_REFEREE.find(([prefix]) => id.startsWith(prefix))
  return found ? found[1](id.slice(found[0].length)) : { en: title, ko: title }
}
