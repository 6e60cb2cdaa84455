// Disposal lists, loaded once for all parts of the page that show them, and what is computed of them.

import { computed, effectScope, onScopeDispose, type ComputedRef, type EffectScope } from 'vue'

import { account } from '@/access/account'
import { fetchDisposals, fetchDue } from '@/api/client'
import type { Disposal, DueBatch } from '@/api/types'
import { polled, type Polled } from '@/polling'
import type { Language } from '@/words'

const ASK_EVERY_MS = 60_000

const maySee = computed(() => account.value?.may.includes('disposals') ?? false)
export const mayPropose = computed(() => account.value?.may.includes('propose_disposal') ?? false)
const mayApprove = computed(() => account.value?.may.includes('approve_disposal') ?? false)

export interface Disposals {
  lists: Disposal[]
  due: DueBatch[]
}

export interface LiveDisposals extends Polled<Disposals> {
  /** How many wait for an approval of who is logged in. */
  waiting: ComputedRef<number>
}

/** Whether a list may still want somebody's approval: not theirs, and not of their side already. */
export function waitsFor(list: Disposal, name: string, role: string): boolean {
  if (list.state !== 'proposed' && list.state !== 'approved_once') return false
  if (list.who === `account:${name}`) return false
  return !list.decisions.some((each) => each.who === `account:${name}` || each.role === role)
}

/** Who it was, as people write it. */
export function personOf(actor: string): string {
  return actor.replace(/^account:/, '')
}

/** Bytes in the unit that people buy disks in. */
export function sizeText(bytes: number, language: Language): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let left = bytes
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000
    unit++
  }
  const digits = unit === 0 || left >= 100 ? 0 : 1
  return `${left.toLocaleString(language === 'zh' ? 'zh-CN' : 'en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${units[unit] ?? ''}`
}

let shown: { scope: EffectScope; disposals: LiveDisposals } | undefined
let showing = 0

async function fetchAll(): Promise<Disposals> {
  const [lists, due] = await Promise.all([maySee.value ? fetchDisposals() : [], mayPropose.value ? fetchDue() : []])
  return { lists, due }
}

function begin(): { scope: EffectScope; disposals: LiveDisposals } {
  const scope = effectScope(true)
  const disposals = scope.run(() => {
    const found = polled(fetchAll, () => ASK_EVERY_MS)
    const waiting = computed(() => {
      const who = account.value
      if (!who || !mayApprove.value) return 0
      return found.data.value?.lists.filter((each) => waitsFor(each, who.name, who.role)).length ?? 0
    })
    return { ...found, waiting }
  })
  if (!disposals) throw new Error('a scope that was just made runs')
  void disposals.load()
  return { scope, disposals }
}

/** Must be called in a setup. */
export function liveDisposals(): LiveDisposals {
  shown ??= begin()
  const mine = shown
  showing++
  onScopeDispose(() => {
    if (--showing > 0) return
    mine.scope.stop()
    shown = undefined
  })
  return mine.disposals
}
