import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs } from '../../support/long'
import { through } from './through'

const one = async (text: string, ...steps: unknown[]) => (await through([text], ...steps)).texts[0]

describe('characters', () => {
  test.each([
    ['가\u200b나\ufeff다', '가나다'],
    ['a\u0000b\u0007c\td', 'abc\td'],
    ['한\u00a0글\u3000과\u2009칸', '한 글 과 칸'],
    ['줄\r\n줄\r줄\u2028줄\u0085줄', '줄\n줄\n줄\n줄\n줄'],
    ['\u202e거꾸로\u202c\u00ad', '거꾸로'],
    ['빈\u3164\uffa0말', '빈말'],
    // A joiner that shapes an emoji or a Persian word stays, one between syllables goes.
    ['👨\u200d👩\u200d👧 가\u200d나', '👨\u200d👩\u200d👧 가나'],
    ['👩🏽\u200d🚀 ❤\ufe0f\u200d🔥', '👩🏽\u200d🚀 ❤\ufe0f\u200d🔥'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    // Old Korean in jamo has its fillers; private use characters may be old Korean, too.
    ['\u115f\u1161 \ue0bc', '\u115f\u1161 \ue0bc'],
    ['깨\ufffd짐', '깨\ufffd짐'],
    ['반\ud83d쪽', '반\ufffd쪽'],
  ])('%j', async (text, clean) => {
    expect(await one(text, 'characters')).toBe(clean)
  })

  test('U+FFFD goes by choice', async () => {
    expect(await one('깨\ufffd짐', { characters: { replacement: 'remove' } })).toBe('깨짐')
  })
})

describe('jamo', () => {
  test.each([
    ['ㅎㅏㄴㄱㅡㄹ', '한글'],
    ['ㅇㅗㅏㅇㄱㅜㄱ', '왕국'],
    ['ㄱㅏㅂㅅㅇㅣ ㅇㅣㄹㄱㅇㅓ', '값이 읽어'],
    ['ㄷㅏㄹㄱㅏㄹ', '달갈'],
    ['ㅇㅓㅂㅅㄷㅏ', '없다'],
    ['ㅇㅡㅣㅅㅏ', '의사'],
    ['ﾤﾢﾱ', 'ㄴㄲㅁ'],
    ['ﾾￂﾤﾡￚﾩ', '한글'],
    ['ᄏᄏᄏ ᅲᅲ', 'ㅋㅋㅋ ㅠㅠ'],
    ['개꿀잼ᄏᄏ홍진호도 없음ᄃ 슬프다ᅲᅲ', '개꿀잼ㅋㅋ홍진호도 없음ㄷ 슬프다ㅠㅠ'],
    ['한글'.normalize('NFD'), '한글'],
    // What is written as jamo stays.
    ['ㅋㅋㅋㅋ ㅠㅠ ㅇㅋ ㄴㄴ ㄱㄱ', 'ㅋㅋㅋㅋ ㅠㅠ ㅇㅋ ㄴㄴ ㄱㄱ'],
    ['ㅋㅠㅋㅠ ㅎㅡㅎㅡ ㅠㅡㅠ', 'ㅋㅠㅋㅠ ㅎㅡㅎㅡ ㅠㅡㅠ'],
    ['ㄱㅏ라고 쓴다', 'ㄱㅏ라고 쓴다'],
    ['자음 ㄱ과 모음 ㅏ, ㄱㄴㄷㄹ, ㅏㅑㅓㅕ', '자음 ㄱ과 모음 ㅏ, ㄱㄴㄷㄹ, ㅏㅑㅓㅕ'],
    // Old Korean: arae-a conjoins with nothing that has a syllable.
    ['ᄒᆞᆫ글', 'ᄒᆞᆫ글'],
    ['나랏말ᄊᆞ미', '나랏말ᄊᆞ미'],
  ])('%j', async (text, repaired) => {
    expect(await one(text, 'jamo')).toBe(repaired)
  })

  test('every pair of syllables comes back from its keys, where the keys leave no doubt', async () => {
    const syllable = fc.integer({ min: 0xac00, max: 0xd7a3 }).map((code) => String.fromCharCode(code))
    await fc.assert(
      fc.asyncProperty(fc.array(syllable, { minLength: 2, maxLength: 6 }), async (syllables) => {
        const text = syllables.join('')
        const typed = keysOf(text)
        const repaired = await one(typed, 'jamo')
        // Two readings of the same keys are possible (ㄱㅅ between vowels), but never other keys.
        expect(keysOf(repaired)).toBe(typed)
        if (/^[ㅋㅎㅠㅜㅡ]+$/.test(typed) || new Set(syllables).size === 1) return
        expect(repaired).toMatch(/^[가-힣]+$/)
      }),
      { numRuns: runs(500) },
    )
  })
})

const PARTS: Record<string, string> = {
  ...{
    ㅘ: 'ㅗㅏ',
    ㅙ: 'ㅗㅐ',
    ㅚ: 'ㅗㅣ',
    ㅝ: 'ㅜㅓ',
    ㅞ: 'ㅜㅔ',
    ㅟ: 'ㅜㅣ',
    ㅢ: 'ㅡㅣ',
    ㄳ: 'ㄱㅅ',
    ㄵ: 'ㄴㅈ',
    ㄶ: 'ㄴㅎ',
  },
  ...{ ㄺ: 'ㄹㄱ', ㄻ: 'ㄹㅁ', ㄼ: 'ㄹㅂ', ㄽ: 'ㄹㅅ', ㄾ: 'ㄹㅌ', ㄿ: 'ㄹㅍ', ㅀ: 'ㄹㅎ', ㅄ: 'ㅂㅅ' },
}
const INITIAL = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'
const FINAL = ['', ...'ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ']

/** The keys that type a text, by the arithmetic of the Unicode standard (3.12). */
function keysOf(text: string): string {
  return [...text]
    .map((char) => {
      const index = char.charCodeAt(0) - 0xac00
      if (index < 0 || index >= 11172) return char
      const [l, v, t] = [Math.floor(index / 588), Math.floor((index % 588) / 28), index % 28]
      return [INITIAL[l], String.fromCharCode(0x314f + v), FINAL[t]].map((key) => PARTS[key] ?? key).join('')
    })
    .join('')
}

describe('html', () => {
  test.each([
    ['<p>안녕<br/>하세요</p>', '\n안녕\n하세요\n'],
    ['<a href="x?a=1>2" class=b>링크</a>&nbsp;&middot;&#44032;&#xAC01;&#146;', '링크\u00a0·가각’'],
    ['앞<script type="x">if (a < b) {}</script>뒤<!-- 주석 -->', '앞 뒤'],
    // No HTML: titles, comparisons, generics, ampersands.
    ['영화 <기생충>과 <보기>에서', '영화 <기생충>과 <보기>에서'],
    ['a < b 이고 c > d, x<y>z, List<String>, i<10', 'a < b 이고 c > d, x<y>z, List<String>, i<10'],
    ['R&D, AT&T; &notaname; &#0; &#xD800; ?a=1&copy=2&lt=3', 'R&D, AT&T; &notaname; &#0; &#xD800; ?a=1&copy=2&lt=3'],
    ['&amp;lt;', '&lt;'],
    ['<td>1</td><td>2</td>', ' 1  2 '],
    ['<B>굵게</B> <font color=red>빨강', '굵게 빨강'],
    ['<script>끝이 없다', '끝이 없다'],
    ['가<!-- <script> --><STYLE>p{}</style ><!-- 끝이 없다<script>x</script>나', '가 <!-- 끝이 없다 나'],
  ])('%j', async (text, plain) => {
    expect(await one(text, 'html')).toBe(plain)
  })
})

test.each(['<!--', '<script>', '<a ', '<a href="', '<a'.padEnd(60), '&#', 'ㅋㅎ', ' \t', 'a@', '010-', '<!-- -->'])(
  'time grows with the length, whatever is said a hundred thousand times: %j',
  async (part) => {
    const { report } = await through(
      [part.repeat(100_000)],
      'html',
      'characters',
      'jamo',
      'whitespace',
      'runs',
      'personal',
    )
    expect(report.documentsOut).toBe(1)
  },
  10_000,
)

describe('runs', () => {
  test.each([
    ['ㅋㅋㅋㅋㅋㅋㅋ 웃김ㅎㅎㅎㅎ ㅠㅠㅠㅠㅠ', 'ㅋㅋㅋ 웃김ㅎㅎㅎ ㅠㅠㅠ'],
    ['ㅋㅎㅋㅎㅋㅎㅋㅎㅋㅎ', 'ㅋㅎㅋㅎㅋㅎ'],
    ['아아아아아아', '아아아아아아'],
    ['정말!!!!!! 왜?????', '정말!!! 왜???'],
    ['------ ====== 100000000', '------ ====== 100000000'],
  ])('%j', async (text, cut) => {
    expect(await one(text, 'runs')).toBe(cut)
  })

  test('other numbers, syllables too', async () => {
    expect(await one('ㅋㅋㅋㅋ아아아아', { runs: { jamo: 2, syllables: 2 } })).toBe('ㅋㅋ아아')
    expect(await one('ㅋㅋㅋㅋㅋ!!!!!', { runs: { jamo: 0, marks: 0 } })).toBe('ㅋㅋㅋㅋㅋ!!!!!')
  })
})

test('whitespace', async () => {
  const text = '\n\n머리  \n\n\n\n  들여  쓴   줄\t\n\t탭\t하나\n'
  expect(await one(text, 'whitespace')).toBe('머리\n\n  들여 쓴 줄\n\t탭\t하나')
  const options = { indentation: false, 'blank-lines': 0 }
  expect(await one(text, { whitespace: options })).toBe('머리\n들여 쓴 줄\n탭\t하나')
})

test('lines that a document says twice', async () => {
  const menu = '홈으로 가기 | 로그인 | 회원가입 | 고객센터'
  expect(await one(`${menu}\n네.\n본문\n  ${menu} \n네.`, 'repeated-lines')).toBe(`${menu}\n네.\n본문\n네.`)
})

test('length and Hangul', async () => {
  const { texts, report } = await through(
    [
      '짧다',
      '이것은 충분히 긴 문서입니다',
      'This one is not Korean at all',
      '12345678901234567890',
      '한글 반 half and half 한글',
    ],
    { length: { 'min-characters': 5, 'max-characters': 30 } },
    { hangul: { min: 0.3 } },
  )
  expect(texts).toEqual(['이것은 충분히 긴 문서입니다', '한글 반 half and half 한글'])
  expect(report.steps[0].reasons).toEqual({ 'too short': 1 })
  expect(report.steps[1].reasons).toEqual({ 'too little Hangul': 2 })
})

const messy = fc
  .array(
    fc.constantFrom(
      ...['가', '힣', 'ㅋ', 'ㅎ', 'ㅠ', 'ㅏ', 'ㄱ', 'ᄏ', 'ᅡ', 'ᆨ', 'ᆞ', 'ﾡ', 'ￂ', ' ', '  ', '\t', '\n', '\r', '\u200b'],
      ...[
        '\u200d',
        '👨',
        '🏽',
        '\u3164',
        '\ufeff',
        '\u0301',
        'é',
        '!',
        '…',
        'a',
        '\ud83d',
        '\u0000',
        '\u00a0',
        '\u115f',
      ],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describe('done twice is done once', () => {
  const steps: unknown[] = ['nfc', 'characters', 'jamo', 'whitespace', { whitespace: { indentation: false } }, 'runs']
  test.each([...steps, { 'repeated-lines': { 'min-characters': 1 } }, { runs: { syllables: 2, jamo: 1, marks: 1 } }])(
    '%j',
    async (step) => {
      await fc.assert(
        fc.asyncProperty(messy, async (text) => {
          const once = await one(text, step)
          expect(await one(once, step)).toBe(once)
        }),
        { numRuns: runs(1000) },
      )
    },
  )
})

test('nothing in any of the default text steps touches clean Korean', async () => {
  const text =
    '훈민정음은 세종이 1443년에 만든 글자이다.\n\n“나랏말이 중국과 달라” 하고 시작한다; <월인천강지곡>도 그렇다.'
  const { report } = await through([text], 'html', 'characters', 'nfc', 'jamo', 'whitespace', 'runs', 'repeated-lines')
  expect(report.steps.map(({ changed }) => changed)).toEqual([0, 0, 0, 0, 0, 0, 0])
})
