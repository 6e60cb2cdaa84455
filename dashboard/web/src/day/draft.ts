// What was typed into a form and not sent yet: it is there again when the form is opened again, for the same person,
// until it is sent. Kept in memory only; never the number of anybody's document.

import { reactive } from 'vue'

import { account } from '@/access/account'

const kept = new Map<string, object>()

export interface Draft<T> {
  fields: T
  forget: () => void
}

export function draft<T extends object>(name: string, empty: T): Draft<T> {
  const key = `${account.value?.name ?? ''} ${name}`
  const fields = (kept.get(key) as T | undefined) ?? (reactive({ ...empty }) as T)
  kept.set(key, fields)
  return {
    fields,
    forget: () => {
      kept.delete(key)
      Object.assign(fields, empty)
    },
  }
}
