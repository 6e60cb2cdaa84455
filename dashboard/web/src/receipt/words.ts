// The words of the page that checks receipts, in both languages.

import { computed } from 'vue'

import type { ReceiptState } from '@/api/types'
import { language } from '@/words'

interface ReceiptWords {
  title: string
  lead: string
  code: string
  placeholder: string
  check: string
  checking: string
  states: Record<ReceiptState, string>
  meanings: Record<ReceiptState, string>
  certificate: string
  made: string
  asked: string
  print: string
  note: string
  refusals: Record<string, string>
  failed: string
}

const zh: ReceiptWords = {
  title: '考核证据回执核对',
  lead: '输入回执上的回执码，核对证书所依据的考核档案是否与出具回执时一致。',
  code: '回执码',
  placeholder: '如 7K3M-9Q2D-…，大小写、空格、连字符均可',
  check: '核对',
  checking: '正在读取档案并核对……',
  states: { holds: '一致', changed: '已变动', unknown: '暂时无法核对', none: '没有此回执', mistyped: '回执码有误' },
  meanings: {
    holds: '登记、录像签名清单和归档扫描件均与出具时相同。',
    changed: '出具回执后，其所依据的内容有变动。这不说明原因：更正、补充也会如此，请向出具单位查询。',
    unknown: '不能据此认为一致或不一致。',
    none: '本系统没有以此码出具过回执。',
    mistyped: '有字符缺失、多余或不对，请对照回执重新输入。',
  },
  certificate: '证书编号',
  made: '回执出具时间',
  asked: '核对时间',
  print: '打印',
  note: '无需登录。只回答是否一致，不显示考生姓名、成绩、录像和扫描件。结果可能是一分钟以内的。',
  refusals: {
    'too-many-questions': '查询过于频繁，请稍后再试。',
    'database-unavailable': '系统暂时无法查询，请稍后再试。',
  },
  failed: '未能核对，请检查网络后重试。',
}

const en: ReceiptWords = {
  title: 'Check an evidence receipt',
  lead: 'Type the code of a receipt to see whether what its certificate rests on is as it was when the receipt was made.',
  code: 'Code of the receipt',
  placeholder: 'Such as 7K3M-9Q2D-…; small letters, spaces and hyphens do no harm',
  check: 'Check',
  checking: 'The dossier is being read …',
  states: { holds: 'As it was', changed: 'Changed', unknown: 'Cannot be told now', none: 'No such receipt', mistyped: 'Mistyped' },
  meanings: {
    holds: 'Entries, the signed manifest of the footage and all scans are the same.',
    changed: 'Something that the receipt rests on changed after it was made. That does not say why: a correction does it too. Ask whoever issued it.',
    unknown: 'That is neither a yes nor a no.',
    none: 'No receipt was ever made here under this code.',
    mistyped: 'A character is missing, too many or wrong. Compare it with the receipt.',
  },
  certificate: 'Certificate no.',
  made: 'Receipt made',
  asked: 'Checked',
  print: 'Print',
  note: 'No login is needed. Only whether it is as it was is told: no name, mark, footage or scan. The answer may be up to a minute old.',
  refusals: {
    'too-many-questions': 'It was asked too often. Try again in a little while.',
    'database-unavailable': 'Nothing can be looked up at the moment. Try again later.',
  },
  failed: 'It could not be checked. Look at the network and try again.',
}

export const receiptWords = computed(() => (language.value === 'zh' ? zh : en))

export function receiptRefusal(kind: string): string {
  return receiptWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? receiptWords.value.failed
}
