import { flushPromises, mount } from '@vue/test-utils'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { account } from '@/access/account'
import { Refused } from '@/api/client'
import * as api from '@/api/client'
import type { Act, Case, Clause, Exit, IssueDecision, Proposal } from '@/api/types'
import CaseDetail from '@/batch/CaseDetail.vue'
import {
  bySection,
  decisionsOpen,
  isCaseShown,
  isShown,
  mayConfirm,
  partIn,
  placeOf,
  reportOf,
  sectionOf,
  sentenceIn,
  tally,
  VERDICTS,
  wantsReason,
  wayOut,
} from '@/batch/standing'
import { batchRefusal, evidenceText } from '@/batch/words'
import { language } from '@/words'

const BATCH = 'SG-2026-0501'
const clause = (id: string): Clause => ({
  id, part: '', title_zh: '', title_en: '', verdict: 'pass', zh: '', en: '', rests_on: [],
})
const EXIT: Exit = {
  number: 1, kind: 'decided', subject: '实操', place: `${BATCH}/1/A01`, by: 'account:chen', second: null,
  at: '2026-05-01T02:00:00Z', reason: '断线八秒', evidence: ['document:9'],
}
const DECISION: IssueDecision = { issue: true, proposed: 'issue', at: '2026-05-02T02:00:00Z', by: 'account:chen', reason: '' }
function candidate(proposal: Proposal, changed: Partial<Case> = {}): Case {
  return { candidate: 'T001', proposal, reasons: [], footage: [], exits: [], decision: null, rests_on: [], ...changed }
}
const footage = (verdict: Case['footage'][0]['verdict']) => ({ subject: '实操', place: `${BATCH}/1/A01`, verdict, zh: '', en: '' })

describe('clauses', () => {
  it('are grouped by the sections of the notice, in their order', () => {
    expect([sectionOf('C6.2-3'), sectionOf('C10-1'), sectionOf('?')]).toEqual([6, 10, 0])
    const groups = bySection(['C1-1', 'C1-2', 'C6.1-1', 'C6.7-3', 'C10-1'].map(clause))
    expect(groups.map((each) => [each.section, each.clauses.length])).toEqual([[1, 2], [6, 2], [10, 1]])
  })
  it('stand in parts of the notice that are numbered as the language does', () => {
    expect(['六(二)', '一、二、三', '十(二)'].map((each) => partIn(each, 'en'))).toEqual(['6(2)', '1, 2, 3', '10(2)'])
    expect(partIn('六(二)', 'zh')).toBe('六(二)')
  })
  it('that nobody can judge are not met, and a remark within tolerance is', () => {
    expect(VERDICTS.filter((each) => isShown(each, 'unmet'))).toEqual(['fail', 'unknown', 'pending'])
    expect(VERDICTS.filter((each) => isShown(each, 'warn'))).toEqual(['warn'])
    expect(VERDICTS.every((each) => isShown(each, 'all'))).toBe(true)
  })
  it('are counted with what is wrong first, and without what there is none of', () => {
    expect(tally(['pass', 'fail', 'pass'], VERDICTS)).toEqual([{ key: 'fail', count: 1 }, { key: 'pass', count: 2 }])
  })
  it('rest on reports of sittings and on entries of the register', () => {
    expect(['report/12', 'report/x', `score/${BATCH}/T001/report/1@1`].map(reportOf)).toEqual([12, undefined, undefined])
  })
})

describe('a place', () => {
  it('is told apart whatever its batch and station are called', () => {
    expect(placeOf(BATCH, `${BATCH}/1/A01`)).toEqual({ sitting: 1, station: 'A01' })
    expect(placeOf('a/b', 'a/b/2/C/1')).toEqual({ sitting: 2, station: 'C/1' })
    expect(placeOf(BATCH, 'other/1/A01')).toBeUndefined()
    expect(placeOf(BATCH, `${BATCH}/A01`)).toBeUndefined()
  })
})

describe('an exit', () => {
  it('is taken only of who is held back, and only past what fails or is not known', () => {
    const seen = (['fail', 'unknown', 'warn', 'pass', 'pending'] as const).map(footage)
    expect(wayOut(candidate('hold', { footage: seen })).map((each) => each.verdict)).toEqual(['fail', 'unknown'])
    expect(wayOut(candidate('refuse', { footage: seen }))).toEqual([])
    expect(wayOut(candidate('issue', { footage: seen }))).toEqual([])
  })
  it('is confirmed by somebody else, and once', () => {
    expect(mayConfirm(EXIT, 'chen')).toBe(false)
    expect(mayConfirm(EXIT, 'wu')).toBe(true)
    expect(mayConfirm({ ...EXIT, second: 'account:wu' }, 'liu')).toBe(false)
  })
  it('that waits for a second person is found by a filter of its own', () => {
    expect(isCaseShown(candidate('hold', { exits: [EXIT] }), 'awaiting')).toBe(true)
    expect(isCaseShown(candidate('hold', { exits: [{ ...EXIT, second: 'account:wu' }] }), 'awaiting')).toBe(false)
    expect(isCaseShown(candidate('hold'), 'issue')).toBe(false)
  })
})

describe('evidence', () => {
  it('is told in words, and as it stands where it is of no known kind', () => {
    expect(evidenceText('document:韶技服〔2026〕9号')).toBe('文号 韶技服〔2026〕9号')
    expect(evidenceText('from:NVR: 3')).toBe('来源 NVR: 3')
    expect(evidenceText('other:1')).toBe('other:1')
  })
})

describe('a decision', () => {
  it('is open as the gate allows it: none while held back, no issue of what is refused', () => {
    expect(decisionsOpen(candidate('hold'))).toEqual({ issue: false, withhold: false })
    expect(decisionsOpen(candidate('refuse'))).toEqual({ issue: false, withhold: true })
    expect(decisionsOpen(candidate('issue'))).toEqual({ issue: true, withhold: true })
  })
  it('is not offered again while it stands, and is once the proposal has changed', () => {
    expect(decisionsOpen(candidate('issue', { decision: DECISION }))).toEqual({ issue: false, withhold: true })
    expect(decisionsOpen(candidate('refuse', { decision: DECISION }))).toEqual({ issue: false, withhold: true })
    const older = { ...DECISION, issue: false, proposed: 'refuse' as const }
    expect(decisionsOpen(candidate('issue', { decision: older }))).toEqual({ issue: true, withhold: true })
  })
  it('has a reason where it is not what is proposed, or not what was decided before', () => {
    expect([true, false].map((issue) => wantsReason(candidate('issue'), issue))).toEqual([false, true])
    expect(wantsReason(candidate('refuse'), false)).toBe(false)
    expect(wantsReason(candidate('refuse', { decision: DECISION }), false)).toBe(true)
    expect(wantsReason(candidate('issue', { decision: { ...DECISION, issue: false } }), true)).toBe(true)
  })
})

describe('a refusal', () => {
  afterEach(() => {
    language.value = 'zh'
  })
  it('is told in the language of the page where both are told apart', () => {
    const said = 'camera A-cam-1 has no usable footage of all that SG/1/A01 lacks 该摄像机在缺失时段没有可用录像'
    expect(sentenceIn(said, 'zh')).toBe('该摄像机在缺失时段没有可用录像')
    expect(sentenceIn(said, 'en')).toBe('camera A-cam-1 has no usable footage of all that SG/1/A01 lacks')
    const digest = 'name the footage by its SHA-256, and say where it comes from 请填写补录文件的 SHA-256 及来源'
    expect(sentenceIn(digest, 'zh')).toBe('请填写补录文件的 SHA-256 及来源')
    const subject = 'T001 was not examined in 实操 at SG/1/A01 该考生没有此科目、工位的考核'
    expect(sentenceIn(subject, 'zh')).toBe('该考生没有此科目、工位的考核')
    expect(sentenceIn(subject, 'en')).toBe('T001 was not examined in 实操 at SG/1/A01')
  })
  it('is told whole where they are not', () => {
    const mixed = 'T001 is 待核 to be reviewed: 实操：断档8秒 实操: Gap of 8 s'
    expect([sentenceIn(mixed, 'zh'), sentenceIn(mixed, 'en')]).toEqual([mixed, mixed])
    expect(sentenceIn('only English', 'zh')).toBe('only English')
  })
  it('is the own sentence of the gate, and a word by its type for the others', () => {
    expect(batchRefusal('urn:kaojian:problem:case-refused', 'say so 请说明')).toBe('请说明')
    language.value = 'en'
    expect(batchRefusal('urn:kaojian:problem:revised-meanwhile', 'internal')).toContain('Somebody else was there first')
    expect(batchRefusal('', 'internal')).toBe('That did not work. Try again later.')
  })
})

describe('what is offered of a candidate', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    account.value = null
  })
  const held = candidate('hold', { footage: [footage('fail')], exits: [EXIT] })

  function shown(found: Case, ...acts: Act[]) {
    account.value = {
      name: 'wu', role: 'city_supervisor', sees: [], may: acts, expires: null, must_change: false, factor: true,
      must_enrol: false, says_why: false, linked: false, password: true,
    }
    const router = createRouter({
      history: createMemoryHistory(),
      routes: [{ path: '/:batch/:number', name: 'sitting', component: { template: '' } }, { path: '/', component: { template: '' } }],
    })
    return mount(CaseDetail, { props: { batch: BATCH, found }, global: { plugins: [router] } })
  }

  it('is nothing to who may only look', () => {
    const page = shown(held, 'cases')
    expect(page.findAll('form, button')).toHaveLength(0)
    expect(page.text()).toContain('待另一人复核')
  })
  it('is a second person’s confirmation and another exit to who may take one, and no decision', () => {
    const page = shown(held, 'cases', 'take_exit')
    expect(page.findAll('[data-exits] button').map((each) => each.text())).toEqual(['复核确认'])
    expect(page.find('[data-take-exit]').exists()).toBe(true)
    expect(page.find('[data-decide]').exists()).toBe(false)
  })
  it('is no confirmation of one’s own exit', () => {
    const page = shown(candidate('hold', { footage: [footage('fail')], exits: [{ ...EXIT, by: 'account:wu' }] }), 'take_exit')
    expect(page.findAll('[data-exits] button')).toHaveLength(0)
    expect(page.text()).toContain('须由另一人复核')
  })
  it('is a decision to who may decide, and to nobody while the candidate is held back', () => {
    expect(shown(held, 'decide_case').findAll('button')).toHaveLength(0)
    const page = shown(candidate('refuse'), 'decide_case')
    expect(page.findAll('[data-decide] button').map((each) => each.text())).toEqual(['决定不予制证'])
  })
  it('tells a refusal where it happened and asks for the lists anew', async () => {
    vi.spyOn(api, 'confirmExit').mockRejectedValue(new Refused('it is gone 没有这条认定', 'urn:kaojian:problem:case-refused'))
    const page = shown(held, 'take_exit')
    await page.find('[data-exits] button').trigger('click')
    await flushPromises()
    expect(page.find('[role=alert]').text()).toBe('没有这条认定')
    expect(page.emitted('acted')).toHaveLength(1)
  })
  it('asks for the password first where it was given too long ago, and changes nothing meanwhile', async () => {
    vi.spyOn(api, 'confirmExit').mockRejectedValue(new Refused('', 'urn:kaojian:problem:proof-needed'))
    const page = shown(held, 'take_exit')
    await page.find('[data-exits] button').trigger('click')
    await flushPromises()
    expect(page.find('[data-proof]').exists()).toBe(true)
    expect(page.emitted('acted')).toBeUndefined()
  })
})
