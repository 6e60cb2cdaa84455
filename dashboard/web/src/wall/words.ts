// The words of the wall, in both languages.

import { computed } from 'vue'

import type { Anew, Reason, Way } from '@/pure/wall'
import { language } from '@/words'

import type { Layout } from './layout'

interface WallWords {
  title: string
  link: string
  layout: string
  tiles: (number: number) => string
  allBatches: string
  allSites: string
  none: string
  noneHint: string
  live: string
  way: Record<Way, string>
  wayHint: Record<Way, string>
  anew: (shown: string) => string
  anewHint: (anew: Anew) => string
  skipping: string
  opened: string
  toCome: string
  page: (page: number, pages: number) => string
  previous: string
  next: string
  full: string
  leaveFull: string
  keys: string
  snapshot: string
  snapshotHint: string
  snapshotKey: string
  pin: string
  pinHint: string
  allCounties: string
  alarms: Record<Layout['alarms'], string>
  alarmsLabel: string
  turns: (seconds: number) => string
  turnsLabel: string
  notWatched: string
  noneAlarmed: string
  ended: Record<'right_ended' | 'no_room' | 'refused', string>
  codec: string
  age: (seconds: string) => string
  again: (time: string) => string
  reasons: Record<Reason, string>
}

const zh: WallWords = {
  title: '巡查墙',
  link: '巡查墙',
  layout: '画面数',
  tiles: (number) => `${number} 画面`,
  allBatches: '全部批次',
  allSites: '全部考场',
  none: '现在没有可巡查的画面',
  noneHint: '场次录像开始前两小时起至结束归档前，其摄像头显示于此。',
  live: '实时',
  way: { whep: 'WebRTC', mse: 'WebSocket' },
  wayHint: { whep: '画面经 WebRTC（WHEP）传送，延时低', mse: '画面经 WebSocket 传送，占用少，UDP 不通时也用它' },
  anew: (shown) => `转码 ${shown}`,
  anewHint: ({ codec, of, shown }) => `摄像头发送 ${codec} ${of}，浏览器不能可靠播放；此处由服务器转码为 H.264 ${shown} 显示，录像不受影响`,
  skipping: '网络慢，有跳帧',
  opened: '进行中',
  toCome: '待开考',
  page: (page, pages) => `第 ${page} / ${pages} 页`,
  previous: '上一页',
  next: '下一页',
  full: '全屏',
  leaveFull: '退出全屏',
  keys: '方向键移动，回车放大，P 固定，PageUp / PageDown 翻页',
  snapshot: '截取',
  snapshotHint: '取当前画面的时刻登记问题（S）；画面不存于浏览器，以录像为证',
  snapshotKey: 'S 截取画面登记问题',
  pin: '固定',
  pinHint: '固定在最前（P）',
  allCounties: '全部县（市、区）',
  alarms: { listed: '按场次', first: '报警优先', only: '只看报警' },
  alarmsLabel: '报警',
  turns: (seconds) => (seconds ? `${seconds} 秒轮巡` : '不轮巡'),
  turnsLabel: '轮巡',
  notWatched: '报警服务未运行：没有报警不说明没有问题',
  noneAlarmed: '现在没有带报警的画面',
  ended: {
    right_ended: '观看权限已结束',
    no_room: '同时观看的画面已达上限',
    refused: '不可观看此画面',
  },
  codec: '浏览器不支持此摄像头的编码（如 H.265），请将其子码流设为 H.264',
  age: (seconds) => `画面已过 ${seconds} 秒`,
  again: (time) => `${time} 再试`,
  reasons: {
    connecting: '正在连接摄像头',
    lost: '摄像头连接中断',
    stalled: '摄像头已连接，但无画面',
    refused: '摄像头拒绝再接一路，录像优先',
    no_room: '录像机会话须留给录像',
    yielded: '摄像头须先供录像使用',
    unsupported: '浏览器不支持此摄像头的编码（如 H.265），请将其子码流设为 H.264',
    no_coder: 'H.265 等编码须转码，转码名额已满；可少看几路，或将其子码流设为 H.264',
    coder_lost: '转码进程中断，正在重新开始',
    no_codec: '本机缺少转码所需的编解码器，请将摄像头子码流设为 H.264',
    undecodable: '摄像头的画面无法解码，不能转码；请将其子码流设为 H.264',
    offline: '与服务的连接中断',
    old: '无新画面',
    frozen: '浏览器未显示新画面',
    starting: '等待第一帧',
  },
}

const en: WallWords = {
  title: 'Wall',
  link: 'Wall',
  layout: 'Tiles',
  tiles: (number) => (number === 1 ? '1 tile' : `${number} tiles`),
  allBatches: 'All batches',
  allSites: 'All sites',
  none: 'There is nothing to watch now',
  noneHint: 'The cameras of a sitting are here from two hours before it is recorded until it is closed.',
  live: 'Live',
  way: { whep: 'WebRTC', mse: 'WebSocket' },
  wayHint: {
    whep: 'Pictures come over WebRTC (WHEP), with less delay',
    mse: 'Pictures come over a WebSocket, which costs less and goes where UDP does not',
  },
  anew: (shown) => `Coded anew ${shown}`,
  anewHint: ({ codec, of, shown }) =>
    `The camera sends ${codec} ${of}, which browsers do not play for sure: the host codes it anew as H.264 ${shown}; the footage is as the camera sent it`,
  skipping: 'Slow network: pictures left out',
  opened: 'Running',
  toCome: 'To come',
  page: (page, pages) => `Page ${page} of ${pages}`,
  previous: 'Previous page',
  next: 'Next page',
  full: 'Full screen',
  leaveFull: 'Leave full screen',
  keys: 'Arrows move, Enter enlarges, P pins, PageUp and PageDown turn the page',
  snapshot: 'Snapshot',
  snapshotHint: 'Take the instant of this picture into a finding (S); no picture is kept here, the footage proves it',
  snapshotKey: 'S takes a picture into a finding',
  pin: 'Pin',
  pinHint: 'Keep it in front (P)',
  allCounties: 'All counties',
  alarms: { listed: 'As listed', first: 'Alarms first', only: 'Alarms only' },
  alarmsLabel: 'Alarms',
  turns: (seconds) => (seconds ? `Turn every ${seconds} s` : 'No turning'),
  turnsLabel: 'Turning pages',
  notWatched: 'Nobody looks for alarms: that there is none tells nothing',
  noneAlarmed: 'No picture has an alarm now',
  ended: {
    right_ended: 'The right to watch has ended',
    no_room: 'As many tiles are watched as may be',
    refused: 'This camera may not be watched',
  },
  codec: 'Browsers do not play what this camera sends (H.265, say): set its sub-stream to H.264',
  age: (seconds) => `Picture of ${seconds} s ago`,
  again: (time) => `next try ${time}`,
  reasons: {
    connecting: 'Connecting to the camera',
    lost: 'The camera is lost',
    stalled: 'The camera is connected and sends no picture',
    refused: 'The camera refuses another connection; recording comes first',
    no_room: 'The sessions of the NVR are kept for recording',
    yielded: 'Recording needs the camera first',
    unsupported: 'Browsers do not play what this camera sends (H.265, say): set its sub-stream to H.264',
    no_coder: 'H.265 has to be coded anew, and as many cameras are as may be: watch fewer, or set its sub-stream to H.264',
    coder_lost: 'What codes its pictures anew has ended, and is begun again',
    no_codec: 'This host lacks what it takes to code its pictures anew: set its sub-stream to H.264',
    undecodable: 'Its pictures cannot be decoded, nor coded anew: set its sub-stream to H.264',
    offline: 'No connection to the service',
    old: 'No new picture',
    frozen: 'The browser shows no new picture',
    starting: 'Waiting for the first picture',
  },
}

export const wallWords = computed(() => (language.value === 'zh' ? zh : en))
