// The words of synchronised playback, in both languages.

import { computed } from 'vue'

import type { Failure } from '@/sync/track'
import { language } from '@/words'

interface SyncWords {
  title: string
  open: string
  cameras: (chosen: number, most: number) => string
  choose: string
  play: string
  pause: string
  back: string
  forth: string
  waiting: string
  loading: string
  over: string
  gap: string
  goesOn: (time: string) => string
  noMore: string
  noneChosen: string
  keys: string
  failures: Record<Failure, string>
}

const zh: SyncWords = {
  title: '同步回放',
  open: '同步回放',
  cameras: (chosen, most) => `摄像机 ${chosen}/${most}`,
  choose: '选择同步回放的摄像机',
  play: '播放',
  pause: '暂停',
  back: '上一帧',
  forth: '下一帧',
  waiting: '有画面正在加载，全部等待',
  loading: '正在加载',
  over: '录像到此为止。',
  gap: '没有录像',
  goesOn: (time) => `${time} 恢复`,
  noMore: '此后没有录像',
  noneChosen: '请选择摄像机。',
  keys: '空格 播放/暂停，逗号 句号 逐帧，[ ] 上一/下一断档，- + 倍速',
  failures: {
    none: '所选时段没有可回放的录像。',
    forbidden: '当前账户不能观看此录像，或场次尚未结束。',
    disposed: '录像已按处置清单销毁。',
    codec: '浏览器不能播放此编码，请单独打开这台摄像机下载观看。',
    failed: '录像无法播放，请稍后再试。',
  },
}

const en: SyncWords = {
  title: 'Synchronised playback',
  open: 'Play together',
  cameras: (chosen, most) => `Cameras ${chosen}/${most}`,
  choose: 'Cameras to play together',
  play: 'Play',
  pause: 'Pause',
  back: 'Frame back',
  forth: 'Frame forward',
  waiting: 'A picture is loading; all wait',
  loading: 'Loading',
  over: 'The footage ends here.',
  gap: 'No footage',
  goesOn: (time) => `goes on at ${time}`,
  noMore: 'No footage after this',
  noneChosen: 'Choose cameras.',
  keys: 'Space plays and pauses, comma and full stop step by a frame, [ ] go to gaps, - + change the speed',
  failures: {
    none: 'There is no footage to play in this time.',
    forbidden: 'This account may not watch the footage, or the sitting has not ended.',
    disposed: 'The footage went by an order of disposal.',
    codec: 'This browser does not play this coding: open the camera alone to save its file.',
    failed: 'The footage cannot be played now. Try again later.',
  },
}

export const syncWords = computed(() => (language.value === 'zh' ? zh : en))
