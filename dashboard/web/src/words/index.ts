// Which language the page speaks: Chinese unless the reader chose otherwise, remembered in this browser.

import { computed, ref, watchEffect } from 'vue'

import { en } from './en'
import { zh } from './zh'

export type Language = 'zh' | 'en'

const KEY = 'kaojian.language'

function remembered(): Language {
  try {
    return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh'
  } catch {
    return 'zh' // storage may be forbidden by the browser's settings; the page works without
  }
}

export const language = ref<Language>(remembered())
export const words = computed(() => (language.value === 'zh' ? zh : en))

watchEffect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en'
  document.title = `${words.value.product} · ${words.value.productLong}`
  try {
    localStorage.setItem(KEY, language.value)
  } catch {
    // see above
  }
})
