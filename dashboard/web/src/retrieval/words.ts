// The words of looking for footage, in both languages.

import { computed } from 'vue'

import { language } from '@/words'

import type { Choice, Missing } from './retrieval'

interface RetrievalWords {
  title: string
  link: string
  by: string
  choices: Record<Choice, string>
  examples: Record<Choice, string>
  batch: string
  site: string
  room: string
  station: string
  camera: string
  at: string
  find: string
  note: string
  masked: string
  missing: Record<Missing, string>
  nothing: string
  askHint: string
  ask: string
  askPurpose: (text: string) => string
  leftOff: (count: number) => string
  candidate: string
  certificate: string
  issued: (day: string) => string
  revoked: (day: string) => string
  replaced: string
  sitting: (number: number) => string
  now: (name: string) => string
  superseded: string
  supersededHint: string
  unsure: (count: number) => string
  cameras: string
  none: string
  unusable: string
  undecided: string
  parts: (covered: string, missing: string) => string
  kept: (until: string) => string
  held: string
  play: string
  film: (camera: string) => string
  filmPart: (camera: string, number: number) => string
  films: string
  purpose: string
  purposeHint: string
  withheld: { once_closed: string; disposed: string; no_footage: string }
  disposedBy: (list: number) => string
  seat: (sitting: number, station: string) => string
  noSeat: string
  refusals: Record<string, string>
  failed: string
}

const zh: RetrievalWords = {
  title: '录像检索',
  link: '检索',
  by: '检索方式',
  choices: {
    either: '证书编号或准考证号',
    certificate: '证书编号',
    ticket: '准考证号',
    name: '姓名（须指定批次）',
    number: '证件号码',
    place: '批次、工位与时间',
  },
  examples: {
    either: '如 4402002026000001 或 00017',
    certificate: '如 4402002026000001',
    ticket: '如 00017',
    name: '与名册完全一致的姓名',
    number: '完整的证件号码',
    place: '',
  },
  batch: '批次编号',
  site: '定点考场编号或名称',
  room: '考场编号或名称',
  station: '工位',
  camera: '摄像机编号',
  at: '时刻（北京时间）',
  find: '检索',
  note: '名称与编号以考试当时为准。每次检索写入调看记录；姓名与证件号码不写入任何记录与网址。',
  masked: '姓名已遮盖',
  missing: {
    text: '请输入要检索的编号。',
    batch: '按姓名检索须填写批次编号。',
    place: '请填写批次编号；或者填写时刻，加定点考场、工位或摄像机。',
  },
  nothing: '在您的管辖范围内没有找到。请核对输入。',
  askHint: '如属其他单位，可凭批次编号申请调阅，由第二人审批。',
  ask: '申请调阅',
  askPurpose: (text) => `核查${text}的考试录像`,
  leftOff: (count) => `另有 ${count} 项未列出，请缩小范围。`,
  candidate: '考生',
  certificate: '证书',
  issued: (day) => `${day} 制证`,
  revoked: (day) => `${day} 已撤销`,
  replaced: '已换发',
  sitting: (number) => `第 ${number} 场`,
  now: (name) => `现称 ${name}`,
  superseded: '已重考，不计',
  supersededHint: '该科目后来重新考核，本段录像不作为成绩依据。',
  unsure: (count) => `该工位先后有 ${count} 个时段，登记未写明哪一段属于本人。`,
  cameras: '摄像机',
  none: '无',
  unusable: '不可用或存疑',
  undecided: '尚不能判定',
  parts: (covered, missing) => `有录像 ${covered}，断档 ${missing}`,
  kept: (until) => `保存至 ${until}（北京时间）`,
  held: '封存中',
  play: '播放',
  film: (camera) => `下载 ${camera}`,
  filmPart: (camera, number) => `下载 ${camera}（第 ${number} 段）`,
  films: '连续录像',
  purpose: '下载目的（5 至 200 个字符）',
  purposeHint: '填写目的后可下载，目的写入调看记录。',
  withheld: { once_closed: '场次关闭后可用', disposed: '已到期处置', no_footage: '没有摄像机拍摄该工位' },
  disposedBy: (list) => `已按处置清单 ${list} 处置`,
  seat: (sitting, station) => `第 ${sitting} 场 工位 ${station}`,
  noSeat: '没有座位与签到记录，无法确定其录像。',
  refusals: {
    'not-allowed': '您的角色不能按此方式检索。',
    'retrieval-refused': '请检查所填内容：一次只能按一项检索。',
    'impossible-span': '时间不正确。',
    'invalid-request': '请检查所填内容：编号、时间与字数。',
    'not-written-down': '调看记录暂时无法写入，未作检索。请联系管理人员。',
    'key-refused': '证件号码的密钥不可用。请联系管理人员。',
    'database-unavailable': '数据库没有应答，请稍后再试。',
  },
  failed: '未能完成，请稍后再试。',
}

const en: RetrievalWords = {
  title: 'Find footage',
  link: 'Find',
  by: 'Look by',
  choices: {
    either: 'Certificate or ticket',
    certificate: 'Certificate',
    ticket: 'Admission ticket',
    name: 'Name (with a batch)',
    number: 'Number of a document',
    place: 'Batch, station and time',
  },
  examples: {
    either: '4402002026000001 or 00017',
    certificate: '4402002026000001',
    ticket: '00017',
    name: 'The name exactly as on the roll',
    number: 'The whole number',
    place: '',
  },
  batch: 'Batch',
  site: 'Site, id or name',
  room: 'Room, id or name',
  station: 'Station',
  camera: 'Camera',
  at: 'Instant (Beijing time)',
  find: 'Find',
  note: 'Names and numbers of places are those of the day of the exam. Each look-up is written into the record of viewings; names and numbers of documents stand in no record and no address.',
  masked: 'Name masked',
  missing: {
    text: 'Say what to look for.',
    batch: 'To look by a name, give the batch.',
    place: 'Give a batch; or an instant, with a site, a station or a camera.',
  },
  nothing: 'Nothing was found inside your scope. Look at what you typed again.',
  askHint: 'If it is of another body, you may ask for its footage by the batch; a second person decides.',
  ask: 'Ask for a permit',
  askPurpose: (text) => `To check the footage of ${text}`,
  leftOff: (count) => `${count} more are not shown; narrow it down.`,
  candidate: 'Candidate',
  certificate: 'Certificate',
  issued: (day) => `issued ${day}`,
  revoked: (day) => `revoked ${day}`,
  replaced: 'another was issued since',
  sitting: (number) => `Sitting ${number}`,
  now: (name) => `now ${name}`,
  superseded: 'Examined again, does not count',
  supersededHint: 'The subject was examined again later; no mark rests on this footage.',
  unsure: (count) => `The station had ${count} times of its own; the record does not say which one was theirs.`,
  cameras: 'Cameras',
  none: 'none',
  unusable: 'Not or perhaps not usable',
  undecided: 'Not decided yet',
  parts: (covered, missing) => `footage ${covered}, gaps ${missing}`,
  kept: (until) => `Kept until ${until} (Beijing time)`,
  held: 'Held',
  play: 'Play',
  film: (camera) => `Save ${camera}`,
  filmPart: (camera, number) => `Save ${camera} (part ${number})`,
  films: 'Films',
  purpose: 'Purpose of saving (5 to 200 characters)',
  purposeHint: 'Films can be saved once a purpose is given; it is written into the record of viewings.',
  withheld: {
    once_closed: 'Once the sitting is closed',
    disposed: 'Disposed of',
    no_footage: 'No camera saw the station',
  },
  disposedBy: (list) => `Disposed of by list ${list}`,
  seat: (sitting, station) => `Sitting ${sitting}, station ${station}`,
  noSeat: 'No seat and no sign-in says where their footage is.',
  refusals: {
    'not-allowed': 'Your role may not look by that.',
    'retrieval-refused': 'Look at it again: one thing at a time.',
    'impossible-span': 'That time cannot be.',
    'invalid-request': 'Look at numbers, times and lengths again.',
    'not-written-down': 'It could not be written down, and so was not done. Tell whoever runs this service.',
    'key-refused': 'The key of document numbers is not at hand. Tell whoever runs this service.',
    'database-unavailable': 'The database does not answer. Try again later.',
  },
  failed: 'That did not work. Try again later.',
}

export const retrievalWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function retrievalRefusal(kind: string): string {
  return retrievalWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? retrievalWords.value.failed
}
