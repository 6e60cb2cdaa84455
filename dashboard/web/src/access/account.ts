// Who is logged in at this page. Nothing of it is kept in the browser but the cookie, which no script can read.

import { ref } from 'vue'

import {
  changePassword,
  confirmFactor,
  fetchSession,
  logIn,
  logOut,
  onLoggedOut,
  removeFactor,
  secondStep,
} from '@/api/client'
import type { Account, Act, BrokenGlass, Session } from '@/api/types'

/** undefined until the server has said; null while nobody is logged in. */
export const account = ref<Account | null>()
/** The password was right and a code is asked for next. */
export const awaitsCode = ref(false)
/** Recovery codes that were just made and are not put away yet; nothing else is shown meanwhile. */
export const freshCodes = ref<string[]>([])
/** Emergency accounts that everybody who is logged in is told of. */
export const brokenGlass = ref<BrokenGlass[]>([])

export function may(act: Act): boolean {
  return account.value?.may.includes(act) ?? false
}
/** Somebody whom the identity provider vouches for has just left; it may know them still. */
export const leftLinked = ref(false)

function take(session: Session): void {
  account.value = session.account
  awaitsCode.value = session.second_step ?? false
  brokenGlass.value = session.broken_glass ?? []
}

onLoggedOut(() => {
  account.value = null
})

export async function findAccount(): Promise<void> {
  take(await fetchSession())
}

export async function enter(name: string, password: string): Promise<void> {
  take(await logIn(name, password))
}

export async function enterCode(code: string): Promise<void> {
  take(await secondStep(code))
}

export async function replacePassword(old: string, fresh: string): Promise<void> {
  take(await changePassword(old, fresh))
}

export async function confirm(code: string): Promise<void> {
  const made = await confirmFactor(code)
  freshCodes.value = made.codes
  take(made.session)
}

export async function takeAway(code: string): Promise<void> {
  take(await removeFactor(code))
}

export async function leave(): Promise<void> {
  leftLinked.value = account.value?.linked ?? false
  try {
    await logOut()
  } finally {
    account.value = null
    freshCodes.value = []
  }
}
