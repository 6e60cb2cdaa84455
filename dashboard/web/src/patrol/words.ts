// The words of the patrol sheet, in both languages.

import { computed } from 'vue'

import type { Said, Severity, VisitSummary } from '@/api/types'
import { language } from '@/words'

import type { Standing, Which } from './patrol'

interface PatrolWords {
  title: string
  link: string
  visits: string
  which: Record<Which, string>
  none: Record<Which, string>
  choose: string
  way: Record<VisitSummary['way'], string>
  basis: Record<VisitSummary['basis'], string>
  standing: Record<Standing, string>
  answered: (done: number, all: number) => string
  findings: (count: number) => string
  begin: string
  beginHint: string
  batch: string
  howVisited: string
  why: string
  draw: string
  reason: string
  there: string
  badge: string
  noBadge: string
  badgeHint: string
  noSupervisor: string
  cancel: string
  begun: string
  ended: string
  by: string
  checklist: string
  said: Record<Said, string>
  note: string
  saveNote: string
  finding: string
  addFinding: string
  noFinding: string
  severity: string
  severities: Record<Severity, string>
  what: string
  whatHint: string
  frame: string
  frames: string
  camera: string
  instantField: string
  addFrame: string
  dropFrame: string
  notOfBatch: string
  handed: (camera: string, time: string) => string
  handedChoose: string
  handedBegin: string
  show: string
  notShown: string
  again: string
  play: string
  end: string
  lacking: { answers: (count: number) => string; frames: string }
  endHint: string
  feedback: string
  feedbackHint: (hours: number) => string
  feedbackDue: string
  feedbackOver: string
  giveFeedback: string
  given: (time: string) => string
  publish: string
  publishHint: string
  published: (time: string) => string
  draws: string
  drawsNote: string
  noDraws: string
  drawName: string
  pool: string
  poolOf: (drawn: number, batches: number) => string
  parties: string
  state: string
  result: string
  made: (time: string) => string
  failed: string
  commitments: (count: number) => string
  secrets: (count: number) => string
  unfold: string
  seed: string
  secretOf: (party: string) => string
  commitmentOf: (party: string) => string
  digest: string
  drawnOf: (batch: string, names: string) => string
  passed: (names: string) => string
  rerun: string
  poolFile: string
  recordFile: string
  goVisit: string
  failedAct: string
  refusals: Record<string, string>
}

const zh: PatrolWords = {
  title: '督导单',
  link: '督导',
  visits: '督导',
  which: { own: '我的', open: '未公开', all: '全部' },
  none: { own: '没有您参加的督导', open: '没有未公开的督导', all: '还没有督导' },
  choose: '在左侧选择一次督导，或登记新的督导',
  way: { on_site: '现场督导', online: '线上督导' },
  basis: { drawn: '随机抽取', targeted: '定向检查' },
  standing: {
    running: '进行中',
    due: '待反馈',
    late: '反馈逾期',
    given: '已反馈',
    given_late: '逾期反馈',
    published: '已公开',
  },
  answered: (done, all) => `清单 ${done}/${all}`,
  findings: (count) => `问题 ${count}`,
  begin: '登记督导',
  beginHint: '从现在起算。随机抽取的督导填抽取名称，定向检查写明事由。',
  batch: '批次',
  howVisited: '方式',
  why: '依据',
  draw: '抽取名称',
  reason: '定向检查事由',
  there: '到场督导员',
  badge: '所佩证卡编号',
  noBadge: '未佩戴',
  badgeHint: '未查看证卡的留空',
  noSupervisor: '没有证卡在有效期内的督导员',
  cancel: '取消',
  begun: '开始',
  ended: '结束',
  by: '督导员',
  checklist: '督导清单',
  said: { yes: '是', no: '否', not_seen: '未见' },
  note: '备注',
  saveNote: '保存备注',
  finding: '问题',
  addFinding: '登记问题',
  noFinding: '没有登记问题',
  severity: '程度',
  severities: { note: '提示', minor: '一般', major: '严重' },
  what: '问题内容',
  whatHint: '不写姓名和证件号码',
  frame: '画面',
  frames: '画面',
  camera: '摄像机',
  instantField: '时刻（北京时间）',
  addFrame: '加入画面',
  dropFrame: '移除',
  notOfBatch: '本批次的场次此时不用该摄像机',
  handed: (camera, time) => `截取的画面：${camera} ${time}`,
  handedChoose: '选择要加入的督导',
  handedBegin: '该批次没有进行中的督导，先登记一次',
  show: '显示画面',
  notShown: '画面暂不能显示：该时刻的录像未归档、已处置或无权查看。时刻已保留。',
  again: '再试一次',
  play: '回放',
  end: '结束督导',
  lacking: { answers: (count) => `清单还有 ${count} 项未答，没有看到的选“未见”`, frames: '线上督导须至少引用一处画面' },
  endHint: '结束后清单和问题不再更改，反馈时限开始计算。',
  feedback: '反馈',
  feedbackHint: (hours) => `须在结束后 ${hours} 小时内反馈（通知未规定时限，为系统默认值），以登记时刻为准。`,
  feedbackDue: '距反馈时限',
  feedbackOver: '反馈已逾期',
  giveFeedback: '登记反馈',
  given: (time) => `${time} 已反馈`,
  publish: '登记公开',
  publishHint: '向考场反馈之后，登记督导结果已公开。',
  published: (time) => `${time} 已公开`,
  draws: '双随机抽取',
  drawsNote: '公开记录，只读。考场在被督导之前不得知悉。',
  noDraws: '没有抽取记录',
  drawName: '抽取',
  pool: '抽取名单',
  poolOf: (drawn, batches) => `${batches} 个批次抽 ${drawn} 个`,
  parties: '承诺',
  state: '状态',
  result: '结果',
  made: (time) => `${time} 已抽取`,
  failed: '逾期未完成',
  commitments: (count) => `已承诺 ${count}/2`,
  secrets: (count) => `已公布密值 ${count}/2`,
  unfold: '公开记录',
  seed: '种子',
  secretOf: (party) => `密值（${party}）`,
  commitmentOf: (party) => `承诺（${party}）`,
  digest: '记录摘要',
  drawnOf: (batch, names) => `${batch}：${names}`,
  passed: (names) => `顺延：${names}`,
  rerun: '任何人可复算：下载记录，运行',
  poolFile: '名单',
  recordFile: '记录',
  goVisit: '登记督导',
  failedAct: '没有成功，未登记。请检查网络后重试。',
  refusals: {
    'visit-refused': '与登记内容不符，未登记。',
    'unknown-draw': '没有这个名称的抽取。',
    'unknown-batch': '没有这个批次。',
    'unknown-visit': '没有这次督导。',
    'draw-refused': '该抽取尚未完成。',
    'revised-meanwhile': '刚才有人改过，请再看一遍后重试。',
    'invalid-request': '内容不全或格式不符。',
    'impossible-time': '画面已过时，请重新截取。',
    'unknown-camera': '现在不能巡查这台摄像机。',
    'not-allowed': '没有权限。',
  },
}

const en: PatrolWords = {
  title: 'Patrol sheet',
  link: 'Patrol',
  visits: 'Visits',
  which: { own: 'Mine', open: 'Not published', all: 'All' },
  none: { own: 'You were at no visit', open: 'No visit waits to be published', all: 'There is no visit yet' },
  choose: 'Choose a visit on the left, or enter a new one',
  way: { on_site: 'On site', online: 'Online' },
  basis: { drawn: 'Drawn', targeted: 'Targeted' },
  standing: {
    running: 'Running',
    due: 'Feedback due',
    late: 'Feedback overdue',
    given: 'Feedback given',
    given_late: 'Feedback was late',
    published: 'Published',
  },
  answered: (done, all) => `List ${done}/${all}`,
  findings: (count) => (count === 1 ? '1 finding' : `${count} findings`),
  begin: 'Begin a visit',
  beginHint: 'It begins now. A drawn visit names its draw; a targeted one says why.',
  batch: 'Batch',
  howVisited: 'How',
  why: 'Why',
  draw: 'Name of the draw',
  reason: 'Reason of a targeted visit',
  there: 'Supervisors there',
  badge: 'Number of the badge worn',
  noBadge: 'None worn',
  badgeHint: 'Leave it empty where nobody looked',
  noSupervisor: 'No supervisor has a badge that is valid today',
  cancel: 'Cancel',
  begun: 'Began',
  ended: 'Ended',
  by: 'Supervisors',
  checklist: 'Checklist',
  said: { yes: 'Yes', no: 'No', not_seen: 'Not seen' },
  note: 'Note',
  saveNote: 'Save note',
  finding: 'Findings',
  addFinding: 'Enter a finding',
  noFinding: 'No finding was entered',
  severity: 'Weight',
  severities: { note: 'Note', minor: 'Minor', major: 'Major' },
  what: 'What was found',
  whatHint: 'No names, no ID numbers',
  frame: 'Picture',
  frames: 'Pictures',
  camera: 'Camera',
  instantField: 'Instant (Beijing time)',
  addFrame: 'Add the picture',
  dropFrame: 'Remove',
  notOfBatch: 'No sitting of the batch uses that camera then',
  handed: (camera, time) => `Snapshot: ${camera} ${time}`,
  handedChoose: 'Choose the visit it belongs to',
  handedBegin: 'No visit of that batch is running: begin one first',
  show: 'Show the picture',
  notShown: 'The picture cannot be shown: its footage is not archived yet, was disposed of, or is not yours to see. The instant is kept.',
  again: 'Try again',
  play: 'Play',
  end: 'End the visit',
  lacking: {
    answers: (count) => `${count} questions are open; what nobody saw is “Not seen”`,
    frames: 'An online visit points at one picture at least',
  },
  endHint: 'After that the list and the findings stay as they are, and the clock of the feedback runs.',
  feedback: 'Feedback',
  feedbackHint: (hours) => `Due within ${hours} hours of the end (the notice sets no limit; the project's default). It counts from now.`,
  feedbackDue: 'Until feedback is due',
  feedbackOver: 'Feedback is overdue',
  giveFeedback: 'Enter feedback',
  given: (time) => `Given ${time}`,
  publish: 'Enter publication',
  publishHint: 'Once the site has its feedback: enter that the result was published.',
  published: (time) => `Published ${time}`,
  draws: 'Draws',
  drawsNote: 'The public record, to be read only. Sites learn of it by the visit.',
  noDraws: 'No draw is on record',
  drawName: 'Draw',
  pool: 'Pool',
  poolOf: (drawn, batches) => `${drawn} of ${batches} batches`,
  parties: 'Commitments',
  state: 'State',
  result: 'Result',
  made: (time) => `Made ${time}`,
  failed: 'Its time ran out',
  commitments: (count) => `${count} of 2 committed`,
  secrets: (count) => `${count} of 2 secrets told`,
  unfold: 'Public record',
  seed: 'Seed',
  secretOf: (party) => `Secret (${party})`,
  commitmentOf: (party) => `Commitment (${party})`,
  digest: 'Digest of the record',
  drawnOf: (batch, names) => `${batch}: ${names}`,
  passed: (names) => `Passed over: ${names}`,
  rerun: 'Anybody can make it again: download the record and run',
  poolFile: 'Pool',
  recordFile: 'Record',
  goVisit: 'Begin the visit',
  failedAct: 'That did not work; nothing was entered. Check the network and try again.',
  refusals: {
    'visit-refused': 'It does not fit what is on record; nothing was entered.',
    'unknown-draw': 'There is no draw of that name.',
    'unknown-batch': 'There is no such batch.',
    'unknown-visit': 'There is no such visit.',
    'draw-refused': 'That draw was not made yet.',
    'revised-meanwhile': 'Somebody else changed it just now. Look again, then try.',
    'invalid-request': 'Something is missing or has another form.',
    'impossible-time': 'That picture is over; take it again.',
    'unknown-camera': 'That camera may not be watched now.',
    'not-allowed': 'You may not do this.',
  },
}

export const patrolWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, with the server's own sentence where it names what is in the way. */
export function patrolRefusal(kind: string, sentence: string): string {
  const type = kind.split(':').at(-1) ?? ''
  const said = patrolWords.value.refusals[type] ?? patrolWords.value.failedAct
  return type === 'visit-refused' && sentence ? `${said} (${sentence})` : said
}
