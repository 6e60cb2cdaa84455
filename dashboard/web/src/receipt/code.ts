// The code of a receipt as people type it: read the way the server reads it, so that a slip is told before it is asked.

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ' // Crockford's base 32: no I, L, O, U
const CHECKS = `${ALPHABET}*~$=U`
const LENGTH = 33
const READ_AS: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' }

/** What was typed or pasted without what does no harm: groups, spaces, an address or a word before the code. */
export function plainCode(typed: string): string {
  const wide = typed.normalize('NFKC').trim()
  const last = wide.split(/[/:]/).filter((part) => part.trim()).at(-1) ?? ''
  return last
    .replace(/[?#].*$/, '')
    .toUpperCase()
    .replace(/[-‐‑‒–—−_·.\s]/g, '')
    .replace(/[OIL]/g, (each) => READ_AS[each] ?? each)
}

/** The code in its groups; undefined where it is none, or a character of it is wrong. */
export function readCode(typed: string): string | undefined {
  const code = plainCode(typed)
  if (code.length !== LENGTH) return undefined
  let number = 0n
  for (const each of code.slice(0, -1)) {
    const digit = ALPHABET.indexOf(each)
    if (digit < 0) return undefined
    number = number * 32n + BigInt(digit)
  }
  return CHECKS[Number(number % 37n)] === code.at(-1) ? grouped(code) : undefined
}

export function grouped(code: string): string {
  return code.match(/.{1,4}/g)?.join('-') ?? ''
}
