// What is computed of suspicions: who has a page of them, and which are shown.

import { computed } from 'vue'

import { account, may } from '@/access/account'
import type { Role, Suspicion, SuspicionSort } from '@/api/types'

/** Who looks into them. A site and a system that scores may read those of their own batches over the API, as they may
 * read every clause, but looking into them is not their part. */
export const LOOKING: readonly Role[] = ['city_officer', 'city_supervisor', 'county_supervisor', 'auditor']

export const mayLook = computed(() => may('cases') && LOOKING.some((each) => each === account.value?.role))

export type SortFilter = SuspicionSort | 'all'

/** Those of a sort that tell of a batch; '' is every batch. */
export function shown(all: readonly Suspicion[], sort: SortFilter, batch: string): Suspicion[] {
  return all.filter((each) => (sort === 'all' || each.sort === sort) && (!batch || each.batches.includes(batch)))
}

/** All batches that something is told of, in the order of their ids. */
export function batchesOf(all: readonly Suspicion[]): string[] {
  return [...new Set(all.flatMap((each) => each.batches))].sort()
}
