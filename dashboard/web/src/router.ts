import { createRouter, createWebHistory } from 'vue-router'

import type { Act } from './api/types'
import BatchList from './pages/BatchList.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** What who is logged in must be allowed to, for the page to show anything. */
    act?: Act
    /** For everybody, logged in or not. */
    anybody?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/batches' },
    { path: '/batches', name: 'batches', component: BatchList, meta: { act: 'see' } },
    {
      path: '/schedule',
      name: 'schedule',
      component: () => import('./pages/SchedulePage.vue'),
      meta: { act: 'schedule' },
    },
    {
      path: '/batches/:batch',
      name: 'batch',
      component: () => import('./pages/BatchPage.vue'),
      meta: { act: 'cases' },
      props: true,
    },
    {
      path: '/batches/:batch/sittings/:number(\\d+)',
      name: 'sitting',
      component: () => import('./pages/SittingPage.vue'),
      meta: { act: 'see' },
      props: (route) => ({
        batch: String(route.params.batch),
        number: Number(route.params.number),
        station: typeof route.query.station === 'string' ? route.query.station : undefined,
        at: typeof route.query.at === 'string' ? route.query.at : undefined,
      }),
    },
    { path: '/command', name: 'command', component: () => import('./pages/CommandPage.vue'), meta: { act: 'see' } },
    {
      path: '/retrieval',
      name: 'retrieval',
      component: () => import('./pages/RetrievalPage.vue'),
      meta: { act: 'retrieve' },
    },
    {
      path: '/sites/:site?/:room?',
      name: 'sites',
      component: () => import('./pages/SitesPage.vue'),
      meta: { act: 'see' },
      props: true,
    },
    { path: '/status', name: 'status', component: () => import('./pages/StatusPage.vue'), meta: { act: 'see' } },
    { path: '/operations', name: 'operations', component: () => import('./pages/OperationsPage.vue') },
    { path: '/wall', name: 'wall', component: () => import('./pages/WallPage.vue'), meta: { act: 'watch_open' } },
    {
      path: '/day',
      name: 'day',
      component: () => import('./pages/DayPage.vue'),
      meta: { act: 'run' },
      props: (route) => ({
        batch: typeof route.query.batch === 'string' ? route.query.batch : undefined,
        number: Number(route.query.sitting) || undefined,
      }),
    },
    { path: '/patrol', name: 'patrol', component: () => import('./pages/PatrolPage.vue'), meta: { act: 'supervise' } },
    { path: '/permits', name: 'permits', component: () => import('./pages/PermitsPage.vue') },
    {
      path: '/permits/:permit',
      name: 'permitted',
      component: () => import('./pages/PermittedPage.vue'),
      props: true,
    },
    {
      path: '/disposals',
      name: 'disposals',
      component: () => import('./pages/DisposalsPage.vue'),
      meta: { act: 'disposals' },
    },
    {
      path: '/suspicions',
      name: 'suspicions',
      component: () => import('./pages/SuspicionsPage.vue'),
      meta: { act: 'suspicions' },
    },
    {
      path: '/receipt/:code?',
      name: 'receipt',
      component: () => import('./pages/ReceiptPage.vue'),
      meta: { anybody: true },
      props: true,
    },
    { path: '/account', name: 'account', component: () => import('./pages/AccountPage.vue') },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/Missing.vue') },
  ],
})
