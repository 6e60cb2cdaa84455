// The words of disposals, in both languages; refusals are told by their type, not by the server's sentence.

import { computed } from 'vue'

import type { DisposalState, Obstacle, Settled } from '@/api/types'
import { language } from '@/words'

interface DisposalWords {
  title: string
  lists: string
  list: (number: number) => string
  none: string
  due: string
  dueHint: string
  noneDue: string
  batch: string
  kept: string
  segments: string
  size: string
  inTheWay: string
  nothing: string
  reason: string
  propose: string
  proposeHint: string
  number: string
  batches: string
  state: string
  proposedBy: string
  decisions: string
  lapses: string
  action: string
  open: string
  digest: string
  content: string
  papers: string
  link: string
  ordered: string
  destroyed: string
  there: string
  approve: string
  approveHint: string
  decline: string
  remark: string
  reasonHint: string
  password: string
  proofNeeded: string
  waitingCount: (number: number) => string
  states: Record<DisposalState, string>
  settled: Record<Settled, string>
  obstacles: Record<Obstacle, string>
  kinds: Record<'order' | 'certificate', string>
  refusals: Record<string, string>
  failed: string
}

const zh: DisposalWords = {
  title: '到期处置',
  lists: '处置清单',
  list: (number) => `处置清单 ${number}`,
  none: '尚无处置清单。',
  due: '保管期已满的批次',
  dueHint: '录像不会自动删除。列入清单的内容即时固定，须由市级经办人与市级督导员各一人批准，且均不得为提出人。',
  noneDue: '没有保管期已满且未处置的批次。',
  batch: '批次',
  kept: '保管至',
  segments: '录像文件',
  size: '大小',
  inTheWay: '处置障碍',
  nothing: '无，可提出处置',
  reason: '处置理由（5 至 200 个字符）',
  propose: '提出处置',
  proposeHint: '请选择批次并填写理由。提出时逐一询问对象存储，批次较大时需要一些时间。',
  number: '清单号',
  batches: '批次',
  state: '状态',
  proposedBy: '提出人与理由',
  decisions: '审批',
  lapses: '逾期失效时间',
  action: '操作',
  open: '查看',
  digest: '清单内容摘要（SHA-256）',
  content: '下载清单内容',
  papers: '处置令与销毁证明',
  link: '证据清单链节',
  ordered: '已下处置令',
  destroyed: '已销毁',
  there: '未处置',
  approve: '批准',
  approveHint: '批准即认可清单所列全部录像可以永久删除，无法恢复。批准针对上列摘要；其后内容有任何变化，清单自动作废。删除由主机命令执行。',
  decline: '不予批准',
  remark: '意见（批准时可不填，不予批准时须 5 至 200 个字符）',
  reasonHint: '请填写理由，5 至 200 个字符。',
  password: '请再次输入密码',
  proofNeeded: '批准前请再次输入密码。',
  waitingCount: (number) => `${number} 份待您审批`,
  states: {
    proposed: '待两方批准',
    approved_once: '一方已批准',
    approved_twice: '两方已批准',
    partly: '部分处置',
    carried_out: '处置完毕',
    turned_down: '未予批准',
    run_out: '逾期失效',
    voided: '已作废',
  },
  settled: { approved: '批准', declined: '不予批准', voided: '作废' },
  obstacles: {
    unknown_batch: '没有此批次',
    sitting_open: '有场次未结束',
    not_closed: '批次未结束，没有已签名的证据清单',
    not_stated: '现有录像与最新证据清单不一致，须先更正',
    retained: '保管期未满',
    retention_unknown: '保管期无法确定',
    locked: '副本仍在锁定期内',
    held: '正在封存',
    hold_unknown: '封存状态不明',
    permit_open: '有未了结的调阅审批单',
    listed: '已列入另一份处置清单',
    disposed: '已处置',
    clock_unproven: '主机时钟无法证明准确',
    clock_behind: '主机时钟早于最近的签名',
    changed: '与清单所列内容不一致',
  },
  kinds: { order: '处置令', certificate: '销毁证明' },
  refusals: {
    'disposal-refused': '存在处置障碍，未作处理。请刷新后查看各批次的障碍。',
    'decision-refused': '不能由您作此决定，或清单已被处理、内容已变。请重新查看。',
    'unknown-disposal': '没有这份清单。',
    'unknown-batch': '没有这个批次。',
    'invalid-request': '请检查所填内容与字数。',
    'reason-needed': '请填写理由。',
    'login-refused': '密码不正确。',
    'too-many-attempts': '密码错误次数过多，请稍后再试。',
  },
  failed: '未能完成，请稍后再试。',
}

const en: DisposalWords = {
  title: 'Disposal',
  lists: 'Disposal lists',
  list: (number) => `Disposal list ${number}`,
  none: 'No list yet.',
  due: 'Batches whose time of keeping is over',
  dueHint: 'Nothing is deleted by itself. A list freezes what it would delete; a city officer and a city supervisor approve it, neither of them who proposed it.',
  noneDue: 'No batch is due.',
  batch: 'Batch',
  kept: 'Kept until',
  segments: 'Files',
  size: 'Size',
  inTheWay: 'In the way',
  nothing: 'nothing',
  reason: 'Reason (5 to 200 characters)',
  propose: 'Propose',
  proposeHint: 'Choose batches and say why. The object store is asked of every file, which takes a while for large batches.',
  number: 'List',
  batches: 'Batches',
  state: 'State',
  proposedBy: 'Proposed by, and why',
  decisions: 'Decisions',
  lapses: 'Runs out',
  action: 'Action',
  open: 'Look',
  digest: 'Digest of the content (SHA-256)',
  content: 'Download the content',
  papers: 'Orders and certificates of destruction',
  link: 'Link of the manifest',
  ordered: 'order signed',
  destroyed: 'destroyed',
  there: 'there',
  approve: 'Approve',
  approveHint: 'To approve is to let all footage on this list be deleted for ever. It is the digest above that is approved; whatever changes afterwards voids the list. A command on the host deletes.',
  decline: 'Decline',
  remark: 'Remark (5 to 200 characters; an approval needs none)',
  reasonHint: 'Give a reason, in 5 to 200 characters.',
  password: 'Your password, once more',
  proofNeeded: 'Give your password again to approve.',
  waitingCount: (number) => `${number} waiting for you`,
  states: {
    proposed: 'Proposed',
    approved_once: 'Approved by one side',
    approved_twice: 'Approved by both',
    partly: 'Partly carried out',
    carried_out: 'Carried out',
    turned_down: 'Turned down',
    run_out: 'Run out',
    voided: 'Void',
  },
  settled: { approved: 'Approved', declined: 'Declined', voided: 'Void' },
  obstacles: {
    unknown_batch: 'there is no such batch',
    sitting_open: 'a sitting is not closed',
    not_closed: 'the batch is not closed: nothing of it is signed',
    not_stated: 'the evidence is not what the last manifest states; amend it first',
    retained: 'its time of keeping is not over',
    retention_unknown: 'until when it is kept is not known',
    locked: 'a copy is still locked',
    held: 'it is held',
    hold_unknown: 'nobody can say that it is not held',
    permit_open: 'a permit on it is open',
    listed: 'another list has it',
    disposed: 'it was disposed of',
    clock_unproven: 'the clock of the host is not proven',
    clock_behind: 'the clock of the host is behind the last signature',
    changed: 'it is not what was listed any more',
  },
  kinds: { order: 'order', certificate: 'certificate of destruction' },
  refusals: {
    'disposal-refused': 'Something is in the way, and nothing was done. Load the page again to see what.',
    'decision-refused': 'You may not decide so, or it was decided or changed meanwhile. Look again.',
    'unknown-disposal': 'There is no such list.',
    'unknown-batch': 'There is no such batch.',
    'invalid-request': 'Look at the words and their length again.',
    'reason-needed': 'Say why.',
    'login-refused': 'The password is wrong.',
    'too-many-attempts': 'Too many wrong passwords. Try again later.',
  },
  failed: 'That did not work. Try again later.',
}

export const disposalWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function disposalRefusal(kind: string): string {
  return disposalWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? disposalWords.value.failed
}
