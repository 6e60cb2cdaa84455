// What a part of the account's page does that may ask for the password first: the act waits until it was given.
import { ref, type Ref } from 'vue'

import { type Attempt, useAttempt } from './attempt'

export interface ProvenAttempt extends Attempt {
  waiting: Ref<(() => Promise<void>) | undefined>
  goOn: () => Promise<void>
}

/** While `waiting` is set the part shows a ProofForm, and does `goOn` once the password was given. `said` as there. */
export function useProvenAttempt(said?: (kind: string, sentence: string) => string): ProvenAttempt {
  const waiting = ref<() => Promise<void>>()
  let last: (() => Promise<void>) | undefined
  const trying = useAttempt((kind) => {
    if (!kind.endsWith(':proof-needed')) return false
    waiting.value = last
    return true
  }, said)

  async function attempt(doing: () => Promise<void>): Promise<void> {
    last = doing
    waiting.value = undefined
    await trying.attempt(doing)
  }

  async function goOn(): Promise<void> {
    if (waiting.value) await attempt(waiting.value)
  }

  return { ...trying, attempt, waiting, goOn }
}
