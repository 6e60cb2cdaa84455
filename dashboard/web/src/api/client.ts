// The one place that talks to the server. Every refusal becomes an error with the server's own sentence.

import createClient from 'openapi-fetch'

import type { paths } from './schema'
import type {
  Accounts,
  AnswerBody,
  BatchSummary,
  BeginBody,
  BegunFactor,
  CalibrationFound,
  CameraBody,
  CameraDrift,
  CameraReferences,
  Cases,
  Certificate,
  Certificates,
  Change,
  Check,
  Clauses,
  Clicked,
  Day,
  DecisionBody,
  Disposal,
  DisposalDetail,
  DisposalPaper,
  DoneAct,
  Dossier,
  Draw,
  Drawn,
  DueBatch,
  Entered,
  Exit,
  ExitBody,
  FactorState,
  FindingBody,
  FirstPassword,
  Found,
  FrameRef,
  Happened,
  IssueBody,
  IssueDecision,
  Item,
  ListedAccount,
  LiveTicket,
  MadeMark,
  MadeReference,
  MarkBody,
  NewAccount,
  NvrBody,
  OpenSession,
  Operations,
  OrderedTrial,
  Permit,
  PermitBody,
  PermittedCamera,
  PermitToDecide,
  PlanCamera,
  Provider,
  Readiness,
  Receipt,
  RecordsChecked,
  RecoveryCodes,
  Report,
  RetrievalQuestion,
  RoomPlan,
  Scan,
  ScheduledBatch,
  ScreenerOffer,
  Session,
  SetUpSite,
  SittingDetail,
  Situation,
  Snapshot,
  Status,
  Suspicions,
  Token,
  TrialBody,
  TriedCamera,
  Viewing,
  Visit,
  Visits,
  WallCamera,
} from './types'

const client = createClient<paths>()

interface Problem {
  type?: string
  title?: string
  detail?: string | null
  errors?: { field: string; message: string }[] | null
}

/** The server answered and said no; the message is its own sentence, `kind` the type of the problem. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly kind: string,
    readonly errors: readonly { field: string; message: string }[] = [],
  ) {
    super(message)
  }
}

const NOT_LOGGED_IN = 'urn:kaojian:problem:not-logged-in'
let loggedOut: () => void = () => undefined

/** `told` is called whenever the server says that nobody is logged in here any more. */
export function onLoggedOut(told: () => void): void {
  loggedOut = told
}

function refused(error: unknown): Refused {
  const problem = (typeof error === 'object' && error !== null ? error : {}) as Problem
  if (problem.type === NOT_LOGGED_IN) loggedOut()
  return new Refused(problem.detail ?? problem.title ?? '', problem.type ?? '', problem.errors ?? [])
}

async function answer<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await call
  if (data === undefined) throw refused(error)
  return data
}

export function fetchBatches(): Promise<BatchSummary[]> {
  return answer(client.GET('/api/v1/batches'))
}

export function fetchSchedule(): Promise<ScheduledBatch[]> {
  return answer(client.GET('/api/v1/schedule'))
}

export function fetchSitting(batch: string, number: number): Promise<SittingDetail> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}', { params: { path: { batch, number } } }))
}

/** The cameras that may be watched live now. */
export function fetchWall(): Promise<WallCamera[]> {
  return answer(client.GET('/api/v1/live'))
}

/** Where the live pictures of a camera are, for this session and a short while. */
/** Whether heads can be blurred in copies with a watermark. */
export function fetchScreenerOffer(): Promise<ScreenerOffer> {
  return answer(client.GET('/api/v1/screeners'))
}

export function fetchLiveTicket(camera: string): Promise<LiveTicket> {
  return answer(client.POST('/api/v1/live/{camera}', { params: { path: { camera } } }))
}

export function fetchReport(batch: string, number: number): Promise<Report> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}/report', { params: { path: { batch, number } } }))
}

export function fetchClauses(batch: string): Promise<Clauses> {
  return answer(client.GET('/api/v1/batches/{batch}/clauses', { params: { path: { batch } } }))
}

export function fetchCases(batch: string): Promise<Cases> {
  return answer(client.GET('/api/v1/batches/{batch}/cases', { params: { path: { batch } } }))
}

export function fetchSituation(): Promise<Situation> {
  return answer(client.GET('/api/v1/situation'))
}

/** The client's own types make lists of tuples of what is read; what is sent and what comes is the same. */
function drawing<T>(call: Promise<{ data?: unknown; error?: unknown }>): Promise<T> {
  return answer(call as Promise<{ data?: T; error?: unknown }>)
}

export function fetchSites(): Promise<SetUpSite[]> {
  return answer(client.GET('/api/v1/sites'))
}

export function changeCamera(site: string, body: CameraBody): Promise<Change> {
  return answer(client.POST('/api/v1/sites/{site}/cameras', { params: { path: { site } }, body }))
}

export function removeCamera(
  site: string,
  body: { follows: string; only_look: boolean; room: string; camera: string },
): Promise<Change> {
  return answer(client.POST('/api/v1/sites/{site}/cameras/removal', { params: { path: { site } }, body }))
}

export function changeNvr(site: string, body: NvrBody): Promise<Change> {
  return answer(client.POST('/api/v1/sites/{site}/nvrs', { params: { path: { site } }, body }))
}

export function removeNvr(site: string, body: { follows: string; only_look: boolean; id: string }): Promise<Change> {
  return answer(client.POST('/api/v1/sites/{site}/nvrs/removal', { params: { path: { site } }, body }))
}

/** Takes as long as the camera is watched, and somewhat longer. */
export function tryCamera(site: string, body: TrialBody): Promise<TriedCamera> {
  return answer(client.POST('/api/v1/sites/{site}/cameras/trial', { params: { path: { site } }, body }))
}

export function fetchReferences(site: string): Promise<CameraReferences[]> {
  return answer(client.GET('/api/v1/sites/{site}/references', { params: { path: { site } } }))
}

export function referenceAddress(site: string, camera: string, reference: string): string {
  return `/api/v1/sites/${encodeURIComponent(site)}/cameras/${encodeURIComponent(camera)}/reference.jpg?reference=${reference}`
}

export function makeReference(site: string, camera: string): Promise<MadeReference> {
  return answer(
    client.POST('/api/v1/sites/{site}/cameras/{camera}/references', { params: { path: { site, camera } }, body: {} }),
  )
}

export function fetchPlan(site: string, room: string, lang: 'zh' | 'en'): Promise<Drawn> {
  return drawing(client.GET('/api/v1/sites/{site}/rooms/{room}/plan', { params: { path: { site, room }, query: { lang } } }))
}

export function surveyPlan(site: string, room: string, plan: RoomPlan, lang: 'zh' | 'en'): Promise<Drawn> {
  const params = { path: { site, room }, query: { lang } }
  return drawing(client.POST('/api/v1/sites/{site}/rooms/{room}/plan/survey', { params, body: { plan } }))
}

export function changePlan(
  site: string,
  room: string,
  body: { follows: string; only_look: boolean; plan: RoomPlan },
): Promise<Change> {
  return answer(client.PUT('/api/v1/sites/{site}/rooms/{room}/plan', { params: { path: { site, room } }, body }))
}

export function calibrateCamera(
  site: string,
  room: string,
  drawn: PlanCamera,
  points: Clicked[],
): Promise<CalibrationFound> {
  return drawing(
    client.POST('/api/v1/sites/{site}/rooms/{room}/plan/calibration', {
      params: { path: { site, room } },
      body: { drawn, points },
    }),
  )
}

export function fetchSuspicions(): Promise<Suspicions> {
  return answer(client.GET('/api/v1/suspicions'))
}

/** Where footage lies; each question is written down. What is looked for goes as a body: it stands in no address. */
export function findFootage(question: Partial<RetrievalQuestion>): Promise<Found> {
  return answer(client.POST('/api/v1/retrieval', { body: question as RetrievalQuestion }))
}

/** One MP4 of a camera for a span, gaps kept as gaps in time. */
export function filmAddress(batch: string, camera: string, start: string, end: string, purpose = ''): string {
  const query = new URLSearchParams({ start, end, ...(purpose.trim() ? { purpose: purpose.trim() } : {}) })
  return `/api/v1/batches/${encodeURIComponent(batch)}/cameras/${encodeURIComponent(camera)}/film.mp4?${query}`
}

/** All of a closed batch, to be checked offline. */
export function exportAddress(batch: string, purpose = ''): string {
  const query = purpose.trim() ? `?${new URLSearchParams({ purpose: purpose.trim() })}` : ''
  return `/api/v1/batches/${encodeURIComponent(batch)}/export.zip${query}`
}

export function takeExit(batch: string, body: ExitBody): Promise<Exit> {
  return answer(client.POST('/api/v1/batches/{batch}/cases/exits', { params: { path: { batch } }, body }))
}

export function confirmExit(batch: string, candidate: string, number: number): Promise<Exit> {
  return answer(
    client.POST('/api/v1/batches/{batch}/cases/exits/confirmation', {
      params: { path: { batch } },
      body: { candidate, number },
    }),
  )
}

export function decideCase(batch: string, body: DecisionBody): Promise<IssueDecision> {
  return answer(client.POST('/api/v1/batches/{batch}/cases/decision', { params: { path: { batch } }, body }))
}

/** Without login: whether what a code stands for is as it was. */
export function checkReceipt(code: string): Promise<Check> {
  return answer(client.GET('/api/v1/receipts/{code}', { params: { path: { code } } }))
}

export function makeReceipt(batch: string, candidate: string): Promise<Receipt> {
  return answer(client.POST('/api/v1/batches/{batch}/receipts', { params: { path: { batch } }, body: { candidate } }))
}

export function receiptPaperAddress(batch: string, code: string, language: 'zh' | 'en'): string {
  return `/api/v1/batches/${encodeURIComponent(batch)}/receipts/${encodeURIComponent(code)}.pdf?lang=${language}`
}

export function fetchCertificates(batch: string): Promise<Certificates> {
  return answer(client.GET('/api/v1/batches/{batch}/certificates', { params: { path: { batch } } }))
}

export function issueCertificates(batch: string, body: IssueBody): Promise<Certificate[]> {
  return answer(client.POST('/api/v1/batches/{batch}/certificates', { params: { path: { batch } }, body }))
}

export function revokeCertificate(batch: string, candidate: string, reason: string): Promise<Certificate> {
  return answer(
    client.POST('/api/v1/batches/{batch}/certificates/revocation', {
      params: { path: { batch } },
      body: { candidate, reason },
    }),
  )
}

export function fetchDossier(batch: string): Promise<Dossier> {
  return answer(client.GET('/api/v1/batches/{batch}/dossier', { params: { path: { batch } } }))
}

export function scanAddress(batch: string, number: number): string {
  return `/api/v1/batches/${encodeURIComponent(batch)}/dossier/scans/${number}`
}

export interface ToldScan {
  item: Item
  subject: string
  sitting: number
  pages: number
  replaces?: number
  reason?: string
}

/** Files a scan as it is: the server tells by its content what it is. */
export function fileScan(batch: string, told: ToldScan, file: Blob): Promise<Scan> {
  return answer(
    client.POST('/api/v1/batches/{batch}/dossier/scans', {
      params: { path: { batch }, query: told },
      body: file as unknown as string,
      bodySerializer: (body) => body as unknown as Blob,
      headers: { 'Content-Type': 'application/octet-stream' },
    }),
  )
}

// --- An exam day -------------------------------------------------------------------------------------------------------

/** Where something of a sitting is entered. */
interface Place {
  batch: string
  number: number
}

type Bodies = {
  [path in keyof paths]: paths[path] extends { post: { requestBody: { content: { 'application/json': infer Body } } } }
    ? Body
    : never
}
type OfSitting<Name extends string> = Bodies[`/api/v1/batches/{batch}/sittings/{number}/${Name}` & keyof paths]
export type SignInBody = OfSitting<'sign-ins'>
export type IncidentBody = OfSitting<'incidents'>
export type HandOverBody = OfSitting<'hand-overs'>
export type ConfirmationBody = OfSitting<'readiness/confirmations'>

/** What is on record of a sitting beside its footage, without names. */
export function fetchHappened(path: Place): Promise<Happened> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}/happened', { params: { path } }))
}

export function fetchDay(path: Place): Promise<Day> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}/day', { params: { path } }))
}

export function fetchReadiness(path: Place): Promise<Readiness> {
  return answer(client.GET('/api/v1/batches/{batch}/sittings/{number}/readiness', { params: { path } }))
}

export function orderTrial(path: Place): Promise<OrderedTrial> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/trial', { params: { path } }))
}

export function confirmReadiness(path: Place, body: ConfirmationBody): Promise<Readiness> {
  return answer(
    client.POST('/api/v1/batches/{batch}/sittings/{number}/readiness/confirmations', { params: { path }, body }),
  )
}

export function signReadiness(path: Place, reason: string): Promise<Readiness> {
  return answer(
    client.POST('/api/v1/batches/{batch}/sittings/{number}/readiness/signature', { params: { path }, body: { reason } }),
  )
}

export function markSitting(path: Place, body: MarkBody): Promise<MadeMark> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/marks', { params: { path }, body }))
}

export function openSitting(path: Place, at: string | null): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/opening', { params: { path }, body: { at } }))
}

export function closeSitting(path: Place, at: string | null): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/closing', { params: { path }, body: { at } }))
}

export function signIn(path: Place, body: SignInBody): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/sign-ins', { params: { path }, body }))
}

export function markAbsent(path: Place, candidate: string, at: string | null = null): Promise<Entered> {
  return answer(
    client.POST('/api/v1/batches/{batch}/sittings/{number}/absences', { params: { path }, body: { candidate, at } }),
  )
}

export function moveCandidate(path: Place, body: OfSitting<'moves'>): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/moves', { params: { path }, body }))
}

export function noteViolation(path: Place, body: OfSitting<'violations'>): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/violations', { params: { path }, body }))
}

export function leaveStation(path: Place, candidate: string, at: string | null): Promise<Entered> {
  return answer(
    client.POST('/api/v1/batches/{batch}/sittings/{number}/leavings', { params: { path }, body: { candidate, at } }),
  )
}

export function noteIncident(path: Place, body: IncidentBody): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/incidents', { params: { path }, body }))
}

export function handPapers(path: Place, body: HandOverBody): Promise<Entered> {
  return answer(client.POST('/api/v1/batches/{batch}/sittings/{number}/hand-overs', { params: { path }, body }))
}

export function fetchStatus(): Promise<Status> {
  return answer(client.GET('/api/v1/status'))
}

export function fetchDrifts(): Promise<CameraDrift[]> {
  return answer(client.GET('/api/v1/status/drifts'))
}

export function fetchSession(): Promise<Session> {
  return answer(client.GET('/api/v1/session'))
}

export function logIn(name: string, password: string): Promise<Session> {
  return answer(client.POST('/api/v1/session', { body: { name, password } }))
}

export function changePassword(old: string, fresh: string): Promise<Session> {
  return answer(client.POST('/api/v1/session/password', { body: { old, new: fresh } }))
}

export function secondStep(code: string): Promise<Session> {
  return answer(client.POST('/api/v1/session/second', { body: { code } }))
}

export function prove(password: string): Promise<Session> {
  return answer(client.POST('/api/v1/session/proof', { body: { password } }))
}

export function fetchSessions(): Promise<OpenSession[]> {
  return answer(client.GET('/api/v1/session/all'))
}

export async function endSession(session: string): Promise<void> {
  const { error } = await client.DELETE('/api/v1/session/all/{session}', { params: { path: { session } } })
  if (error !== undefined) throw refused(error)
}

export function fetchProvider(): Promise<Provider> {
  return answer(client.GET('/api/v1/provider'))
}

/** The address of the identity provider to go to, which sends people back to the page `back`. */
export async function beginProviderLogin(what: 'login' | 'proof', back: string): Promise<string> {
  const begun = await answer(client.POST(`/api/v1/provider/${what}`, { body: { back } }))
  return begun.address
}

export function fetchFactor(): Promise<FactorState> {
  return answer(client.GET('/api/v1/factor'))
}

export function beginFactor(): Promise<BegunFactor> {
  return answer(client.POST('/api/v1/factor'))
}

export function confirmFactor(code: string): Promise<RecoveryCodes> {
  return answer(client.POST('/api/v1/factor/confirmation', { body: { code } }))
}

export function removeFactor(code: string): Promise<Session> {
  return answer(client.POST('/api/v1/factor/removal', { body: { code } }))
}

export function fetchTokens(): Promise<Token[]> {
  return answer(client.GET('/api/v1/tokens'))
}

export async function revokeToken(token: string): Promise<void> {
  const { error } = await client.DELETE('/api/v1/tokens/{token}', { params: { path: { token } } })
  if (error !== undefined) throw refused(error)
}

export async function logOut(): Promise<void> {
  const { error } = await client.DELETE('/api/v1/session')
  if (error !== undefined) throw refused(error)
}

export function fetchOwnPermits(): Promise<Permit[]> {
  return answer(client.GET('/api/v1/permits/own'))
}

export function askPermit(body: PermitBody): Promise<Permit> {
  return answer(client.POST('/api/v1/permits', { body }))
}

export async function withdrawPermit(permit: string): Promise<void> {
  const { error } = await client.DELETE('/api/v1/permits/{permit}', { params: { path: { permit } } })
  if (error !== undefined) throw refused(error)
}

export function fetchPermits(): Promise<PermitToDecide[]> {
  return answer(client.GET('/api/v1/permits'))
}

export function approvePermit(permit: string, until: string, reason: string): Promise<PermitToDecide> {
  return answer(client.POST('/api/v1/permits/{permit}/approval', { params: { path: { permit } }, body: { until, reason } }))
}

export function declinePermit(permit: string, reason: string): Promise<PermitToDecide> {
  return answer(client.POST('/api/v1/permits/{permit}/decline', { params: { path: { permit } }, body: { reason } }))
}

export function endPermit(permit: string, reason: string): Promise<PermitToDecide> {
  return answer(client.POST('/api/v1/permits/{permit}/end', { params: { path: { permit } }, body: { reason } }))
}

export function fetchPermittedCameras(permit: string): Promise<PermittedCamera[]> {
  return answer(client.GET('/api/v1/permits/{permit}/cameras', { params: { path: { permit } } }))
}

export function fetchDisposals(): Promise<Disposal[]> {
  return answer(client.GET('/api/v1/disposals'))
}

export function fetchDue(): Promise<DueBatch[]> {
  return answer(client.GET('/api/v1/disposals/due'))
}

export function fetchDisposal(disposal: number): Promise<DisposalDetail> {
  return answer(client.GET('/api/v1/disposals/{disposal}', { params: { path: { disposal } } }))
}

export function fetchPapers(disposal: number): Promise<DisposalPaper[]> {
  return answer(client.GET('/api/v1/disposals/{disposal}/papers', { params: { path: { disposal } } }))
}

export function proposeDisposal(batches: string[], reason: string): Promise<DisposalDetail> {
  return answer(client.POST('/api/v1/disposals', { body: { batches, reason } }))
}

export function approveDisposal(disposal: number, digest: string, reason: string): Promise<DisposalDetail> {
  return answer(
    client.POST('/api/v1/disposals/{disposal}/approval', { params: { path: { disposal } }, body: { digest, reason } }),
  )
}

export function declineDisposal(disposal: number, reason: string): Promise<DisposalDetail> {
  return answer(
    client.POST('/api/v1/disposals/{disposal}/decline', { params: { path: { disposal } }, body: { reason } }),
  )
}

/** How the installation stands. */
export function fetchOperations(): Promise<Operations> {
  return answer(client.GET('/api/v1/operations'))
}

export interface RecordQuestion {
  who?: string
  batch?: string
  since?: string
  until?: string
  before?: number
  limit: number
}

export function fetchActs(query: RecordQuestion): Promise<DoneAct[]> {
  return answer(client.GET('/api/v1/acts', { params: { query } }))
}

export function fetchViewings(query: RecordQuestion): Promise<Viewing[]> {
  return answer(client.GET('/api/v1/viewings', { params: { query } }))
}

/** Checks both records from their first entry on. */
export function checkRecords(): Promise<RecordsChecked> {
  return answer(client.GET('/api/v1/acts/check'))
}

export function fetchAccounts(): Promise<Accounts> {
  return answer(client.GET('/api/v1/accounts'))
}

export function addAccount(body: NewAccount): Promise<FirstPassword> {
  return answer(client.POST('/api/v1/accounts', { body }))
}

export function disableAccount(account: string): Promise<ListedAccount> {
  return answer(client.POST('/api/v1/accounts/{account}/disable', { params: { path: { account } } }))
}

export function resetAccount(account: string): Promise<FirstPassword> {
  return answer(client.POST('/api/v1/accounts/{account}/password', { params: { path: { account } } }))
}

export function recuseAccount(account: string, batch: string, recused: boolean, reason: string): Promise<ListedAccount> {
  return answer(
    client.POST('/api/v1/accounts/{account}/recusals', { params: { path: { account } }, body: { batch, recused, reason } }),
  )
}

export function logOutAccount(account: string, reason: string): Promise<{ ended: number }> {
  return answer(client.POST('/api/v1/accounts/{account}/log-out', { params: { path: { account } }, body: { reason } }))
}

/** Where all that a list would delete can be had, to the byte: its SHA-256 is the list's digest. */
export function contentAddress(disposal: number): string {
  return `/api/v1/disposals/${disposal}/content.json`
}

/** By which list the footage of a playlist was disposed of and on which day; undefined where it was not. */
export async function disposedBy(playlist: string): Promise<{ list: string; day: string } | undefined> {
  const told = (await (await fetch(playlist)).json().catch(() => ({}))) as Problem
  if (told.type !== 'urn:kaojian:problem:disposed') return undefined
  const [, list, day] = /by list (\d+) on (\d{4}-\d\d-\d\d)/.exec(told.detail ?? '') ?? []
  return list && day ? { list, day } : undefined
}

/** For a purpose or under a permit, where there is one. */
export function playlistAddress(camera: string, from: string, to: string, why: { purpose?: string; permit?: string } = {}): string {
  const asked = new URLSearchParams({ start: from, end: to, ...(why.purpose ? { purpose: why.purpose } : {}) })
  const under = why.permit ? `/permits/${encodeURIComponent(why.permit)}` : ''
  return `/api/v1${under}/cameras/${encodeURIComponent(camera)}/playlist.m3u8?${asked.toString()}`
}

/** Where the whole file lies that a fragment of a playlist is of. */
export function fileAddress(fragment: string): string {
  return fragment.replace(/\/media\.m4s$/, '/file.mp4')
}

export function reportAddress(batch: string, number: number): string {
  return `/api/v1/batches/${encodeURIComponent(batch)}/sittings/${number}/report`
}

/** The clauses and candidates of a batch as a file to take along. */
export function clausesFileAddress(batch: string, language: 'zh' | 'en'): string {
  return `/api/v1/batches/${encodeURIComponent(batch)}/clauses.pdf?lang=${language}`
}

export function paperAddress(batch: string, number: number, language: 'zh' | 'en', form: 'html' | 'pdf'): string {
  return `${reportAddress(batch, number)}.${form}?lang=${language}`
}

/** The report as a file with pictures around its gaps: to open it is to take footage away, and is written down. */
export function picturedAddress(batch: string, number: number, language: 'zh' | 'en'): string {
  return `${paperAddress(batch, number, language, 'pdf')}&pictures=true`
}

// --- Visits --------------------------------------------------------------------------------------------------------------

/** Which visit of a batch. */
export interface VisitPlace {
  batch: string
  visit: number
}

const OF_VISIT = '/api/v1/batches/{batch}/visits/{visit}'

export function fetchVisits(): Promise<Visits> {
  return answer(client.GET('/api/v1/visits'))
}

export function fetchVisit(path: VisitPlace): Promise<Visit> {
  return answer(client.GET(OF_VISIT, { params: { path } }))
}

export function beginVisit(batch: string, body: BeginBody): Promise<Visit> {
  return answer(client.POST('/api/v1/batches/{batch}/visits', { params: { path: { batch } }, body }))
}

export function answerInVisit(path: VisitPlace, answers: AnswerBody[]): Promise<Visit> {
  return answer(client.POST(`${OF_VISIT}/answers`, { params: { path }, body: { answers } }))
}

export function findInVisit(path: VisitPlace, body: FindingBody): Promise<Visit> {
  return answer(client.POST(`${OF_VISIT}/findings`, { params: { path }, body }))
}

export function endVisit(path: VisitPlace): Promise<Visit> {
  return answer(client.POST(`${OF_VISIT}/end`, { params: { path }, body: {} }))
}

export function feedBackOnVisit(path: VisitPlace, text: string): Promise<Visit> {
  return answer(client.POST(`${OF_VISIT}/feedback`, { params: { path }, body: { text } }))
}

export function publishVisit(path: VisitPlace): Promise<Visit> {
  return answer(client.POST(`${OF_VISIT}/publication`, { params: { path } }))
}

/** The picture of an instant, from the footage; each time it is asked for is written down. */
export function frameAddress(batch: string, frame: FrameRef, purpose = ''): string {
  const said = new URLSearchParams(purpose ? { at: frame.at, purpose } : { at: frame.at })
  return `/api/v1/batches/${encodeURIComponent(batch)}/cameras/${encodeURIComponent(frame.camera)}/frame.jpg?${said}`
}

/** Name the picture of that instant, by the host's clock in milliseconds, which is shown live now. */
export function takeSnapshot(camera: string, at: number): Promise<Snapshot> {
  return answer(
    client.POST('/api/v1/live/{camera}/snapshots', { params: { path: { camera } }, body: { at: new Date(at).toISOString() } }),
  )
}

export function fetchDraws(): Promise<Draw[]> {
  return answer(client.GET('/api/v1/draws'))
}

/** What is public of a draw: its pool, and the record once it was made, as `kaojian draw verify` takes it. */
export function drawAddress(draw: string, what: 'pool' | 'record'): string {
  return `/api/v1/draws/${encodeURIComponent(draw)}/${what}.json`
}

/** The record of a draw that was made, in its own form (docs/draws.md). */
export interface DrawRecord {
  digest: string
  record: {
    pool_digest: string
    commitments: { party: string; digest: string; at: string }[]
    secrets: { party: string; secret: string; at: string }[]
    outcome: { seed: string; beacon: string; at: string }
    drawn_now: { batch: string; supervisors: string[]; passed: { supervisor: string; ground: string; late: boolean }[] }[]
  }
}

export function fetchDrawRecord(draw: string): Promise<DrawRecord> {
  const found = client.GET('/api/v1/draws/{draw}/record.json', { params: { path: { draw } } })
  return answer(found as Promise<{ data?: DrawRecord; error?: unknown }>)
}
