import { createRouter, createWebHistory } from 'vue-router'

import BatchList from './pages/BatchList.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/batches' },
    { path: '/batches', name: 'batches', component: BatchList },
    {
      path: '/batches/:batch/sittings/:number(\\d+)',
      name: 'sitting',
      component: () => import('./pages/SittingPage.vue'),
      props: (route) => ({ batch: String(route.params.batch), number: Number(route.params.number) }),
    },
    { path: '/status', name: 'status', component: () => import('./pages/StatusPage.vue') },
    { path: '/permits', name: 'permits', component: () => import('./pages/PermitsPage.vue') },
    {
      path: '/permits/:permit',
      name: 'permitted',
      component: () => import('./pages/PermittedPage.vue'),
      props: true,
    },
    { path: '/account', name: 'account', component: () => import('./pages/AccountPage.vue') },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/Missing.vue') },
  ],
})
