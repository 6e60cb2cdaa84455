// The one place that talks to the server. Every refusal becomes an error with the server's own sentence.

import createClient from 'openapi-fetch'

import type { paths } from './schema'
import type { BatchSummary, Report, SittingDetail, Status } from './types'

const client = createClient<paths>()

interface Problem {
  title?: string
  detail?: string | null
}

/** The server answered and said no; the message is its own sentence. */
export class Refused extends Error {}

async function answer<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await call
  if (data === undefined) {
    const problem = (typeof error === 'object' && error !== null ? error : {}) as Problem
    throw new Refused(problem.detail ?? problem.title ?? '')
  }
  return data
}

export function fetchBatches(): Promise<BatchSummary[]> {
  return answer(client.GET('/api/v1/batches'))
}

export function fetchSitting(batch: string, number: number): Promise<SittingDetail> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}', { params: { path: { batch, number } } }))
}

export function fetchReport(batch: string, number: number): Promise<Report> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}/report', { params: { path: { batch, number } } }))
}

export function fetchStatus(): Promise<Status> {
  return answer(client.GET('/api/v1/status'))
}

export function playlistAddress(camera: string, from: string, to: string): string {
  const span = new URLSearchParams({ start: from, end: to })
  return `/api/v1/cameras/${encodeURIComponent(camera)}/playlist.m3u8?${span.toString()}`
}

export function reportAddress(batch: string, number: number): string {
  return `/api/v1/batches/${encodeURIComponent(batch)}/sittings/${number}/report`
}

export function paperAddress(batch: string, number: number, language: 'zh' | 'en'): string {
  return `${reportAddress(batch, number)}.html?lang=${language}`
}
