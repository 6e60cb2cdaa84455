// The words of permits, in both languages; refusals are told by their type, not by the server's sentence.

import { computed } from 'vue'

import type { Decided, PermitState } from '@/api/types'
import { language } from '@/words'

interface PermitWords {
  title: string
  askTitle: string
  askHint: string
  batch: string
  camera: string
  allCameras: string
  from: string
  to: string
  until: string
  purpose: string
  ask: string
  asked: string
  own: string
  noneOwn: string
  toDecide: string
  decided: string
  noneToDecide: string
  number: string
  who: string
  what: string
  span: string
  state: string
  wantedUntil: string
  approvedUntil: string
  decision: string
  action: string
  decide: string
  withdraw: string
  watch: string
  end: string
  approve: string
  decline: string
  reason: string
  reasonHint: string
  remark: string
  approveUntil: string
  approveHint: string
  password: string
  proofNeeded: string
  noSuchBatch: string
  askerRecused: string
  chooseCamera: string
  noCameras: string
  watchHint: string
  waitingCount: (number: number) => string
  states: Record<PermitState, string>
  decisions: Record<Decided, string>
  refusals: Record<string, string>
  failed: string
}

const zh: PermitWords = {
  title: '调阅审批',
  askTitle: '申请调阅管辖范围以外的录像',
  askHint: '时间均为北京时间。须由第二人审批；批准后可在有效期内观看所申请时段的录像，不能下载，每次观看写入调看记录。',
  batch: '批次编号',
  camera: '摄像机编号（不填则为全部）',
  allCameras: '全部摄像机',
  from: '录像起始',
  to: '录像结束',
  until: '希望可用至（30 天内）',
  purpose: '调阅目的（5 至 200 个字符）',
  ask: '提交申请',
  asked: '申请时间',
  own: '我的申请',
  noneOwn: '尚无申请。',
  toDecide: '待审批',
  decided: '已处理',
  noneToDecide: '没有待审批的申请。',
  number: '单号',
  who: '申请人',
  what: '批次与摄像机',
  span: '录像时段',
  state: '状态',
  wantedUntil: '希望可用至',
  approvedUntil: '批准有效期至',
  decision: '审批意见',
  action: '操作',
  decide: '审批',
  withdraw: '撤回',
  watch: '观看',
  end: '终止',
  approve: '批准',
  decline: '不予批准',
  reason: '理由（5 至 200 个字符，申请人可见）',
  reasonHint: '请填写理由，5 至 200 个字符。',
  remark: '意见（批准时可不填，不予批准或终止时须 5 至 200 个字符）',
  approveUntil: '批准有效期至（至多 7 天）',
  approveHint: '请核对目的与时段是否相称。批准即写入调看记录，可随时终止。',
  password: '请再次输入密码',
  proofNeeded: '批准前请再次输入密码。',
  noSuchBatch: '没有这个批次',
  askerRecused: '申请人须回避此批次',
  chooseCamera: '选择摄像机',
  noCameras: '所申请的摄像机不在此批次中。',
  watchHint: '只能观看批准的时段，画面带有您的账户名与时间水印。',
  waitingCount: (number) => `${number} 份待审批`,
  states: {
    waiting: '待审批',
    approved: '已批准',
    declined: '不予批准',
    ended: '已终止',
    withdrawn: '已撤回',
    lapsed: '逾期未批',
    expired: '已到期',
    void: '已失效',
  },
  decisions: { approved: '批准', declined: '不予批准', ended: '终止', withdrawn: '撤回' },
  refusals: {
    'permit-refused': '未被接受。请检查：批次是否在本人管辖范围内（无须申请）、期限与字数是否合规、待审批的申请是否过多，或该申请是否已处理。',
    'already-decided': '该申请已被处理。',
    'unknown-permit': '没有这份申请。',
    'permit-not-open': '这份许可目前不能用于观看。',
    'impossible-span': '录像结束时间须晚于起始时间。',
    'invalid-request': '请检查所填内容：编号、时间与字数。',
    'login-refused': '密码不正确。',
    'too-many-attempts': '密码错误次数过多，请稍后再试。',
    'not-written-down': '调看记录暂时无法写入，未作处理。请联系管理人员。',
  },
  failed: '未能完成，请稍后再试。',
}

const en: PermitWords = {
  title: 'Permits',
  askTitle: 'Ask for footage outside your scope',
  askHint: 'All times are Beijing time. A second person decides. What is approved may be watched until its expiry and not be saved; each viewing is written down.',
  batch: 'Number of the batch',
  camera: 'Camera (empty: all of the batch)',
  allCameras: 'all cameras',
  from: 'Footage from',
  to: 'Footage to',
  until: 'Wanted until (within 30 days)',
  purpose: 'Purpose (5 to 200 characters)',
  ask: 'Ask',
  asked: 'Asked',
  own: 'What I asked for',
  noneOwn: 'Nothing yet.',
  toDecide: 'Waiting for a decision',
  decided: 'Decided',
  noneToDecide: 'Nothing waits.',
  number: 'Number',
  who: 'Who asks',
  what: 'Batch and cameras',
  span: 'Footage',
  state: 'State',
  wantedUntil: 'Wanted until',
  approvedUntil: 'Approved until',
  decision: 'Decision',
  action: 'Action',
  decide: 'Decide',
  withdraw: 'Withdraw',
  watch: 'Watch',
  end: 'End',
  approve: 'Approve',
  decline: 'Decline',
  reason: 'Reason (5 to 200 characters, shown to who asked)',
  reasonHint: 'Give a reason, in 5 to 200 characters.',
  remark: 'Remark (5 to 200 characters; an approval needs none)',
  approveUntil: 'Approved until (7 days at most)',
  approveHint: 'Does the purpose justify the span? An approval is written into the record of viewings and can be ended at any time.',
  password: 'Your password, once more',
  proofNeeded: 'Give your password again to approve.',
  noSuchBatch: 'There is no such batch',
  askerRecused: 'Who asks is recused from this batch',
  chooseCamera: 'Choose a camera',
  noCameras: 'No camera of this batch was asked for.',
  watchHint: 'Only what was approved is played, with your name and the time over the picture.',
  waitingCount: (number) => `${number} waiting`,
  states: {
    waiting: 'Waiting',
    approved: 'Approved',
    declined: 'Declined',
    ended: 'Ended',
    withdrawn: 'Withdrawn',
    lapsed: 'Never decided',
    expired: 'Run out',
    void: 'Void',
  },
  decisions: { approved: 'Approved', declined: 'Declined', ended: 'Ended', withdrawn: 'Withdrawn' },
  refusals: {
    'permit-refused': 'Not taken. Does the batch lie inside your own scope, are dates and lengths right, do too many wait already, or was it decided?',
    'already-decided': 'It was decided meanwhile.',
    'unknown-permit': 'There is no such permit.',
    'permit-not-open': 'This permit lets nothing be watched now.',
    'impossible-span': 'Footage must end after it starts.',
    'invalid-request': 'Look at numbers, times and lengths again.',
    'login-refused': 'The password is wrong.',
    'too-many-attempts': 'Too many wrong passwords. Try again later.',
    'not-written-down': 'It could not be written down, and so was not done. Tell whoever runs this service.',
  },
  failed: 'That did not work. Try again later.',
}

export const permitWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function permitRefusal(kind: string): string {
  return permitWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? permitWords.value.failed
}
