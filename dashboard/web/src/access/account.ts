// Who is logged in at this page. Nothing of it is kept in the browser but the cookie, which no script can read.

import { ref } from 'vue'

import { changePassword, fetchSession, logIn, logOut, onLoggedOut } from '@/api/client'
import type { Account } from '@/api/types'

/** undefined until the server has said; null while nobody is logged in. */
export const account = ref<Account | null>()

onLoggedOut(() => {
  account.value = null
})

export async function findAccount(): Promise<void> {
  account.value = (await fetchSession()).account
}

export async function enter(name: string, password: string): Promise<void> {
  account.value = (await logIn(name, password)).account
}

export async function replacePassword(old: string, fresh: string): Promise<void> {
  account.value = (await changePassword(old, fresh)).account
}

export async function leave(): Promise<void> {
  try {
    await logOut()
  } finally {
    account.value = null
  }
}
