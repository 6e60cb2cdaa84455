// The words of the command view, in both languages.

import { computed } from 'vue'

import type { StandingAlarm } from '@/api/types'
import type { Tone } from '@/pure/situation'
import { language } from '@/words'

interface CommandWords {
  title: string
  link: string
  today: string
  open: string
  recording: string
  out: string
  present: string
  absent: string
  alarms: string
  since: (time: string) => string
  noAlarm: string
  asleep: (since: string) => string
  never: string
  sites: (count: number) => string
  noSite: string
  noSitting: string
  otherSites: (count: number) => string
  cameras: (recording: number, all: number) => string
  idle: string
  stations: (count: number) => string
  camerasOut: (count: number) => string
  signedIn: (present: number, seated: number) => string
  missing: (count: number) => string
  noRoll: string
  tones: Record<Tone, string>
  kinds: Partial<Record<StandingAlarm['kind'], string>> // as domain.alarms has them
  toSitting: string
  toStatus: string
  toWall: string
}

const zh: CommandWords = {
  title: '指挥总览',
  link: '总览',
  today: '今日场次',
  open: '进行中',
  recording: '摄像机录像中',
  out: '摄像机中断',
  present: '已签到',
  absent: '缺考',
  alarms: '报警',
  since: (time) => `自 ${time} 起`,
  noAlarm: '当前无报警',
  asleep: (since) => `报警服务自 ${since} 起未再查看：下列未必齐全，没有报警也不说明没有问题`,
  never: '报警服务从未运行：没有报警不说明没有问题',
  sites: (count) => `${count} 个定点考场`,
  noSite: '您的权限内没有定点考场',
  noSitting: '今日无场次',
  otherSites: (count) => `另有 ${count} 个定点考场今日无场次`,
  cameras: (recording, all) => `录像 ${recording}/${all}`,
  idle: '未录像',
  stations: (count) => `${count} 工位`,
  camerasOut: (count) => `中断 ${count}`,
  signedIn: (present, seated) => `签到 ${present}/${seated}`,
  missing: (count) => `缺考 ${count}`,
  noRoll: '无座位安排',
  tones: { alarm: '异常', recording: '录像中', waiting: '待录像', idle: '无场次' },
  kinds: {
    camera_lost: '摄像机失联',
    nvr_lost: '硬盘录像机失联',
    recorder_lost: '录像服务停止',
    spool_low: '暂存盘空间不足',
    spool_full: '暂存盘已满',
    second_copy_behind: '第二份录像滞后',
    clock_unsynchronised: '主机时钟未同步',
    picture_fault: '画面异常',
    view_obstructed: '工位被遮挡',
    break_glass: '紧急进入',
  },
  toSitting: '查看场次',
  toStatus: '查看运行状态',
  toWall: '巡查墙',
}

const en: CommandWords = {
  title: 'Command view',
  link: 'Overview',
  today: 'Sittings today',
  open: 'Open now',
  recording: 'Cameras recording',
  out: 'Cameras out',
  present: 'Signed in',
  absent: 'Absent',
  alarms: 'Alarms',
  since: (time) => `since ${time}`,
  noAlarm: 'No alarm stands',
  asleep: (since) => `Nobody has looked for alarms since ${since}: there may be others, and no alarm does not mean no trouble`,
  never: 'Nobody has ever looked for alarms: that there is none does not mean no trouble',
  sites: (count) => (count === 1 ? '1 site' : `${count} sites`),
  noSite: 'There is no site in your scope',
  noSitting: 'No sitting today',
  otherSites: (count) => (count === 1 ? '1 more site without a sitting today' : `${count} more sites without a sitting today`),
  cameras: (recording, all) => `${recording}/${all} recording`,
  idle: 'Not recording',
  stations: (count) => (count === 1 ? '1 station' : `${count} stations`),
  camerasOut: (count) => `${count} out`,
  signedIn: (present, seated) => `Signed in ${present}/${seated}`,
  missing: (count) => `${count} absent`,
  noRoll: 'No seats on record',
  tones: { alarm: 'Trouble', recording: 'Recording', waiting: 'To be recorded', idle: 'No sitting' },
  kinds: {
    camera_lost: 'camera lost',
    nvr_lost: 'NVR lost',
    recorder_lost: 'recorder lost',
    spool_low: 'spool nearly full',
    spool_full: 'spool full',
    second_copy_behind: 'second copies behind',
    clock_unsynchronised: 'host clock unsynchronised',
    picture_fault: 'picture fault',
    view_obstructed: 'station obstructed',
    break_glass: 'glass broken',
  },
  toSitting: 'To the sitting',
  toStatus: 'To the status',
  toWall: 'Wall',
}

export const commandWords = computed(() => (language.value === 'zh' ? zh : en))
