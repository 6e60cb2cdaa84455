// What is computed of a batch as it stands: which clauses are met, what is to be done with a candidate and by whom.
// What may be done is decided by the server; what is offered here is only what it would not refuse.

import type { Case, Clause, Exit, Footage, Proposal, Verdict } from '@/api/types'

/** As the counts are listed: what is wrong first. */
export const VERDICTS: readonly Verdict[] = ['fail', 'unknown', 'pending', 'warn', 'pass', 'not_applicable']
export const PROPOSALS: readonly Proposal[] = ['hold', 'refuse', 'issue']

export type ClauseFilter = Verdict | 'all' | 'unmet'
export type CaseFilter = Proposal | 'all' | 'awaiting'

const UNMET: ReadonlySet<Verdict> = new Set(['fail', 'unknown', 'pending'])
const LEFT_BY: ReadonlySet<Verdict> = new Set(['fail', 'unknown'])

/** Whether a clause passes a filter. What nobody knows is not met, nor is what is outstanding. */
export function isShown(verdict: Verdict, filter: ClauseFilter): boolean {
  if (filter === 'all') return true
  return filter === 'unmet' ? UNMET.has(verdict) : verdict === filter
}

/** How many of each there are, by `order`; those of which there is none are left out. */
export function tally<T extends string>(found: readonly T[], order: readonly T[]): { key: T; count: number }[] {
  return order
    .map((key) => ({ key, count: found.filter((each) => each === key).length }))
    .filter((each) => each.count > 0)
}

/** The section of the notice that a clause stands in: 6 of `C6.2-3`. */
export function sectionOf(id: string): number {
  return Number(/^C(\d+)/.exec(id)?.[1] ?? 0)
}

const NUMERALS = '一二三四五六七八九十'

/** Where in the notice a clause stands, as `六(二)`; in English as `6(2)`, for a lone 一 reads as a dash there. */
export function partIn(part: string, language: 'zh' | 'en'): string {
  if (language === 'zh') return part
  return part.replace(/、/g, ', ').replace(/[一二三四五六七八九十]/g, (each) => String(NUMERALS.indexOf(each) + 1))
}

/** Clauses by section of the notice, in the order in which they come. */
export function bySection(clauses: readonly Clause[]): { section: number; clauses: Clause[] }[] {
  const found: { section: number; clauses: Clause[] }[] = []
  for (const clause of clauses) {
    const section = sectionOf(clause.id)
    if (found.at(-1)?.section !== section) found.push({ section, clauses: [] })
    found.at(-1)?.clauses.push(clause)
  }
  return found
}

/** Which sitting's report is named by something that a clause rests on; undefined for an entry of the register. */
export function reportOf(name: string): number | undefined {
  const number = /^report\/(\d+)$/.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Sitting and station of a place, which names its batch first; undefined for what is none of the batch. */
export function placeOf(batch: string, place: string): { sitting: number; station: string } | undefined {
  if (!place.startsWith(`${batch}/`)) return undefined
  const [, sitting, station] = /^(\d+)\/(.+)$/.exec(place.slice(batch.length + 1)) ?? []
  return sitting && station ? { sitting: Number(sitting), station } : undefined
}

/** What holds a candidate back at which an exit can be taken. */
export function wayOut(found: Case): Footage[] {
  return found.proposal === 'hold' ? found.footage.filter((each) => LEFT_BY.has(each.verdict)) : []
}

export function isAwaited(exit: Exit): boolean {
  return exit.second === null
}

/** Whether an exit waits for somebody, and it can be who is logged in as `name`. */
export function mayConfirm(exit: Exit, name: string): boolean {
  return isAwaited(exit) && exit.by !== `account:${name}`
}

/** Whether a candidate passes a filter. */
export function isCaseShown(found: Case, filter: CaseFilter): boolean {
  if (filter === 'all') return true
  return filter === 'awaiting' ? found.exits.some(isAwaited) : found.proposal === filter
}

/** Which decisions would change something and not be refused: nothing that is held back, no issue of what is refused. */
export function decisionsOpen(found: Case): { issue: boolean; withhold: boolean } {
  const { proposal, decision } = found
  const stands = (issue: boolean) => decision !== null && decision.issue === issue && decision.proposed === proposal
  return {
    issue: proposal === 'issue' && !stands(true),
    withhold: proposal !== 'hold' && !stands(false),
  }
}

/** Whether a decision has a reason: it is not what is proposed, or not what was decided before. */
export function wantsReason(found: Case, issue: boolean): boolean {
  return (!issue && found.proposal === 'issue') || (found.decision !== null && found.decision.issue !== issue)
}

const CHINESE_END = /\s([\u4e00-\u9fff](?:(?!\s[a-z]{2,}(?:\s|$)).)*)$/

/**
 * Of a refusal's sentence the part in one language. The server tells some in English with the Chinese after it; where
 * they cannot be told apart, all of it.
 */
export function sentenceIn(said: string, language: 'zh' | 'en'): string {
  const found = CHINESE_END.exec(said)
  if (!found?.[1]) return said
  return language === 'zh' ? found[1] : said.slice(0, found.index)
}
