// The permits that concern who is logged in, loaded once for all parts of the page that show them: while any does.

import { computed, effectScope, onScopeDispose, type ComputedRef, type EffectScope } from 'vue'

import { account } from '@/access/account'
import { fetchOwnPermits, fetchPermits } from '@/api/client'
import type { Permit, PermitToDecide } from '@/api/types'
import { polled, type Polled } from '@/polling'

const ASK_EVERY_MS = 30_000

export const mayAsk = computed(() => account.value?.may.includes('ask') ?? false)
export const mayDecide = computed(() => account.value?.may.includes('approve') ?? false)

export interface Concerning {
  own: Permit[]
  toDecide: PermitToDecide[]
}

export interface Permits extends Polled<Concerning> {
  /** How many wait for a decision of who is logged in. */
  waiting: ComputedRef<number>
}

let shown: { scope: EffectScope; permits: Permits } | undefined
let showing = 0

async function fetchAll(): Promise<Concerning> {
  const [own, toDecide] = await Promise.all([
    mayAsk.value ? fetchOwnPermits() : [],
    mayDecide.value ? fetchPermits() : [],
  ])
  return { own, toDecide }
}

function begin(): { scope: EffectScope; permits: Permits } {
  const scope = effectScope(true)
  const permits = scope.run(() => {
    const found = polled(fetchAll, () => ASK_EVERY_MS)
    const waiting = computed(() => found.data.value?.toDecide.filter((each) => each.state === 'waiting').length ?? 0)
    return { ...found, waiting }
  })
  if (!permits) throw new Error('a scope that was just made runs')
  void permits.load()
  return { scope, permits }
}

/** Must be called in a setup. */
export function livePermits(): Permits {
  shown ??= begin()
  const mine = shown
  showing++
  onScopeDispose(() => {
    if (--showing > 0) return
    mine.scope.stop()
    shown = undefined
  })
  return mine.permits
}
