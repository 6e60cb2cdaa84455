import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { Refused } from '@/api/client'
import type { Certificates, Dossier, DossierNeed } from '@/api/types'
import { choices, FILED, hasSitting, hasSubject, kilobytes, missing, unaccounted } from '@/dossier/standing'
import { dossierRefusal, objectionIn, refusedTickets } from '@/dossier/words'
import { plainCode, readCode } from '@/receipt/code'
import StateMark from '@/receipt/StateMark.vue'
import { receiptRefusal } from '@/receipt/words'
import { language } from '@/words'

// Made by domain.receipt.code_of of the root that is the SHA-256 of "kaojian".
const CODE = '1FEA-XV7B-0S27-MC5A-62XQ-PZDJ-ZGD0-RZ46-3'

describe('the code of a receipt', () => {
  it('is read however it was typed, and from an address or a QR code', () => {
    const wide = [...CODE].map((each) => String.fromCharCode(each.charCodeAt(0) + 0xfee0)).join('')
    const typed = [
      CODE, CODE.toLowerCase(), CODE.replaceAll('-', ''), CODE.replaceAll('-', ' — '), ` ${CODE}\n`, wide,
      CODE.replaceAll('0', 'o').replaceAll('1', 'l'), `https://kaojian.example.cn/receipt/${CODE}`,
      `https://kaojian.example.cn/receipt/${CODE}/`, `KAOJIAN-RECEIPT:${CODE}`, `${CODE}?from=qr`,
    ]
    expect(typed.map(readCode)).toEqual(typed.map(() => CODE))
  })
  it('is refused with any one character wrong, and any two neighbours swapped', () => {
    const plain = plainCode(CODE)
    for (let at = 0; at < plain.length; at++) {
      const other = plain[at] === '7' ? '8' : '7'
      expect(readCode(plain.slice(0, at) + other + plain.slice(at + 1))).toBeUndefined()
      if (at && plain[at] !== plain[at - 1]) {
        expect(readCode(plain.slice(0, at - 1) + plain[at] + plain[at - 1] + plain.slice(at + 1))).toBeUndefined()
      }
    }
  })
  it('is none where it is empty, too long or something else', () => {
    expect(['', '   ', '/', 'x', `${CODE}0`, CODE.slice(1), '欧阳', '😀'.repeat(33)].map(readCode)).toEqual(Array(8).fill(undefined))
  })
})

describe('what a check found', () => {
  it('is a word in both languages', () => {
    const said = ['zh', 'en'].map((each) => {
      language.value = each as 'zh' | 'en'
      return (['holds', 'changed', 'unknown', 'none', 'mistyped'] as const).map((state) => mount(StateMark, { props: { state } }).text())
    })
    language.value = 'zh'
    expect(said[0]).toEqual(['一致', '已变动', '暂时无法核对', '没有此回执', '回执码有误'])
    expect(new Set(said[1]).size).toBe(5)
    expect(receiptRefusal('urn:kaojian:problem:too-many-questions')).toContain('频繁')
    expect(receiptRefusal('')).toContain('未能核对')
  })
})

const need = (item: DossierNeed['item'], subject = '', sitting = 0, scan: number | null = null): DossierNeed => ({
  item, subject, sitting, zh: '', en: '', scan, filed: null,
})
const DOSSIER: Dossier = {
  batch: 'b', made: '', norm: 'n', footage: null, scans: [], clauses: [],
  needs: [need('papers', '实操', 2), need('papers', '理论', 1, 4), need('room_record', '', 1), need('roster')],
}
const FORMS: Certificates['forms'] = { delivered: 9, issued: 3, spoiled: 1, left: 5, counted: null, by_book: null, counted_at: null }

describe('a dossier', () => {
  it('lacks what no scan serves', () => {
    expect(missing(DOSSIER).map((each) => each.item)).toEqual(['papers', 'room_record', 'roster'])
  })
  it('offers the subjects and sittings that it needs something of', () => {
    expect(choices(DOSSIER)).toEqual({ subjects: ['实操', '理论'], sittings: [1, 2] })
    expect(FILED.map((each) => [hasSubject(each), hasSitting(each)])).toEqual([[true, true], [true, true], [false, true], [false, true], [false, false]])
  })
  it('tells how large a scan is', () => {
    expect([kilobytes(300), kilobytes(2 ** 20 * 1.5)]).toEqual(['1', '1,536'])
  })
})

describe('certificates', () => {
  it('lack forms only where somebody counted', () => {
    expect([unaccounted(FORMS), unaccounted({ ...FORMS, counted: 3, by_book: 5 })]).toEqual([0, 2])
  })
  it('that cannot be issued are told by ticket', () => {
    const places = [{ field: 'candidates.T001', message: 'was not decided' }, { field: 'form', message: 'x' }]
    expect(refusedTickets(new Refused('', 'urn:kaojian:problem:certificate-refused', places))).toEqual([{ ticket: 'T001', why: 'was not decided' }])
    expect(refusedTickets(new Error('x'))).toEqual([])
  })
  it('are held back for reasons that each language tells by itself', () => {
    const why = 'to be reviewed 待核: 实操：断档8秒 · 实操: Gap of 8 s; lost; 成绩未签 · not signed'
    expect(objectionIn(why, 'zh')).toBe('待核：实操：断档8秒；成绩未签')
    expect(objectionIn(why, 'en')).toBe('to be reviewed: 实操: Gap of 8 s; lost; not signed')
    expect(objectionIn('nobody decided on it yet; decide first 尚无制证决定', 'zh')).toBe('尚无制证决定')
  })
  it('are refused in the sentence of the records, of which each language has its part', () => {
    const said = 'form GD9 is in no delivery 空白证书不在配发号段内'
    expect(dossierRefusal('urn:kaojian:problem:certificate-refused', said)).toBe('空白证书不在配发号段内')
    expect(dossierRefusal('urn:kaojian:problem:not-allowed', said)).toContain('角色')
  })
})
