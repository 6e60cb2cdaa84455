// Loads something now and again: shows the first answer soon, keeps the last good one when a later load fails,
// and stops with the page.

import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

import { Refused } from '@/api/client'

export interface Polled<T> {
  data: ShallowRef<T | undefined>
  /** The type of the last failed load's problem ('' when nothing answered); null after a good one. */
  problem: Ref<string | null>
  loadedAt: Ref<number>
  load: () => Promise<void>
}

/** `every` says after how many milliseconds to load again, or null to stop. Must be called in a setup. */
export function polled<T>(fetch: () => Promise<T>, every: (last: T | undefined) => number | null): Polled<T> {
  const data = shallowRef<T>()
  const problem = ref<string | null>(null)
  const loadedAt = ref(0)
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  let turn = 0

  async function load(): Promise<void> {
    clearTimeout(timer)
    const mine = ++turn
    try {
      const answer = await fetch()
      if (mine !== turn) return
      data.value = answer
      problem.value = null
      loadedAt.value = Date.now()
    } catch (error) {
      if (mine !== turn) return
      problem.value = error instanceof Refused ? error.kind : ''
    }
    const pause = every(data.value)
    if (!stopped && pause !== null) timer = setTimeout(() => void load(), pause)
  }

  onScopeDispose(() => {
    stopped = true
    turn++
    clearTimeout(timer)
  })
  return { data, problem, loadedAt, load }
}
