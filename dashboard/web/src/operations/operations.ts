// What is computed for the operations page: queues with how urgent they are, what is missing, who an account is.

import type { ListedAccount, Operations, PartCheck, Role } from '@/api/types'

export type QueueName = 'analysis' | 'look' | 'given_up' | 'store' | 'second_store' | 'reread' | 'rows_set_aside' | 'lost'

export interface Queue {
  name: QueueName
  /** null: not set up, or nobody knows. */
  count: number | null
  /** Nothing is to wait here for good: that it does is worth red. */
  bad: boolean
}

const BAD: ReadonlySet<QueueName> = new Set(['given_up', 'rows_set_aside', 'lost'])

/** The queues in the way that footage goes, those last that only grow when something is wrong. */
export function queuesOf(found: Operations): Queue[] {
  const { analysis, look, store, second_store, reread, given_up, rows_set_aside, lost } = found.queues
  const counts: Record<QueueName, number | null> = { analysis, look, store, second_store, reread, given_up, rows_set_aside, lost: lost.count }
  return (Object.keys(counts) as QueueName[])
    .filter((name) => name !== 'second_store' || found.stores.length > 1)
    .map((name) => ({ name, count: counts[name], bad: BAD.has(name) && counts[name] !== 0 && !(counts[name] === null && name !== 'rows_set_aside') }))
}

/** `1000+` where counting stopped. */
export function countText(count: number, upTo: number): string {
  return count >= upTo ? `${upTo}+` : String(count)
}

/** What is to be looked at, in the server's order, and how many parts are well. */
export function troubled(checks: readonly PartCheck[]): { troubles: PartCheck[]; well: number; fails: number } {
  const troubles = checks.filter((each) => each.state !== 'ok')
  return { troubles, well: checks.length - troubles.length, fails: troubles.filter((each) => each.state === 'fail').length }
}

/** How wide a bar is, in percent of the greatest; something that is there is never too thin to be seen. */
export function widths(sizes: readonly number[]): number[] {
  const most = Math.max(0, ...sizes)
  return sizes.map((size) => (most === 0 || size === 0 ? 0 : Math.max(1, (100 * size) / most)))
}

/** Whether what is needed is more than what is there; false where nobody knows what is there. */
export function isShort(needed: number, there: number | null): boolean {
  return there !== null && there < needed
}

/** A rate in bytes a second as networks are sold. */
export function rateText(bytesPerS: number): string {
  return `${((bytesPerS * 8) / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} Mbit/s`
}

export type Reach = 'city' | 'county' | 'site' | 'batches'

/** What the scope of a role names; the server refuses anything else. */
export const REACH: Record<Role, Reach> = {
  city_administrator: 'city',
  city_officer: 'city',
  city_supervisor: 'city',
  county_supervisor: 'county',
  site_operator: 'site',
  auditor: 'batches',
  examiner: 'batches',
  scoring_system: 'site',
  device: 'site',
}

const SILENT: ReadonlySet<Role> = new Set(['scoring_system', 'device'])

/** Whether somebody logs in as that role. */
export function logsIn(role: Role): boolean {
  return !SILENT.has(role)
}

export type Standing = 'open' | 'closed' | 'ranOut'

export function standingOf(account: ListedAccount): Standing {
  if (account.open) return 'open'
  return account.disabled !== null ? 'closed' : 'ranOut'
}

/** The open ones first, by role and name. */
export function inOrder(accounts: readonly ListedAccount[]): ListedAccount[] {
  const roles = Object.keys(REACH)
  return [...accounts].sort(
    (one, other) => Number(other.open) - Number(one.open) || roles.indexOf(one.role) - roles.indexOf(other.role) || one.name.localeCompare(other.name, 'en'),
  )
}

export interface Sought {
  who: string
  batch: string
  since: string
  until: string
}

/** What is asked of a record; empty fields are not, and local times become instants. */
export function question(sought: Sought, before: number | undefined, toInstant: (local: string) => string): Record<string, string | number> {
  const asked: Record<string, string | number> = {}
  if (sought.who.trim()) asked.who = sought.who.trim()
  if (sought.batch.trim()) asked.batch = sought.batch.trim()
  if (sought.since) asked.since = toInstant(sought.since)
  if (sought.until) asked.until = toInstant(sought.until)
  if (before !== undefined) asked.before = before
  return asked
}
