// Which parts of the operations page who is logged in has any business with.

import { computed } from 'vue'

import { may } from '@/access/account'

export const mayOperate = computed(() => may('health') || may('audit') || may('admit'))
