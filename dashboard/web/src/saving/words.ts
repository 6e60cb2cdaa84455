// The words of saving footage, in both languages.

import { computed } from 'vue'

import type { Reach } from '@/saving/saving'
import { language } from '@/words'

interface SavingWords {
  title: string
  span: string
  reach: (reach: Reach) => string
  watermark: string
  blurred: string
  noModel: string
  notKnown: string
  save: string
  asIs: string
  slow: string
  look: string
}

const zh: SavingWords = {
  title: '保存录像',
  span: '时间范围',
  reach: (reach) => (reach === 'all' ? '整场' : `前后各 ${reach / 60} 分钟`),
  watermark: '加水印',
  blurred: '遮挡人头',
  noModel: '未安装检测模型，不能遮挡人头',
  notKnown: '暂时无法确认能否遮挡人头',
  save: '下载',
  asIs: '原样下载，不加水印；仅供观看，不作证据。',
  slow: '重新编码，耗时较长，一次只做一份；下载失败时请稍后再试。不含声音，不作证据。',
  look: '检测可能漏人，交出前请先查看。',
}

const en: SavingWords = {
  title: 'Save footage',
  span: 'Time',
  reach: (reach) => (reach === 'all' ? 'whole sitting' : `${reach / 60} min to each side`),
  watermark: 'Watermark',
  blurred: 'Blur heads',
  noModel: 'No detection model is installed, so heads cannot be blurred',
  notKnown: 'It is not known just now whether heads can be blurred',
  save: 'Download',
  asIs: 'As it is, without a watermark. For watching; it is no evidence.',
  slow: 'Coded anew, which takes long, one at a time: if the download fails, try again later. No sound; no evidence.',
  look: 'A detector misses people: look at it before you hand it on.',
}

export const savingWords = computed(() => (language.value === 'zh' ? zh : en))
