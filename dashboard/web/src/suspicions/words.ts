// The words of suspicions, in both languages.

import { computed } from 'vue'

import type { SuspicionSort } from '@/api/types'
import { language } from '@/words'

interface SuspicionWords {
  title: string
  sorts: Record<SuspicionSort, string>
  sort: string
  batches: string
  batch: string
  allBatches: string
  says: string
  grounds: (count: number) => string
  restsOn: string
  all: string
  filterSorts: string
  none: string
  noneSuch: string
  note: string
  notLookedFor: (sorts: string) => string
  comma: string
  more: (count: number) => string
}

const zh: SuspicionWords = {
  title: '疑点',
  sorts: {
    two_places: '考评员同时在两处',
    scored_before_arrival: '签到前已评分',
    scored_without_presence: '有成绩而工位无人',
    more_certificates: '证书多于签到',
    burst: '短期批量发证',
    more_passers: '合格人数超出工位时间',
    same_panel: '考评小组连续相同',
    outside_window: '场次时间外评分',
    same_marks: '多名考生成绩相同',
    unusual_share: '合格率异常',
  },
  sort: '类别',
  batches: '批次',
  batch: '按批次',
  allBatches: '全部批次',
  says: '说明',
  grounds: (count) => `依据 ${count}`,
  restsOn: '依据的登记事项',
  all: '全部',
  filterSorts: '按类别筛选',
  none: '没有发现疑点。',
  noneSuch: '没有符合条件的疑点。',
  note: '疑点是登记内容之间难以同时成立之处，供人查看；不指控任何人，也不影响判定与制证。',
  notLookedFor: (sorts) => `人员在位尚未保存，未查：${sorts}。`,
  comma: '、',
  more: (count) => `另有 ${count} 项`,
}

const en: SuspicionWords = {
  title: 'Suspicions',
  sorts: {
    two_places: 'Examiner in two places',
    scored_before_arrival: 'Scored before arrival',
    scored_without_presence: 'Scored, nobody at the station',
    more_certificates: 'More certificates than sign-ins',
    burst: 'Burst of certificates',
    more_passers: 'More passers than stations and hours',
    same_panel: 'Same panel again and again',
    outside_window: 'Scored outside the sitting',
    same_marks: 'Many with the same marks',
    unusual_share: 'An unusual share of passes',
  },
  sort: 'Sort',
  batches: 'Batches',
  batch: 'Of batch',
  allBatches: 'All batches',
  says: 'What is odd',
  grounds: (count) => `Rests on ${count}`,
  restsOn: 'Entries of the register',
  all: 'All',
  filterSorts: 'Filter by sort',
  none: 'Nothing odd was found.',
  noneSuch: 'Nothing odd of that sort or batch.',
  note: 'What cannot well have been so as it is on record, for a person to look into. It accuses nobody, and no verdict and no certificate rests on it.',
  notLookedFor: (sorts) => `Presence is not kept yet, so this was not looked for: ${sorts}.`,
  comma: ', ',
  more: (count) => `and ${count} more`,
}

export const suspicionWords = computed(() => (language.value === 'zh' ? zh : en))
