// What every form does with its button: one attempt at a time, busy meanwhile, a refusal in words after it.
import { ref, type Ref } from 'vue'

import { Refused } from '@/api/client'
import { refusal } from './words'

export interface Attempt {
  problem: Ref<string>
  busy: Ref<boolean>
  attempt: (doing: () => Promise<void>) => Promise<void>
}

/**
 * `answered` is told of a refusal by its kind; true says that the form deals with it and no word is needed. `said` is
 * the word for the others, by kind and the server's own sentence.
 */
export function useAttempt(
  answered: (kind: string) => boolean = () => false,
  said: (kind: string, sentence: string) => string = refusal,
): Attempt {
  const problem = ref('')
  const busy = ref(false)

  async function attempt(doing: () => Promise<void>): Promise<void> {
    busy.value = true
    problem.value = ''
    try {
      await doing()
    } catch (error) {
      const kind = error instanceof Refused ? error.kind : ''
      if (!answered(kind)) problem.value = said(kind, error instanceof Refused ? error.message : '')
    } finally {
      busy.value = false
    }
  }

  return { problem, busy, attempt }
}
