/**
 * Personal data in Korean text. Each pattern takes what the numbers themselves prove (dates, check digits, prefixes) and
 * leaves what only looks alike: a mask that is wrong costs text, one that is missing may cost a person.
 * Names and addresses need a model and are not looked for.
 */

export const KINDS = ['resident', 'phone', 'email', 'card', 'account'] as const
export type PersonalKind = (typeof KINDS)[number]

export const MASKS: Readonly<Record<PersonalKind, string>> = {
  resident: '<주민등록번호>',
  phone: '<전화번호>',
  email: '<이메일>',
  card: '<카드번호>',
  account: '<계좌번호>',
}

/** No digit before or after, nor one behind a hyphen or point: a part of a longer number is none of these. */
const BEFORE = '(?<![0-9A-Za-z])(?<![0-9][-.])'
const AFTER = '(?![0-9])(?![-.][0-9])'

const DASH = '[-‐‑–−]'

const RESIDENT = new RegExp(`${BEFORE}(\\d{6})( ?${DASH} ?)?([0-9])(\\d{6}|[*xX●○]{6})${AFTER}`, 'g')
const SEPARATOR = `(?: ?${DASH} ?|[ .)·])`
/** The same separators between all parts, or none: `010 12345678` is a count and a number. */
const FOUR = `(?:${SEPARATOR}\\d{3,4}${SEPARATOR}\\d{4}|\\d{7,8})`
const AREA = '(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\\d?|80)'
const PHONE = new RegExp(
  [
    // Mobile phones; +82 takes the place of the 0.
    `${BEFORE}(?:(?<!\\+)\\(?01[016789]${FOUR}|(?<!\\+)\\+?82[- ]?\\(?0?\\)?1[016789]${FOUR})${AFTER}`,
    // Area codes, internet, personal and toll-free numbers: only with separators, else it is any number.
    `${BEFORE}(?:\\(0${AREA}\\) ?|0${AREA}(?: ?${DASH} ?|[.) ]))\\d{3,4}(?: ?${DASH} ?|\\.)\\d{4}${AFTER}`,
    `(?<![0-9])\\+82[- ]${AREA}[- ]\\d{3,4}[- ]\\d{4}${AFTER}`,
  ].join('|'),
  'g',
)
const EMAIL =
  /(?<![A-Za-z0-9.!#$%&'*+/=?^_`{|}~-])[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![A-Za-z0-9-])/g
const CARD = new RegExp(
  `${BEFORE}(?:\\d{4}([- ]?)\\d{4}\\1\\d{4}\\1\\d{4}|3[47]\\d{2}([- ]?)\\d{6}\\2\\d{5})${AFTER}`,
  'g',
)
/** Banks as people write them, and what announces a number. */
const BANKS =
  '국민|KB|신한|우리|하나|농협|NH|기업|IBK|카카오뱅크|카뱅|토스뱅크|케이뱅크|새마을금고|수협|우체국|SC제일|제일|씨티|대구|iM뱅크|부산|광주|전북|경남|제주|산업|신협'
const ANNOUNCED = `(?:(?:${BANKS})(?:은행)?|계좌(?:번호)?|입금|송금|후원|예금주)`
const ACCOUNT = new RegExp(
  `(${ANNOUNCED}[^0-9\\n]{0,12})(?<![0-9][-.])(\\d{2,6}(?:-\\d{2,7}){1,3}|\\d{11,14})${AFTER}`,
  'g',
)

/**
 * @param kinds in which order does not matter: cards are looked for before accounts, and so on
 * @param found called for each mask
 */
export function maskPersonal(
  text: string,
  kinds: readonly PersonalKind[],
  masks: Partial<Record<PersonalKind, string>> = {},
  found: (kind: PersonalKind) => void = () => {},
): string {
  if (!/[0-9@]/.test(text)) return text
  const mask = (kind: PersonalKind): string => {
    found(kind)
    return masks[kind] ?? MASKS[kind]
  }
  let masked = text
  if (kinds.includes('email') && masked.includes('@')) masked = masked.replace(EMAIL, () => mask('email'))
  if (!/\d{3}/.test(masked)) return masked
  if (kinds.includes('resident')) {
    masked = masked.replace(RESIDENT, (whole, date: string, dash: string | undefined, century: string, rest: string) =>
      isResident(date, century, rest, dash !== undefined) ? mask('resident') : whole,
    )
  }
  if (kinds.includes('card')) {
    masked = masked.replace(CARD, (whole) => (isCard(whole.replace(/\D/g, '')) ? mask('card') : whole))
  }
  if (kinds.includes('phone')) {
    masked = masked.replace(PHONE, () => mask('phone'))
  }
  if (kinds.includes('account')) {
    masked = masked.replace(ACCOUNT, (whole, head: string, digits: string) =>
      isAccount(digits) ? `${head}${mask('account')}` : whole,
    )
  }
  return masked
}

/**
 * Resident and alien registration numbers: a date of birth that exists, and a digit for the century. The check digit
 * proves numbers without a hyphen; with one it is not asked for, because numbers given since October 2020 have none.
 * Born since then, numbers without a hyphen pass by their date alone.
 */
function isResident(date: string, century: string, rest: string, hasDash: boolean): boolean {
  const years = [1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800]
  const year = years[Number(century)] + Number(date.slice(0, 2))
  const month = Number(date.slice(2, 4))
  const day = Number(date.slice(4))
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (!isDate) return false
  // Nobody alive was born in the nineteenth century: what looks so is another number.
  if (century === '0' || century === '9') return false
  if (hasDash) return true
  if (!/^\d{6}$/.test(rest)) return false
  return year * 10_000 + month * 100 + day >= 2020_10_01 ? year < 2030 : hasCheckDigit(`${date}${century}${rest}`)
}

/** Weights 2 to 9, 2 to 5, modulo 11; those of aliens (5 to 8) are two larger. */
function hasCheckDigit(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < 12; i++) sum += Number(digits[i]) * ((i % 8) + 2)
  const check = (11 - (sum % 11)) % 10
  const isAlien = digits[6] >= '5' && digits[6] <= '8'
  return Number(digits[12]) === check || (isAlien && Number(digits[12]) === (check + 2) % 10)
}

/** Prefixes of Visa, Mastercard, American Express, Diners, JCB, UnionPay and of Korean cards (9), then Luhn. */
function isCard(digits: string): boolean {
  if (!/^(4|5[1-5]|2[2-7]|3[4-8]|6|9)/.test(digits) || /^(\d)\1*$/.test(digits)) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]) * (i % 2 === 1 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

/** 10 to 16 digits, and not a date or a phone number that stands behind the name of a bank. */
function isAccount(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  if (digits.length < 10 || digits.length > 16) return false
  return !/^(19|20)\d{2}-\d{1,2}-\d{1,2}/.test(text) && !/^0(2|[3-6]\d|70|80|1[016789])-\d{3,4}-\d{4}$/.test(text)
}
