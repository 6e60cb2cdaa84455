// What is computed of suspicions: which are shown.

import type { Suspicion, SuspicionSort } from '@/api/types'

export type SortFilter = SuspicionSort | 'all'

/** Those of a sort that tell of a batch; '' is every batch. */
export function shown(all: readonly Suspicion[], sort: SortFilter, batch: string): Suspicion[] {
  return all.filter((each) => (sort === 'all' || each.sort === sort) && (!batch || each.batches.includes(batch)))
}

/** All batches that something is told of, in the order of their ids. */
export function batchesOf(all: readonly Suspicion[]): string[] {
  return [...new Set(all.flatMap((each) => each.batches))].sort()
}
