import { describe, expect, test } from 'vitest'
import { KINDS, maskPersonal } from '../../../src/corpus/prepare/personal'
import { through } from './through'

const masked = (text: string) => maskPersonal(text, KINDS)

describe('resident numbers', () => {
  test.each([
    // Made up; the check digits of those without a hyphen are right by the rule.
    '900101-1234567',
    '000229-3123456',
    '850505 - 2345678',
    '750813-5123456',
    '9001011234568',
    '990101-1******',
  ])('%s is one', (text) => {
    expect(masked(`번호는 ${text}입니다`)).toBe('번호는 <주민등록번호>입니다')
  })
  test.each([
    ['no such month', '901301-1234567'],
    ['no such day', '900230-1234567'],
    ['1900 was no leap year', '000229-1123456'],
    ['nobody of the nineteenth century', '900101-9234567'],
    ['the check digit is wrong, and no hyphen says what it is', '9001011234567'],
    ['a longer number', '1900101-1234567'],
    ['a longer number behind', '900101-12345678'],
    ['an order number', 'A900101-1234567'],
    ['part of an ISBN', '978-900101-1234567'],
    ['milliseconds since 1970', '1718236800000'],
  ])('%s', (_, text) => {
    expect(masked(`번호는 ${text}입니다`)).toBe(`번호는 ${text}입니다`)
  })
})

describe('phones', () => {
  test.each([
    ...['010-1234-5678', '01012345678', '010.1234.5678', '010 1234 5678', '011-234-5678', '+82-10-1234-5678'],
    ...['+82 10 1234 5678', '02-123-4567', '02)1234-5678', '(031) 123-4567', '070-1234-5678', '+82-2-1234-5678'],
    ...['0505-123-4567', '064-712-3456'],
  ])('%s is one', (text) => {
    expect(masked(`전화 ${text}로`)).toBe('전화 <전화번호>로')
  })
  test.each([
    ['a representative number of a company', '1588-1234'],
    ['emergency', '119, 112'],
    ['a count and a number', '010 12345678'],
    ['no such area', '036-123-4567'],
    ['a landline without separators is any number', '0212345678'],
    ['too many digits', '010-1234-56789'],
    ['an article of law and a case', '2010-1234-5678'],
    ['a version', '1.010-1234-5678'],
    ['a date', '2010-12-34'],
    ['a range of years', '1910-1945'],
    ['decimals', '3.01012345678'],
    ['money', '01,012,345,678원'],
  ])('%s', (_, text) => {
    expect(masked(`번호 ${text}로`)).toBe(`번호 ${text}로`)
  })
})

describe('e-mail', () => {
  test.each(['kim@example.com', 'hong.gil-dong+a@mail.example.co.kr', 'a@b.io'])('%s is one', (text) => {
    expect(masked(`메일 ${text}로`)).toBe('메일 <이메일>로')
  })
  test.each(['@handle', 'a@b', 'user@localhost', '3 @ 5.kg', 'a@@b.com', '.@example.com', 'git@1.2.3.4'])(
    '%s',
    (text) => {
      expect(masked(`메일 ${text} 로`)).toBe(`메일 ${text} 로`)
    },
  )
})

describe('cards', () => {
  // Test numbers that payment processors publish.
  test.each(['4111-1111-1111-1111', '5555555555554444', '3782 822463 10005', '378282246310005', '6011 1111 1111 1117'])(
    '%s is one',
    (text) => {
      expect(masked(`카드 ${text} 사용`)).toBe('카드 <카드번호> 사용')
    },
  )
  test.each([
    ['Luhn is wrong', '4111-1111-1111-1112'],
    ['mixed separators', '4111-1111 1111-1111'],
    ['no card begins so', '1111-1111-1111-1117'],
    ['one digit', '4444444444444444'],
    ['a longer number', '41111111111111110'],
    ['a hash', 'ab4111111111111111'],
  ])('%s', (_, text) => {
    expect(masked(`카드 ${text} 사용`)).toBe(`카드 ${text} 사용`)
  })
})

describe('accounts', () => {
  test.each([
    ['국민은행 123456-01-234567', '국민은행 <계좌번호>'],
    ['카카오뱅크 3333-01-1234567 (홍길동)', '카카오뱅크 <계좌번호> (홍길동)'],
    ['계좌번호: 110-123-456789', '계좌번호: <계좌번호>'],
    ['농협 3010123456781', '농협 <계좌번호>'],
  ])('%s', (text, expected) => {
    expect(masked(text)).toBe(expected)
  })
  test.each([
    ['nothing announces it', '번호 110-123-456789 참고'],
    ['a date', '신한은행 2024-01-15 공시'],
    ['too few digits', '우리 123-456'],
    ['far from the bank', '국민은행이 발표한 자료에 따르면 일련번호가 110-123-456789'],
    ['a bank that moved', '농협 1961-08-15 설립'],
  ])('%s', (_, text) => {
    expect(masked(text)).toBe(text)
  })
})

test('kinds and masks by choice; what was masked is counted, and no sample of any step shows it', async () => {
  const secret = '전화 010-1234-5678, 메일 kim@example.com   입니다'
  const { texts, report } = await through(
    [secret],
    'whitespace',
    { personal: { kinds: ['phone', 'email'], masks: { phone: '[전화]' } } },
    { length: { 'min-characters': 1000 } },
  )
  expect(texts).toEqual([])
  expect(report.steps[1].figures).toEqual({ phone: 1, email: 1 })
  expect(JSON.stringify(report)).not.toMatch(/5678|kim@/)
  expect(report.steps[0].samples).toHaveLength(1)
})
