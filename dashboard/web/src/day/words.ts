// The words of an exam day, in both languages.

import { computed } from 'vue'

import type { IdCheck, IncidentKind, Stage } from '@/api/types'
import { sentenceIn } from '@/batch/standing'
import { language } from '@/words'

import type { Confirmable, Standing, Step } from './day'

interface DayWords {
  title: string
  none: string
  noneHint: string
  chooseSitting: string
  zone: string
  steps: Record<Step, string>
  next: string
  dueIn: (minutes: number) => string
  dueAt: (time: string) => string
  overdue: (minutes: number) => string
  allDone: string
  report: string
  says: Record<Step, string>
  saysUnchecked: string
  saysTail: (minutes: number) => string
  saysMarked: (time: string) => string
  startUnmarked: (why: string) => string
  at: string
  rightNow: string
  otherTime: string
  reasonToCorrect: string
  takeBack: string
  confirm: Record<Step, string>
  cancel: string
  noted: string
  noGoReason: string
  signGo: string
  tabs: Record<'check' | 'cameras' | 'incidents' | 'papers', string>
  panels: string
  noGo: (count: number) => string
  looking: string
  whole: string
  room: (name: string) => string
  toDo: string
  trial: string
  trialHint: string
  trialRuns: (until: string) => string
  items: Record<Confirmable, string>
  confirmAll: (items: string) => string
  nothingRed: string
  sayOne: string
  saysLook: string
  found: Record<'fine' | 'wrong' | 'unneeded', string>
  note: string
  lacking: string
  method: string
  methodAsked: string
  roll: string
  checks: Record<IdCheck, string>
  standings: Record<Standing, string>
  signIn: string
  absent: string
  more: string
  moreOf: (name: string) => string
  tally: (planned: number, present: number, absent: number, open: number) => string
  noCandidates: string
  unplaced: string
  number: string
  numberHint: string
  movedFrom: (station: string) => string
  lastDone: (who: string, what: string) => string
  correctTo: (what: string) => string
  acts: Record<'sign-in' | 'absent' | 'move' | 'violation' | 'leave', string>
  saysAct: Record<'sign-in' | 'absent' | 'move' | 'violation' | 'leave', string>
  freeStation: string
  noFreeStation: string
  why: string
  what: string
  handling: string
  excludes: string
  violations: string
  cameraOut: (since: string) => string
  noCameras: string
  toIncident: string
  cameraSays: (camera: string) => string
  cameraHandled: string
  swap: string
  sees: (stations: string) => string
  incident: string
  incidents: Record<IncidentKind, string>
  saysIncident: Record<IncidentKind, string>
  noIncidents: string
  minutes: string
  until: string
  minutesTold: (minutes: number) => string
  untilTold: (time: string) => string
  signedRecord: string
  reasonSigned: string
  noParcels: string
  parcel: (parcel: string) => string
  stages: Record<Stage, string>
  handOver: (stage: string) => string
  saysHandOver: string
  givenBy: string
  takenBy: string
  seal: string
  sealOf: (seal: string) => string
  intact: string
  sealWhole: string
  broken: string
  notLooked: string
  skipped: (stages: string) => string
  complete: string
  stale: (time: string) => string
  refusals: Record<string, string>
  failed: string
}

const zh: DayWords = {
  title: '考场当日',
  none: '今天没有场次',
  noneHint: '今天（北京时间）本账户的考场没有安排场次。全部安排见“批次与场次”。',
  chooseSitting: '选择场次',
  zone: '北京时间 UTC+8',
  steps: { check: '自检签署', opened: '启封', read: '宣读', start: '开考', collected: '收卷', sealed: '封装', close: '结束' },
  next: '下一步',
  dueIn: (minutes) => `${minutes} 分钟后到时`,
  dueAt: (time) => `${time} 到时`,
  overdue: (minutes) => `已过 ${minutes} 分钟`,
  allDone: '本场次各步骤已完成',
  report: '查看报告',
  says: {
    check: '再检查一次，并以您的名义签署结果。签署后不能更改，设置变动后须重新自检。',
    opened: '记下试卷启封的时间。填错可带原因更正。',
    read: '记下宣读考场纪律的时间。填错可带原因更正。',
    start: '记下开考时间，并固定本场次所依据的设置。不能撤销。录像早已开始，不受影响。',
    collected: '记下收卷的时间。填错可带原因更正。',
    sealed: '记下试卷封装的时间。填错可带原因更正。',
    close: '记下考试结束时间，关闭本场次。不能撤销。',
  },
  saysUnchecked: '尚无通过并签署的考前自检：可以开考，报告会写明。',
  saysTail: (minutes) => `录像在结束时间后再录 ${minutes} 分钟即停；之后才封装的，没有录像。`,
  saysMarked: (time) => `已记为 ${time}。再记一次即为更正，两次都留存。`,
  startUnmarked: (why) => `场次已开考；“开考”时间标记未记上：${why}`,
  at: '时间（北京时间）',
  rightNow: '现在',
  otherTime: '另填',
  reasonToCorrect: '更正原因',
  takeBack: '撤销此时间',
  confirm: { check: '签署', opened: '确认启封', read: '确认宣读', start: '确认开考', collected: '确认收卷', sealed: '确认封装', close: '确认结束' },
  cancel: '取消',
  noted: '已记录，请留意：',
  noGoReason: '自检未通过，仍要开考的原因',
  signGo: '自检通过，可直接签署。',
  tabs: { check: '自检', cameras: '摄像机', incidents: '异常', papers: '试卷' },
  panels: '自检、摄像机、异常与试卷',
  noGo: (count) => `${count} 项未通过`,
  looking: '正在检查……',
  whole: '整场',
  room: (name) => (/[场室]$/.test(name) ? name : `考场 ${name}`),
  toDo: '处理',
  trial: '试录',
  trialHint: '录两分钟左右，看每台摄像机是否录得上。',
  trialRuns: (until) => `试录中，至 ${until}`,
  items: { signs: '标识', notice: '监控提示', equipment: '设备完好', tools: '工卡量具', materials: '原材料' },
  confirmAll: (items) => `现场已看过：${items}`,
  nothingRed: '没有未通过的项目。',
  sayOne: '逐项登记或有问题',
  saysLook: '以现场所见为准，记在您的名下；可以再记一次更正。',
  found: { fine: '无误', wrong: '有问题', unneeded: '不需要' },
  note: '说明',
  lacking: '缺少的工位',
  method: '人证核验',
  methodAsked: '请先选择核验方式，再点签到',
  roll: '点名单',
  checks: { compared: '人工比对', typed: '录入号码', card: '读卡', none: '未核验' },
  standings: { open: '未到', present: '已签到', absent: '缺考', left: '已离场', excluded: '取消资格' },
  signIn: '签到',
  absent: '缺考',
  more: '更多',
  moreOf: (name) => `${name}：更多操作`,
  tally: (planned, present, absent, open) => `应考 ${planned} · 实到 ${present} · 缺考 ${absent} · 未登记 ${open}`,
  noCandidates: '本考场没有排座的考生',
  unplaced: '没有工位的考生',
  number: '证件号码',
  numberHint: '读卡器可直接刷入；只用于核对，不在页面保存',
  movedFrom: (station) => `原工位 ${station}`,
  lastDone: (who, what) => `${who}：${what}`,
  correctTo: (what) => `改为${what}`,
  acts: { 'sign-in': '签到', absent: '缺考', move: '换工位', violation: '违纪', leave: '离场' },
  saysAct: {
    'sign-in': '记下考生到场。此前记为缺考的，由此更正，两次都留存。',
    absent: '记下考生未到。此前记为签到的，由此更正，两次都留存。',
    move: '从所填时间起，该考生以新工位的录像为准。不能撤销，可再换回。',
    violation: '记入本场次，留存，不能撤销。',
    leave: '该考生的考试时间到此为止。填错可再记一次更正。',
  },
  freeStation: '换到工位',
  noFreeStation: '没有空工位',
  why: '原因',
  what: '情况与原因',
  handling: '处理',
  excludes: '取消考核资格',
  violations: '违纪记录',
  cameraOut: (since) => `自 ${since} 中断`,
  noCameras: '本场次的考场没有登记摄像机',
  toIncident: '记为异常',
  cameraSays: (camera) => `摄像机 ${camera} 无画面`,
  cameraHandled: '更换备用摄像机，同一位置、同一地址',
  swap: '换机：备用机设成同一地址和账户，装回原位、对准原方向，录像自动续上；断档照实保留。换地址须由市中心更新设置，随即生效。',
  sees: (stations) => `看 ${stations}`,
  incident: '记异常',
  incidents: { late_start: '迟开', extension: '延时', postponement: '改期', power_cut: '停电', equipment: '设备故障', other: '其他' },
  saysIncident: {
    late_start: '记入考场记录表。',
    extension: '记入考场记录表。计划时间不变，录像一直录到结束本场次。',
    postponement: '记入考场记录表。新的时间须由市中心重新下达计划。',
    power_cut: '记入考场记录表。断档照实保留。',
    equipment: '记入考场记录表。断档照实保留。',
    other: '记入考场记录表。',
  },
  noIncidents: '没有异常记录',
  minutes: '分钟数',
  until: '改至（北京时间）',
  minutesTold: (minutes) => `${minutes} 分钟`,
  untilTold: (time) => `改至 ${time}`,
  signedRecord: '该考场的记录表已签名，更改后须重新签名。',
  reasonSigned: '更改原因',
  noParcels: '本场次没有登记试卷袋（由市中心登记印制）',
  parcel: (parcel) => `试卷袋 ${parcel}`,
  stages: { printed: '印制', fetched: '领取', carried: '运送', kept: '保管', opened: '启封', collected: '收卷', sealed: '封装', filed: '归档交回' },
  handOver: (stage) => `登记${stage}`,
  saysHandOver: '记下试卷袋的这次交接。没有签字的一方留空，照实记录。',
  givenBy: '交出人',
  takenBy: '接收人',
  seal: '封条号',
  sealOf: (seal) => `封条 ${seal}`,
  intact: '封条',
  sealWhole: '完好',
  broken: '已破',
  notLooked: '未查看',
  skipped: (stages) => `缺 ${stages}`,
  complete: '交接已齐',
  stale: (time) => `连接中断，以下是 ${time} 的情况`,
  refusals: {
    'not-allowed': '您的角色不能做此操作。',
    'already-open': '本场次已经开考。',
    'already-closed': '本场次已经结束。',
    'not-open': '本场次尚未开考，先开考再结束。',
    'closed-batch': '批次已签署封存，不能再记。',
    'mark-stands': '已记过，请填写更正原因。',
    'reason-needed': '请填写原因。',
    'no-go': '自检未通过，请填写仍要开考的原因。',
    'impossible-time': '时间不可能：不能晚于现在，也不能早于之前的事项。',
    'disk-too-full': '录像磁盘空间不足，请先腾出空间或联系运维。',
    'setup-changed': '设置刚刚被更改，请再试一次。',
    'revised-meanwhile': '他人刚刚更改过，请核对后再试。',
    'trial-refused': '现在不能试录：录像服务未运行，或摄像机正用于考试。',
    'invalid-request': '填写的内容不完整或格式不符。',
    'database-unavailable': '数据库没有应答，未记录。请稍后再试。',
    'key-refused': '证件号码的密钥不可用，请改用“人工比对”，并联系运维。',
  },
  failed: '未能完成，未记录。请检查网络后再试。',
}

const en: DayWords = {
  title: 'Exam day',
  none: 'No sitting today',
  noneHint: 'No sitting is planned for today (Beijing time) at the sites of this account. All are under Batches and sittings.',
  chooseSitting: 'Choose a sitting',
  zone: 'Beijing time, UTC+8',
  steps: { check: 'Sign check', opened: 'Unseal', read: 'Read rules', start: 'Start', collected: 'Collect', sealed: 'Seal', close: 'Close' },
  next: 'Next',
  dueIn: (minutes) => `due in ${minutes} min`,
  dueAt: (time) => `due at ${time}`,
  overdue: (minutes) => `${minutes} min late`,
  allDone: 'Every step of this sitting is done',
  report: 'See the report',
  says: {
    check: 'Checks once more and signs what is found in your name. It cannot be changed; after a change of the set-up it is checked anew.',
    opened: 'Writes down when the papers were unsealed. A slip is corrected with a reason.',
    read: 'Writes down when the rules were read. A slip is corrected with a reason.',
    start: 'Writes down when the exam began and freezes the set-up that the sitting rests on. It cannot be undone. Recording runs already.',
    collected: 'Writes down when the papers were collected. A slip is corrected with a reason.',
    sealed: 'Writes down when the papers were sealed. A slip is corrected with a reason.',
    close: 'Writes down when the exam ended and closes the sitting. It cannot be undone.',
  },
  saysUnchecked: 'No check was signed as go: the exam may start, and the report will say so.',
  saysTail: (minutes) => `Recording stops ${minutes} min after that end; what is sealed later is not on video.`,
  saysMarked: (time) => `On record: ${time}. Entering it again corrects it; both are kept.`,
  startUnmarked: (why) => `The sitting is open; the mark of its start was not made: ${why}`,
  at: 'When (Beijing time)',
  rightNow: 'now',
  otherTime: 'other',
  reasonToCorrect: 'Why it is corrected',
  takeBack: 'Take it back',
  confirm: { check: 'Sign', opened: 'Unsealed', read: 'Rules were read', start: 'Start the exam', collected: 'Collected', sealed: 'Sealed', close: 'Close the sitting' },
  cancel: 'Cancel',
  noted: 'Entered. Please note:',
  noGoReason: 'The check is no go: why the exam is held all the same',
  signGo: 'The check is go and can be signed.',
  tabs: { check: 'Check', cameras: 'Cameras', incidents: 'Incidents', papers: 'Papers' },
  panels: 'Check, cameras, incidents and papers',
  noGo: (count) => `No go: ${count}`,
  looking: 'Checking…',
  whole: 'Whole sitting',
  room: (name) => `Room ${name}`,
  toDo: 'To do',
  trial: 'Trial recording',
  trialHint: 'Records for about two minutes and looks whether each camera comes through.',
  trialRuns: (until) => `Trial runs until ${until}`,
  items: { signs: 'signs', notice: 'notice of filming', equipment: 'equipment', tools: 'tools and gauges', materials: 'materials' },
  confirmAll: (items) => `Seen on the spot: ${items}`,
  nothingRed: 'Nothing stands against it.',
  sayOne: 'One by one, or something is wrong',
  saysLook: 'As seen on the spot, in your name; it may be entered again to correct it.',
  found: { fine: 'in order', wrong: 'something is wrong', unneeded: 'not needed' },
  note: 'Note',
  lacking: 'Stations without it',
  method: 'Identity check',
  methodAsked: 'Choose how identity is checked, then sign in',
  roll: 'Roll of the sitting',
  checks: { compared: 'Compared by eye', typed: 'Number typed', card: 'Card read', none: 'Not checked' },
  standings: { open: 'not here', present: 'signed in', absent: 'absent', left: 'left', excluded: 'excluded' },
  signIn: 'Sign in',
  absent: 'Absent',
  more: 'More',
  moreOf: (name) => `${name}: more`,
  tally: (planned, present, absent, open) => `planned ${planned} · here ${present} · absent ${absent} · open ${open}`,
  noCandidates: 'Nobody is seated in this room',
  unplaced: 'Candidates without a station',
  number: 'Number of the document',
  numberHint: 'A card reader may type it; it is compared and not kept by the page',
  movedFrom: (station) => `from ${station}`,
  lastDone: (who, what) => `${who}: ${what}`,
  correctTo: (what) => `Change to: ${what}`,
  acts: { 'sign-in': 'Sign in', absent: 'Absent', move: 'Move', violation: 'Violation', leave: 'Leave' },
  saysAct: {
    'sign-in': 'Writes down that the candidate came. It corrects an absence; both are kept.',
    absent: 'Writes down that the candidate did not come. It corrects a sign-in; both are kept.',
    move: 'From that time on the footage of the other station is theirs. It cannot be undone; they may be moved back.',
    violation: 'Goes on the record of the sitting and stays there.',
    leave: 'The candidate\'s own exam ends there. Entered again it corrects the time.',
  },
  freeStation: 'To station',
  noFreeStation: 'No station is free',
  why: 'Why',
  what: 'What happened and why',
  handling: 'What was done about it',
  excludes: 'Exam taken away',
  violations: 'Violations',
  cameraOut: (since) => `out since ${since}`,
  noCameras: 'No camera is registered in these rooms',
  toIncident: 'Note incident',
  cameraSays: (camera) => `camera ${camera} gives no picture`,
  cameraHandled: 'replaced by a spare camera, same place, same address',
  swap: 'To swap: give the spare the same address and account, mount it in the same place, aim it as before; recording goes on by itself and the gap stays. Another address is set up by the city centre, and counts at once.',
  sees: (stations) => `sees ${stations}`,
  incident: 'Note incident',
  incidents: { late_start: 'Late start', extension: 'Extension', postponement: 'Postponement', power_cut: 'Power cut', equipment: 'Equipment failed', other: 'Other' },
  saysIncident: {
    late_start: 'Goes into the room\'s record.',
    extension: 'Goes into the room\'s record. The planned times stay; recording goes on until the sitting is closed.',
    postponement: 'Goes into the room\'s record. The new time is planned by the city centre.',
    power_cut: 'Goes into the room\'s record. The gap stays.',
    equipment: 'Goes into the room\'s record. The gap stays.',
    other: 'Goes into the room\'s record.',
  },
  noIncidents: 'No incident on record',
  minutes: 'Minutes',
  until: 'Postponed to (Beijing time)',
  minutesTold: (minutes) => `${minutes} min`,
  untilTold: (time) => `to ${time}`,
  signedRecord: 'The record of this room is signed and has to be signed again after a change.',
  reasonSigned: 'Why it is changed',
  noParcels: 'No parcel of papers is on record for this sitting (the city centre enters what it printed)',
  parcel: (parcel) => `Parcel ${parcel}`,
  stages: { printed: 'printed', fetched: 'fetched', carried: 'carried', kept: 'kept', opened: 'unsealed', collected: 'collected', sealed: 'sealed', filed: 'filed' },
  handOver: (stage) => `Enter: ${stage}`,
  saysHandOver: 'Writes down this hand-over. Who did not sign is left empty, as it was.',
  givenBy: 'Handed over by',
  takenBy: 'Taken by',
  seal: 'Seal number',
  sealOf: (seal) => `seal ${seal}`,
  intact: 'Seal',
  sealWhole: 'whole',
  broken: 'broken',
  notLooked: 'nobody looked',
  skipped: (stages) => `missing: ${stages}`,
  complete: 'All hand-overs on record',
  stale: (time) => `Connection lost; this is as of ${time}`,
  refusals: {
    'not-allowed': 'Your role may not do this.',
    'already-open': 'The sitting was opened before.',
    'already-closed': 'The sitting was closed before.',
    'not-open': 'The sitting was not opened; open it first.',
    'closed-batch': 'The batch was closed and signed.',
    'mark-stands': 'It is on record; say why it is corrected.',
    'reason-needed': 'Say why.',
    'no-go': 'The check is no go; say why the exam is held all the same.',
    'impossible-time': 'That time cannot be: not later than now, nor before what came first.',
    'disk-too-full': 'The disk for recordings is too full. Make room or call whoever runs the host.',
    'setup-changed': 'The set-up was changed just now. Try again.',
    'revised-meanwhile': 'Somebody else changed it just now. Look again, then try.',
    'trial-refused': 'No trial now: the recorder does not run, or a camera is needed for an exam.',
    'invalid-request': 'Something is missing or has another form.',
    'database-unavailable': 'The database does not answer; nothing was entered. Try again soon.',
    'key-refused': 'The key of document numbers is not there. Compare by eye, and call whoever runs the host.',
  },
  failed: 'That did not work; nothing was entered. Check the network and try again.',
}

export const dayWords = computed(() => (language.value === 'zh' ? zh : en))

/** Refusals whose own sentence names what is in the way. */
const OWN_SENTENCE = new Set(['roll-refused', 'room-record-refused', 'papers-refused', 'nothing-to-confirm'])

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function dayRefusal(kind: string, sentence: string): string {
  const type = kind.split(':').at(-1) ?? ''
  if (OWN_SENTENCE.has(type)) return sentenceIn(sentence, language.value)
  return dayWords.value.refusals[type] ?? dayWords.value.failed
}
