// The words of logging in, in both languages; the refusals are told by their type, not by the server's sentence.

import { computed } from 'vue'

import type { Role } from '@/api/types'
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
  lengthHint: '12 至 128 个字符，不得包含账户名。',
  notTheSame: '两次输入的新密码不一致。',
  note: '本系统涉及考生影像，请仅在职责范围内使用。',
  failed: '未能完成，请稍后再试。',
  refusals: {
    'login-refused': '账户名与密码不符，或账户已停用。',
    'too-many-attempts': '密码错误次数过多，请稍后再试。',
    'password-refused': '新密码不符合要求。',
  },
  roles: {
    city_administrator: '市级管理员',
    city_officer: '市级经办人',
    city_supervisor: '市级督导员',
    county_supervisor: '县级督导员',
    site_operator: '考场操作员',
    auditor: '审计人员',
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
  lengthHint: '12 to 128 characters, without the name of the account.',
  notTheSame: 'The new passwords differ.',
  note: 'This service shows candidates. Use it for your duty only.',
  failed: 'That did not work. Try again later.',
  refusals: {
    'login-refused': 'Account and password do not match, or the account is closed.',
    'too-many-attempts': 'Too many wrong passwords. Try again later.',
    'password-refused': 'The new password is not fit to be one.',
  },
  roles: {
    city_administrator: 'City administrator',
    city_officer: 'City officer',
    city_supervisor: 'City supervisor',
    county_supervisor: 'County supervisor',
    site_operator: 'Site operator',
    auditor: 'Auditor',
  },
}

export const accessWords = computed(() => (language.value === 'zh' ? zh : en))

/** What to tell a person of a refusal of that type, `urn:kaojian:problem:...`. */
export function refusal(kind: string): string {
  return accessWords.value.refusals[kind.split(':').at(-1) ?? ''] ?? accessWords.value.failed
}
