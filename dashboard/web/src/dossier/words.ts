// The words of a batch's dossier and certificates, in both languages.

import { computed } from 'vue'

import { Refused } from '@/api/client'
import type { Item } from '@/api/types'
import { sentenceIn } from '@/batch/standing'
import { language } from '@/words'

interface DossierWords {
  tab: string
  dossier: string
  items: Record<Item, string>
  what: string
  state: string
  missing: string
  filed: string
  when: string
  noNorm: string
  footage: (manifest: number, files: number) => string
  footageMissing: string
  scans: string
  number: string
  size: (kilobytes: string) => string
  sheets: (count: number) => string
  by: string
  fetch: string
  noScans: string
  revised: (revision: number, reason: string) => string
  file: string
  fileHint: string
  item: string
  subject: string
  ofAll: string
  sitting: string
  sittingOf: (number: number) => string
  pages: string
  chooseFile: string
  replaces: string
  replacesNone: string
  replacesReason: string
  send: string
  tooLarge: string
  sent: (number: number) => string
  certificates: string
  ledger: (told: { delivered: number; issued: number; spoiled: number; left: number }) => string
  unaccounted: (count: number) => string
  certificate: string
  ticket: string
  form: string
  issued: string
  stands: string
  revoked: string
  stamped: string
  notStamped: string
  receipt: string
  noReceipt: string
  makeReceipt: string
  check: string
  paper: string
  noCertificates: string
  revoke: string
  revokeReason: string
  revokeNow: string
  cancel: string
  revokeOf: (ticket: string) => string
  issue: string
  issueHint: string
  whom: string
  firstForm: string
  stampedBy: string
  again: string
  issueNow: (count: number) => string
  issuedNow: (count: number) => string
  nobodyWaits: string
  refusals: Record<string, string>
  failed: string
}

const zh: DossierWords = {
  tab: '档案与证书',
  dossier: '考核档案',
  items: { papers: '试卷', score_sheets: '评分表', room_record: '考场记录表', sign_in_sheet: '考生签到表', roster: '考核名册表', footage: '现场录像' },
  what: '材料',
  state: '状态',
  missing: '缺',
  filed: '已归档',
  when: '归档时间',
  noNorm: '未登记考核规范，应否有试卷、评分表不明。',
  footage: (manifest, files) => `证据清单 ${manifest}，${files} 个文件`,
  footageMissing: '批次封存（签名）后归档',
  scans: '已归档扫描件',
  number: '编号',
  size: (kilobytes) => `${kilobytes} KB`,
  sheets: (count) => `${count} 页`,
  by: '归档人',
  fetch: '调取',
  noScans: '尚无扫描件。',
  revised: (revision, reason) => `第 ${revision} 版：${reason}`,
  file: '归档一份扫描件',
  fileHint: 'PDF、JPEG 或 PNG，不超过 64 MiB，不加密。归档后按批次锁定，不能删除，只能更正。',
  item: '材料',
  subject: '科目',
  ofAll: '全部',
  sitting: '场次',
  sittingOf: (number) => `第 ${number} 场`,
  pages: '页数',
  chooseFile: '文件',
  replaces: '更正哪一份',
  replacesNone: '不更正，另归档',
  replacesReason: '更正原因',
  send: '归档',
  tooLarge: '文件超过 64 MiB，请分开归档，或以 300 dpi 重新扫描。',
  sent: (number) => `已归档，编号 ${number}。`,
  certificates: '证书',
  ledger: ({ delivered, issued, spoiled, left }) => `空白证书台账（全部批次）：配发 ${delivered}，核发 ${issued}，作废 ${spoiled}，结存 ${left}`,
  unaccounted: (count) => `最近一次盘点差 ${count} 张`,
  certificate: '证书编号',
  ticket: '准考证号',
  form: '印刷号',
  issued: '制证时间',
  stands: '有效',
  revoked: '已撤销',
  stamped: '已用印',
  notStamped: '待用印',
  receipt: '证据回执',
  noReceipt: '未出具',
  makeReceipt: '出具回执',
  check: '核对',
  paper: 'PDF',
  noCertificates: '本批次尚未制证。',
  revoke: '撤销',
  revokeReason: '撤销原因（不写姓名）',
  revokeNow: '确认撤销',
  cancel: '取消',
  revokeOf: (ticket) => `撤销 ${ticket} 的证书`,
  issue: '制证',
  issueHint: '已决定制证而尚无证书的考生。全部制成，或者一张也不制。',
  whom: '考生',
  firstForm: '起始印刷号',
  stampedBy: '用印人（已用印时填写）',
  again: '换发原因（曾被撤销时填写）',
  issueNow: (count) => `制证 ${count} 张`,
  issuedNow: (count) => `已制证 ${count} 张。`,
  nobodyWaits: '没有待制证的考生。',
  refusals: {
    'reason-needed': '请填写原因。',
    'revised-meanwhile': '刚有他人操作，已重新载入，请再看一遍。',
    'invalid-request': '请检查填写的内容和长度。',
    'not-allowed': '您的角色不能这样做。',
    'no-store-answers': '对象存储没有应答，什么也没有归档，请稍后再试。',
    'not-locked': '对象存储不能锁定，什么也没有归档，请联系管理员。',
    'store-refuses': '对象存储拒绝了，什么也没有归档，请联系管理员。',
    'database-unavailable': '数据库没有应答，请稍后再试，并联系管理员。',
    'unknown-scan': '没有该编号的扫描件。',
  },
  failed: '未能完成，请稍后再试。',
}

const en: DossierWords = {
  tab: 'Dossier and certificates',
  dossier: 'Dossier',
  items: { papers: 'Papers', score_sheets: 'Score sheets', room_record: 'Room record', sign_in_sheet: 'Sign-in sheet', roster: 'Roster', footage: 'Footage' },
  what: 'Item',
  state: 'State',
  missing: 'Missing',
  filed: 'Filed',
  when: 'Filed at',
  noNorm: 'The norm is not on record, and so not whether papers and score sheets are to be there.',
  footage: (manifest, files) => `Manifest ${manifest}, ${files} files`,
  footageMissing: 'Filed when the batch is closed and signed',
  scans: 'Scans that were filed',
  number: 'No.',
  size: (kilobytes) => `${kilobytes} KB`,
  sheets: (count) => (count === 1 ? '1 sheet' : `${count} sheets`),
  by: 'Filed by',
  fetch: 'Fetch',
  noScans: 'No scan is filed yet.',
  revised: (revision, reason) => `Revision ${revision}: ${reason}`,
  file: 'File a scan',
  fileHint: 'PDF, JPEG or PNG of 64 MiB at most, not encrypted. It is locked with its batch: it can be corrected, never deleted.',
  item: 'Item',
  subject: 'Subject',
  ofAll: 'All',
  sitting: 'Sitting',
  sittingOf: (number) => `Sitting ${number}`,
  pages: 'Sheets',
  chooseFile: 'File',
  replaces: 'Corrects',
  replacesNone: 'None, it is another one',
  replacesReason: 'Why it is corrected',
  send: 'File',
  tooLarge: 'The file is larger than 64 MiB. File it in parts, or scan it at 300 dpi.',
  sent: (number) => `Filed as number ${number}.`,
  certificates: 'Certificates',
  ledger: ({ delivered, issued, spoiled, left }) => `Blank forms (of all batches): ${delivered} delivered, ${issued} issued, ${spoiled} spoiled, ${left} left`,
  unaccounted: (count) => `${count} unaccounted when they were counted last`,
  certificate: 'Certificate no.',
  ticket: 'Ticket',
  form: 'Form',
  issued: 'Issued',
  stands: 'Stands',
  revoked: 'Revoked',
  stamped: 'Stamped',
  notStamped: 'Not stamped yet',
  receipt: 'Receipt',
  noReceipt: 'None yet',
  makeReceipt: 'Make receipt',
  check: 'Check',
  paper: 'PDF',
  noCertificates: 'No certificate of this batch is issued yet.',
  revoke: 'Revoke',
  revokeReason: 'Why it is revoked (no names)',
  revokeNow: 'Revoke it',
  cancel: 'Cancel',
  revokeOf: (ticket) => `Revoke the certificate of ${ticket}`,
  issue: 'Issue certificates',
  issueHint: 'Who has none yet though it was decided so. All of them are issued, or none.',
  whom: 'Candidates',
  firstForm: 'First form',
  stampedBy: 'Stamped by (where it was, at once)',
  again: 'Why again (after one was revoked)',
  issueNow: (count) => `Issue ${count}`,
  issuedNow: (count) => `${count} issued.`,
  nobodyWaits: 'Nobody waits for a certificate.',
  refusals: {
    'reason-needed': 'Say why.',
    'revised-meanwhile': 'Somebody else was there first. It was loaded again; look once more.',
    'invalid-request': 'Look at the words and their length again.',
    'not-allowed': 'Your role may not do this.',
    'no-store-answers': 'An object store does not answer. Nothing was filed; try again later.',
    'not-locked': 'An object store keeps no lock. Nothing was filed; tell an administrator.',
    'store-refuses': 'An object store refuses it. Nothing was filed; tell an administrator.',
    'database-unavailable': 'The database does not answer. Try again later, and tell an administrator.',
    'unknown-scan': 'There is no scan of that number.',
  },
  failed: 'That did not work. Try again later.',
}

export const dossierWords = computed(() => (language.value === 'zh' ? zh : en))

const OWN_SENTENCE: ReadonlySet<string> = new Set(['dossier-refused', 'certificate-refused', 'receipt-refused', 'impossible-time', 'closed-batch'])

/** What to tell a person of a refusal; of what records say no to, their own sentence, which names what is in the way. */
export function dossierRefusal(kind: string, sentence: string): string {
  const type = kind.split(':').at(-1) ?? ''
  if (OWN_SENTENCE.has(type)) return sentence.split('\n').map((line) => sentenceIn(line, language.value)).join('\n')
  return dossierWords.value.refusals[type] ?? dossierWords.value.failed
}

/** Why a candidate cannot have a certificate, in one language: the gate tells its reasons as `zh · en; zh · en`. */
export function objectionIn(why: string, language: 'zh' | 'en'): string {
  const [, en, zh, reasons] = /^([a-z ]+) ([\u4e00-\u9fff]+): (.*)$/s.exec(why) ?? []
  if (!en || !zh || !reasons) return sentenceIn(why, language)
  const told = reasons.split(/; (?=[^;]* · )/).map((each) => each.split(' · ')[language === 'zh' ? 0 : 1] ?? each)
  return language === 'zh' ? `${zh}：${told.join('；')}` : `${en}: ${told.join('; ')}`
}

/** Of a refusal the candidates that it is about, each with why: its places are called `candidates.TICKET`. */
export function refusedTickets(error: unknown): { ticket: string; why: string }[] {
  if (!(error instanceof Refused)) return []
  return error.errors
    .filter((each) => each.field.startsWith('candidates.'))
    .map((each) => ({ ticket: each.field.slice('candidates.'.length), why: each.message }))
}
