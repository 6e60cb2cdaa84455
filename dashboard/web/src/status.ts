// What the service does right now, loaded once for all parts of the page that show it: while any of them does.

import { effectScope, onScopeDispose, type EffectScope } from 'vue'

import { fetchStatus } from '@/api/client'
import type { Status } from '@/api/types'
import { polled, type Polled } from '@/polling'
import { instant } from '@/pure/time'

export const STATUS_MS = 5_000

let shown: { scope: EffectScope; status: Polled<Status> } | undefined
let showing = 0

function begin(): { scope: EffectScope; status: Polled<Status> } {
  const scope = effectScope(true)
  const status = scope.run(() => polled(fetchStatus, () => STATUS_MS))
  if (!status) throw new Error('a scope that was just made runs')
  void status.load()
  return { scope, status }
}

/**
 * What time it is by the service's clock, in milliseconds: that of a reader's computer may be anything. Must be called
 * in a setup.
 */
export function serviceClock(): () => number {
  const { data, loadedAt } = liveStatus()
  return () => Date.now() + (data.value ? instant(data.value.at) - loadedAt.value : 0)
}

/** Must be called in a setup. */
export function liveStatus(): Polled<Status> {
  shown ??= begin()
  const mine = shown
  showing++
  onScopeDispose(() => {
    if (--showing > 0) return
    mine.scope.stop()
    shown = undefined
  })
  return mine.status
}
