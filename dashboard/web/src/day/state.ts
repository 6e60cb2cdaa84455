// What a sitting's page shows, loaded again and again while it changes, and at once after each act.

import { computed, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'

import { fetchDay, fetchReadiness } from '@/api/client'
import type { Day, Readiness } from '@/api/types'
import { polled } from '@/polling'

const DAY_MS = 5_000
const CLOSED_MS = 60_000
const CHECK_MS = 20_000 // it reads footage and tries the object stores

export interface Place {
  batch: string
  number: number
}

export interface SittingState {
  day: ShallowRef<Day | undefined>
  problem: Ref<string | null>
  loadedAt: Ref<number>
  readiness: ComputedRef<Readiness | undefined>
  checkProblem: Ref<string | null>
  load: () => Promise<void>
  /** After something was entered: both anew. */
  entered: () => Promise<void>
}

/** Must be called in a setup. */
export function sittingState(place: Place): SittingState {
  const day = polled(() => fetchDay(place), (last) => (last?.sitting.state === 'closed' ? CLOSED_MS : DAY_MS))
  const planned = computed(() => day.data.value?.sitting.state === 'planned')
  const check = polled(() => fetchReadiness(place), () => (planned.value ? CHECK_MS : null))
  watch(planned, (is) => {
    if (is) void check.load()
  })
  void day.load()

  async function entered(): Promise<void> {
    await Promise.all([day.load(), ...(planned.value ? [check.load()] : [])])
  }

  return {
    day: day.data,
    problem: day.problem,
    loadedAt: day.loadedAt,
    readiness: computed(() => (planned.value ? check.data.value : undefined)),
    checkProblem: check.problem,
    load: day.load,
    entered,
  }
}
