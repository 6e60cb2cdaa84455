// The words of a batch's page, in both languages.

import { computed } from 'vue'

import type { ExitKind, Proposal } from '@/api/types'
import { language } from '@/words'

import { sentenceIn } from './standing'

interface KindWords {
  name: string
  meaning: string
  evidence: string
  hint: string
}

interface BatchWords {
  told: Record<'sha256' | 'from' | 'camera' | 'document', string>
  asOf: (time: string) => string
  takeAway: string
  takeAwayHint: (signed: string) => string
  takeAwayWhy: string
  takeAwayNeedsWhy: string
  takeAwayNow: string
  sittings: string
  failing: string
  nothingFails: string
  counted: (what: string, count: number) => string
  clauses: string
  candidates: string
  all: string
  unmet: string
  awaiting: string
  filterClauses: string
  filterCandidates: string
  clause: string
  verdict: string
  title: string
  finding: string
  noClauses: string
  noneSuch: string
  sections: readonly string[]
  section: (number: number) => string
  grounds: (count: number) => string
  eachSitting: string
  restsOn: string
  restsOnNothing: string
  report: (sitting: number) => string
  candidate: string
  proposal: string
  proposals: Record<Proposal, string>
  reasons: string
  noReason: string
  footage: string
  noFootage: string
  exits: string
  noExit: string
  decision: string
  undecided: string
  issued: string
  withheld: string
  proposedThen: (proposal: string) => string
  outdated: (proposal: string) => string
  open: string
  shut: string
  openOf: (ticket: string) => string
  noCandidates: string
  place: (sitting: number, station: string) => string
  exit: (number: number) => string
  by: string
  second: string
  notConfirmed: string
  evidence: string
  reason: string
  confirm: string
  confirmHint: string
  ownExit: string
  confirmed: string
  takeExit: string
  takeExitHint: string
  kind: string
  subjectPlace: string
  origin: string
  originHint: string
  camera: string
  chooseCamera: string
  seesStations: (stations: string) => string
  send: string
  sent: string
  kinds: Record<ExitKind, KindWords>
  decide: string
  issue: string
  withhold: string
  heldHint: string
  decideReason: string
  reasonAsked: string
  decided: string
  refusals: Record<string, string>
  failed: string
}

const zh: BatchWords = {
  told: { sha256: '录像 SHA-256', from: '来源', camera: '摄像机', document: '文号' },
  asOf: (time) => `截至 ${time}（北京时间）`,
  takeAway: '取走证据包',
  takeAwayHint: (signed) => `该批次于 ${signed}（北京时间）签名归档。ZIP 内有全部原始录像、证据清单、报告与公钥，任何人可用 kaojian verify 离线核验；取走即记入调看记录。`,
  takeAwayWhy: '用途（至少 5 个字）',
  takeAwayNeedsWhy: '请先写明用途',
  takeAwayNow: '下载 ZIP',
  sittings: '场次',
  failing: '不符合的条款',
  nothingFails: '没有不符合的条款。',
  counted: (what, count) => `${what} ${count}`,
  clauses: '条款',
  candidates: '考生与制证',
  all: '全部',
  unmet: '只看未符合',
  awaiting: '出口待复核',
  filterClauses: '按判定筛选',
  filterCandidates: '按系统建议筛选',
  clause: '条款',
  verdict: '判定',
  title: '内容',
  finding: '判定依据',
  noClauses: '没有可判定的条款。',
  noneSuch: '没有符合条件的内容。',
  sections: [
    '一、定位与范畴', '二、职责与分工', '三、考核项目', '四、考场设立与管理', '五、考评人员管理', '六、考务管理',
    '七、证书管理', '八、考核补贴申领', '九、材料归档', '十、工作要求',
  ],
  section: (number) => `第 ${number} 部分`,
  grounds: (count) => `依据 ${count} 项`,
  eachSitting: '各场次判定',
  restsOn: '所依据的登记事项与报告',
  restsOnNothing: '没有登记事项。',
  report: (sitting) => `第 ${sitting} 场报告`,
  candidate: '准考证号',
  proposal: '系统建议',
  proposals: { issue: '可制证', hold: '待核', refuse: '不予制证' },
  reasons: '理由',
  noReason: '各项条件均已满足',
  footage: '工位录像',
  noFootage: '无',
  exits: '出口',
  noExit: '无',
  decision: '制证决定',
  undecided: '未决定',
  issued: '决定制证',
  withheld: '决定不予制证',
  proposedThen: (proposal) => `当时建议：${proposal}`,
  outdated: (proposal) => `作出决定时的建议为“${proposal}”，现已不同，请重新决定`,
  open: '展开',
  shut: '收起',
  openOf: (ticket) => `准考证号 ${ticket} 的详情`,
  noCandidates: '尚无考生名册。请用命令行 kaojian roster import 导入。',
  place: (sitting, station) => `第 ${sitting} 场 · 工位 ${station}`,
  exit: (number) => `出口 ${number}`,
  by: '提出人',
  second: '复核人',
  notConfirmed: '待另一人复核',
  evidence: '证据',
  reason: '理由',
  confirm: '复核确认',
  confirmHint: '复核即认可所列证据与理由成立。出口须由提出人以外的另一人复核。',
  ownExit: '由您提出，须由另一人复核。',
  confirmed: '已复核。',
  takeExit: '提出出口',
  takeExitHint: '出口只涉及所选科目与工位的录像，经另一人复核后才生效。全部内容留存，不能删除。',
  kind: '出口种类',
  subjectPlace: '科目与工位',
  origin: '录像来源',
  originHint: '设备名称、编号，由谁于何时取回',
  camera: '摄像机',
  chooseCamera: '请选择摄像机',
  seesStations: (stations) => `可见工位 ${stations}`,
  send: '提出',
  sent: '已提出，待另一人复核。',
  kinds: {
    backfilled: {
      name: '补录',
      meaning: '缺失时段的录像留存在设备上，已取回。以文件摘要和来源为证。',
      evidence: '补录文件的 SHA-256',
      hint: '64 位小写十六进制数字',
    },
    other_view: {
      name: '另有摄像机可见',
      meaning: '另一台摄像机在全部缺失时段都有该工位的可用录像。系统提出时即核对。',
      evidence: '可见该工位的摄像机',
      hint: '',
    },
    decided: {
      name: '市中心书面决定认可',
      meaning: '市中心以书面决定认可本次考核。',
      evidence: '书面决定的文号',
      hint: '例如：韶技服〔2026〕9号',
    },
    reexamine: {
      name: '市中心书面决定重考',
      meaning: '市中心以书面决定安排重考，本次不予制证。',
      evidence: '书面决定的文号',
      hint: '例如：韶技服〔2026〕9号',
    },
  },
  decide: '作出制证决定',
  issue: '决定制证',
  withhold: '决定不予制证',
  heldHint: '待核期间不能作制证决定：须先消除所列理由，录像缺失须有经复核的出口。',
  decideReason: '理由（与系统建议或与原决定不同时必填）',
  reasonAsked: '请填写理由。',
  decided: '决定已登记。',
  refusals: {
    'reason-needed': '请填写理由。',
    'revised-meanwhile': '他人已先行处理，内容已重新载入，请再看一遍。',
    'invalid-request': '请检查所填内容与字数。',
    'not-allowed': '您的角色没有此项权限。',
    'unknown-batch': '没有该批次，或不在您的管辖范围内。',
    'database-unavailable': '数据库没有应答，请稍后再试，并告知管理员。',
  },
  failed: '未能完成，请稍后再试。',
}

const en: BatchWords = {
  told: { sha256: 'footage SHA-256', from: 'from', camera: 'camera', document: 'document' },
  asOf: (time) => `As of ${time}, Beijing time`,
  takeAway: 'Take away',
  takeAwayHint: (signed) => `This batch was signed at ${signed}, Beijing time. The ZIP holds all original footage, manifests, reports and public keys; anybody can check it offline with kaojian verify. Taking it is written down as a viewing.`,
  takeAwayWhy: 'Why (at least 5 characters)',
  takeAwayNeedsWhy: 'Say why first',
  takeAwayNow: 'Download ZIP',
  sittings: 'Sittings',
  failing: 'Clauses that fail',
  nothingFails: 'No clause fails.',
  counted: (what, count) => `${what} ${count}`,
  clauses: 'Clauses',
  candidates: 'Candidates and certificates',
  all: 'All',
  unmet: 'Only what is not met',
  awaiting: 'Exits to confirm',
  filterClauses: 'Filter by verdict',
  filterCandidates: 'Filter by proposal',
  clause: 'Clause',
  verdict: 'Verdict',
  title: 'What it is about',
  finding: 'Grounds',
  noClauses: 'No clause can be judged.',
  noneSuch: 'Nothing matches.',
  sections: [
    '1 What an assessment is', '2 Who does what', '3 Projects', '4 Exam sites', '5 Examiners', '6 Running the exam',
    '7 Certificates', '8 Subsidies', '9 Filing', '10 Demands',
  ],
  section: (number) => `Section ${number}`,
  grounds: (count) => (count === 1 ? 'Rests on 1' : `Rests on ${count}`),
  eachSitting: 'Each sitting by itself',
  restsOn: 'Entries and reports that it rests on',
  restsOnNothing: 'Nothing is on record.',
  report: (sitting) => `Report of sitting ${sitting}`,
  candidate: 'Ticket',
  proposal: 'Proposal',
  proposals: { issue: 'May be issued', hold: 'To be reviewed', refuse: 'Not to be issued' },
  reasons: 'Reasons',
  noReason: 'Every condition is met',
  footage: 'Footage of the station',
  noFootage: 'None',
  exits: 'Exits',
  noExit: 'None',
  decision: 'Decision',
  undecided: 'Not decided',
  issued: 'To be issued',
  withheld: 'Withheld',
  proposedThen: (proposal) => `proposed then: ${proposal}`,
  outdated: (proposal) => `Decided when the proposal was “${proposal}”, which has changed; decide again`,
  open: 'Open',
  shut: 'Close',
  openOf: (ticket) => `Details of ticket ${ticket}`,
  noCandidates: 'No roster yet. Import one with the command kaojian roster import.',
  place: (sitting, station) => `Sitting ${sitting} · station ${station}`,
  exit: (number) => `Exit ${number}`,
  by: 'Taken by',
  second: 'Confirmed by',
  notConfirmed: 'waits for a second person',
  evidence: 'Evidence',
  reason: 'Reason',
  confirm: 'Confirm',
  confirmHint: 'To confirm is to say that evidence and reason hold. It takes somebody else than who took the exit.',
  ownExit: 'You took it; somebody else has to confirm it.',
  confirmed: 'Confirmed.',
  takeExit: 'Take an exit',
  takeExitHint: 'An exit is for the footage of this subject and station only, and counts once somebody else confirmed it. All of it is kept for good.',
  kind: 'Kind of exit',
  subjectPlace: 'Subject and station',
  origin: 'Where the footage comes from',
  originHint: 'Which device; who fetched it and when',
  camera: 'Camera',
  chooseCamera: 'Choose a camera',
  seesStations: (stations) => `sees ${stations}`,
  send: 'Take this exit',
  sent: 'Taken; it waits for a second person.',
  kinds: {
    backfilled: {
      name: 'Footage brought in later',
      meaning: 'A device still had what is lacking, and it was fetched. The digest of the file and its origin stand for it.',
      evidence: 'SHA-256 of the file',
      hint: '64 small hexadecimal digits',
    },
    other_view: {
      name: 'Another camera shows it',
      meaning: 'Another camera has usable footage of the station over all that is lacking, which is looked up at once.',
      evidence: 'Camera that shows the station',
      hint: '',
    },
    decided: {
      name: 'Accepted by the centre in writing',
      meaning: 'The city centre decided in writing to accept the exam.',
      evidence: 'Number of the decision',
      hint: 'As it stands on the document',
    },
    reexamine: {
      name: 'To be examined again, by the centre',
      meaning: 'The city centre decided in writing that the exam is repeated; no certificate is made of this one.',
      evidence: 'Number of the decision',
      hint: 'As it stands on the document',
    },
  },
  decide: 'Decide on the certificate',
  issue: 'Issue',
  withhold: 'Withhold',
  heldHint: 'Nothing can be decided while the candidate is to be reviewed: the reasons have to go first, and missing footage takes a confirmed exit.',
  decideReason: 'Reason (needed where it is not what is proposed, or not what was decided before)',
  reasonAsked: 'Say why.',
  decided: 'The decision is on record.',
  refusals: {
    'reason-needed': 'Say why.',
    'revised-meanwhile': 'Somebody else was there first. It was loaded again; look once more.',
    'invalid-request': 'Look at the words and their length again.',
    'not-allowed': 'Your role may not do this.',
    'unknown-batch': 'There is no such batch, or it lies outside your scope.',
    'database-unavailable': 'The database does not answer. Try again later, and tell an administrator.',
  },
  failed: 'That did not work. Try again later.',
}

export const batchWords = computed(() => (language.value === 'zh' ? zh : en))

/** What an exit rests on, in words: evidence is kept as `camera:A-cam-3`. */
export function evidenceText(evidence: string): string {
  const [, kind, what] = /^(sha256|from|camera|document):(.*)$/.exec(evidence) ?? []
  return kind && what ? `${batchWords.value.told[kind as keyof BatchWords['told']]} ${what}` : evidence
}

/** What to tell a person of a refusal; of what the gate says no to, its own sentence, which names what is in the way. */
export function batchRefusal(kind: string, sentence: string): string {
  const type = kind.split(':').at(-1) ?? ''
  if (type === 'case-refused') return sentenceIn(sentence, language.value)
  return batchWords.value.refusals[type] ?? batchWords.value.failed
}
