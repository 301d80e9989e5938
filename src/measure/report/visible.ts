/** What a reader could not see, or what would change how the text around it looks, is written out. */

/**
 * C0 controls become their pictures (`␀`), lone surrogates, C1 controls and noncharacters U+FFFD; marks and overrides of
 * writing direction, zero-width spaces, line separators and byte order marks their names (`⟨U+202E⟩`). Joiners (U+200C,
 * U+200D) stay: emoji and Indic scripts need them.
 */
export function canonicalText(text: string): string {
  return text
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replace(/[\u0080-\u009f\ufdd0-\ufdef]|\p{Noncharacter_Code_Point}/gu, '\ufffd')
    .replace(/[\0-\u0008\u000b-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421')
    .replace(
      /[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (char) => `⟨U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
    )
}
