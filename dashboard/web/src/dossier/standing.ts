// What is computed of a dossier and of certificates as they stand. What may be done is decided by the server.

import type { Certificates, Dossier, DossierNeed, Item } from '@/api/types'

/** What is filed as scans, in the notice's order. */
export const FILED: readonly Item[] = ['papers', 'score_sheets', 'room_record', 'sign_in_sheet', 'roster']
const BY_SUBJECT: ReadonlySet<Item> = new Set(['papers', 'score_sheets'])

export const MOST_BYTES = 64 * 2 ** 20

export function hasSubject(item: Item): boolean {
  return BY_SUBJECT.has(item)
}

export function hasSitting(item: Item): boolean {
  return item !== 'roster' && item !== 'footage'
}

/** What is missing, in the order of the notice; footage is told apart. */
export function missing(found: Dossier): DossierNeed[] {
  return found.needs.filter((each) => each.scan === null)
}

/** Subjects and sittings that scans may be of, as far as what is needed tells. */
export function choices(found: Dossier): { subjects: string[]; sittings: number[] } {
  const subjects = found.needs.map((each) => each.subject).filter(Boolean)
  const sittings = found.needs.map((each) => each.sitting).filter(Boolean)
  return { subjects: [...new Set(subjects)].sort(), sittings: [...new Set(sittings)].sort((a, b) => a - b) }
}

/** How many blank forms were not there when they were counted last; 0 where nobody counted. */
export function unaccounted(forms: Certificates['forms']): number {
  return forms.counted === null || forms.by_book === null ? 0 : forms.by_book - forms.counted
}

export function kilobytes(bytes: number): string {
  return Math.ceil(bytes / 1024).toLocaleString('en')
}
