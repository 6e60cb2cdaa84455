// The words of logging in, in both languages; the refusals are told by their type, not by the server's sentence.

import { computed } from 'vue'

import type { Act, Role } from '@/api/types'
import { language } from '@/words'

interface AccessWords {
  logIn: string
  logOut: string
  name: string
  password: string
  changeFirst: string
  oldPassword: string
  newPassword: string
  newAgain: string
  change: string
  lengthHint: string
  notTheSame: string
  note: string
  failed: string
  secondStep: string
  code: string
  codeHint: string
  goOn: string
  back: string
  enrol: string
  mustEnrol: string
  scan: string
  orType: string
  qrCode: string
  firstCode: string
  confirm: string
  passwordAgain: string
  recoveryCodes: string
  keepCodes: string
  codesKept: string
  secondFactor: string
  factorSet: (left: number) => string
  factorNone: string
  factorRequired: string
  removeFactor: string
  lastCode: string
  sessions: string
  sessionsHint: string
  sessionBegan: string
  thisSession: string
  endSession: string
  endOthers: string
  tokens: string
  tokensHint: (name: string) => string
  program: string
  mayDo: string
  until: string
  lastUsed: string
  state: string
  open: string
  revoked: string
  runOut: string
  revoke: string
  comma: string
  glassOpen: (account: string, role: string) => string
  glassOver: (account: string, role: string) => string
  glassSpan: (from: string, to: string) => string
  glassBy: (by: string, reason: string) => string
  logInBy: (provider: string) => string
  proveBy: (provider: string) => string
  leaveToo: string
  leaveBy: (provider: string) => string
  acts: Partial<Record<Act, string>>
  refusals: Record<string, string>
  roles: Record<Role, string>
}

const zh: AccessWords = {
  logIn: '登录',
  logOut: '退出',
  name: '账户名',
  password: '密码',
  changeFirst: '请先修改初始密码',
  oldPassword: '当前密码',
  newPassword: '新密码',
  newAgain: '再次输入新密码',
  change: '修改密码',
  lengthHint: '12 至 128 个字符。不得包含账户名，也不得是常见密码或由姓名、日期、键盘顺序拼成；可用几个互不相关的词。',
  notTheSame: '两次输入的新密码不一致。',
  note: '本系统涉及考生影像，请仅在职责范围内使用。',
  failed: '未能完成，请稍后再试。',
  secondStep: '第二步验证',
  code: '动态口令',
  codeHint: '输入验证器应用中当前显示的 6 位数字；手机不在身边时，可输入一个恢复码。',
  goOn: '继续',
  back: '返回',
  enrol: '设置动态口令',
  mustEnrol: '您的角色必须使用动态口令。设置完成后方可进入系统。',
  scan: '用手机上的验证器应用（支持 TOTP 的任一应用）扫描左侧二维码。',
  orType: '无法扫描时，手工输入密钥：',
  qrCode: '供验证器应用扫描的二维码',
  firstCode: '输入应用显示的 6 位数字',
  confirm: '确认并启用',
  passwordAgain: '请再次输入密码',
  recoveryCodes: '恢复码',
  keepCodes: '手机遗失时，每个恢复码可代替动态口令登录一次。恢复码只显示这一次，请抄写或打印后妥善保管，不要存放在手机里。',
  codesKept: '已妥善保管',
  secondFactor: '动态口令',
  factorSet: (left) => `已启用，剩余 ${left} 个恢复码。`,
  factorNone: '尚未启用。启用后，登录时除密码外还须输入手机上的动态口令。',
  factorRequired: '您的角色必须使用动态口令。',
  removeFactor: '停用动态口令',
  lastCode: '输入当前动态口令或一个恢复码',
  sessions: '登录会话',
  sessionsHint: '本账户目前在以下各处登录。忘记退出的，可在这里结束。',
  sessionBegan: '登录时间',
  thisSession: '当前会话',
  endSession: '结束',
  endOthers: '结束其他全部',
  tokens: '接口令牌',
  tokensHint: (name) => `供其他程序以本账户的名义读取数据，由管理人员用 kaojian token add ${name} 签发。不再使用或疑似泄露的令牌请立即吊销。`,
  program: '用于',
  mayDo: '可以',
  until: '有效期至',
  lastUsed: '最近使用',
  state: '状态',
  open: '有效',
  revoked: '已吊销',
  runOut: '已过期',
  revoke: '吊销',
  comma: '、',
  glassOpen: (account, role) => `紧急进入账户 ${account}（${role}）正在使用`,
  glassOver: (account, role) => `曾启用紧急进入账户 ${account}（${role}）`,
  glassSpan: (from, to) => `${from} 至 ${to}`,
  glassBy: (by, reason) => `由 ${by} 开启，事由：${reason}`,
  acts: { schedule: '查看考试安排', see: '查看场次与报告', audit: '查看调看与操作记录', watch: '观看录像', save: '下载录像', watch_open: '观看未闭考场次', scores: '查看成绩', score: '录入成绩', hand_in: '提交成绩文件', roll: '查看名册', cases: '查看制证建议' },
  logInBy: (provider) => `通过${provider}登录`,
  proveBy: (provider) => `通过${provider}重新验证身份`,
  leaveToo: '与他人共用电脑时，请一并退出：',
  leaveBy: (provider) => `退出${provider}`,
  refusals: {
    'login-refused': '账户名与密码不符，或账户已停用。',
    'too-many-attempts': '密码或口令错误次数过多，请稍后再试。',
    'code-refused': '口令不正确或已用过，请等待下一个口令。',
    'password-refused': '新密码不符合要求：太短、太长、含账户名，或太容易被猜到。',
    'provider-down': '统一认证平台没有应答。请用密码登录，或稍后再试。',
    'provider-declined': '统一认证平台未予放行，或登录已中止。',
    'not-believed': '统一认证平台的答复未通过核验，未能登录。请告知管理员。',
    'not-begun': '本浏览器近期未发起这次登录，请重新登录。',
    'not-linked': '您的身份尚未绑定本系统的有效账户。请将以下用户标识告知管理员，由其绑定（kaojian user link）：',
    'other-address': '请从本系统的正式网址打开页面后再登录。',
  },
  roles: {
    city_administrator: '市级管理员',
    city_officer: '市级经办人',
    city_supervisor: '市级督导员',
    county_supervisor: '县级督导员',
    site_operator: '考场操作员',
    auditor: '审计人员',
    examiner: '考评员',
    scoring_system: '评分系统',
    device: '设备',
  },
}

const en: AccessWords = {
  logIn: 'Log in',
  logOut: 'Log out',
  name: 'Account',
  password: 'Password',
  changeFirst: 'Change the first password',
  oldPassword: 'Current password',
  newPassword: 'New password',
  newAgain: 'New password again',
  change: 'Change password',
  lengthHint:
    '12 to 128 characters, without the name of the account; no common password, and none of names, dates or keys in a row. Several words that do not belong together are fine.',
  notTheSame: 'The new passwords differ.',
  note: 'This service shows candidates. Use it for your duty only.',
  failed: 'That did not work. Try again later.',
  secondStep: 'Second step',
  code: 'Code',
  codeHint: 'The six digits that your authenticator shows now; without your telephone, a recovery code.',
  goOn: 'Continue',
  back: 'Back',
  enrol: 'Set up a second factor',
  mustEnrol: 'Your role has to have a second factor. Nothing else opens until it is set up.',
  scan: 'Scan this with the authenticator on your telephone; any that knows TOTP will do.',
  orType: 'If it cannot scan, type this secret:',
  qrCode: 'QR code for your authenticator',
  firstCode: 'The six digits that it shows',
  confirm: 'Confirm and use it',
  passwordAgain: 'Your password, once more',
  recoveryCodes: 'Recovery codes',
  keepCodes:
    'If you lose your telephone, each of these opens the door once in the place of a code. They are shown this one time. Write or print them and keep them safe, not on the telephone.',
  codesKept: 'I have put them away',
  secondFactor: 'Second factor',
  factorSet: (left) => `In use; ${left} recovery codes left.`,
  factorNone: 'Not in use. With it, logging in takes a code from your telephone beside the password.',
  factorRequired: ' Your role has to have it.',
  removeFactor: 'Remove the second factor',
  lastCode: 'A code of it now, or a recovery code',
  sessions: 'Where you are logged in',
  sessionsHint: 'This account is in use at these places now. End what you forgot to log out of.',
  sessionBegan: 'Logged in',
  thisSession: 'this one',
  endSession: 'End',
  endOthers: 'End all others',
  tokens: 'Tokens of programs',
  tokensHint: (name) => `Programs read data on behalf of this account with them. They are made with kaojian token add ${name}. Revoke what is not used any more or may have leaked.`,
  program: 'For',
  mayDo: 'May',
  until: 'Until',
  lastUsed: 'Last used',
  state: 'State',
  open: 'open',
  revoked: 'revoked',
  runOut: 'run out',
  revoke: 'Revoke',
  comma: ', ',
  glassOpen: (account, role) => `Emergency account ${account} (${role}) is open`,
  glassOver: (account, role) => `There was an emergency account ${account} (${role})`,
  glassSpan: (from, to) => `${from} to ${to}`,
  glassBy: (by, reason) => `made by ${by}; reason: ${reason}`,
  acts: { schedule: 'see the schedule', see: 'see sittings and reports', audit: 'read who looked and who did what', watch: 'watch footage', save: 'save files', watch_open: 'watch open sittings', scores: 'read marks', score: 'give marks', hand_in: 'hand results in', roll: 'read rolls', cases: 'read what is proposed' },
  logInBy: (provider) => `Log in by ${provider}`,
  proveBy: (provider) => `Prove who you are by ${provider}`,
  leaveToo: 'On a computer that others use, leave this too:',
  leaveBy: (provider) => `log out of ${provider}`,
  refusals: {
    'login-refused': 'Account and password do not match, or the account is closed.',
    'too-many-attempts': 'Too many wrong passwords or codes. Try again later.',
    'code-refused': 'The code is wrong or was used. Wait for the next one.',
    'password-refused': 'The new password does not do: too short, too long, with the account\'s name in it, or soon guessed.',
    'provider-down': 'The identity provider does not answer. Log in with a password, or try again later.',
    'provider-declined': 'The identity provider did not let you in, or the login was broken off.',
    'not-believed': 'What the identity provider answered does not hold, so nobody was let in. Tell an administrator.',
    'not-begun': 'This login was not begun in this browser lately. Begin again.',
    'not-linked': 'No open account is linked to you. Tell an administrator this subject, to be linked (kaojian user link):',
    'other-address': 'Open the pages at their proper address to log in this way.',
  },
  roles: {
    city_administrator: 'City administrator',
    city_officer: 'City officer',
    city_supervisor: 'City supervisor',
    county_supervisor: 'County supervisor',
    site_operator: 'Site operator',
    auditor: 'Auditor',
    examiner: 'Examiner',
    scoring_system: 'Scoring system',
    device: 'Device',
  },
}

export const accessWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function refusal(kind: string): string {
  return accessWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? accessWords.value.failed
}
