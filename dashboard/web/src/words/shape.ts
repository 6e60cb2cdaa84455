// Which words a language must have. The record types make a missing verdict or cause a compile error.

import type { CameraState, Cause, ClockState, Fault, Happened, Mark, PhaseId, RecordingState, SittingState, Target, Verdict, Witness } from '@/api/types'

type Plain =
  | 'product' | 'productLong' | 'language' | 'batches' | 'batch' | 'project' | 'site' | 'county' | 'sitting'
  | 'planned' | 'actual' | 'state' | 'verdict' | 'view' | 'search' | 'allStates' | 'allVerdicts' | 'noBatches'
  | 'noMatch' | 'notStarted' | 'covered' | 'notYet' | 'gap' | 'window' | 'rulePack' | 'rooms' | 'station'
  | 'stations' | 'camera' | 'cameras' | 'clauses' | 'clause' | 'finding' | 'timeline' | 'timelineHint'
  | 'resetZoom' | 'gaps' | 'noGaps' | 'whose' | 'start' | 'end' | 'length' | 'cause' | 'seenBy' | 'action'
  | 'playBefore' | 'coveredLength' | 'recordedLength' | 'gapCount' | 'gapLength' | 'share' | 'frames'
  | 'lostPackets' | 'delay' | 'clockOffset' | 'clockDrift' | 'clockOffsetUnknown' | 'paper' | 'json' | 'pdf' | 'updating'
  | 'localTimeNote' | 'playback' | 'closePlayer' | 'playing' | 'fromBeforeGap' | 'fromNext' | 'noFootage'
  | 'playbackFailed' | 'notAllowed' | 'codecNotPlayable' | 'endOfFootage' | 'previousGap' | 'nextGap' | 'speed' | 'loadFailed'
  | 'notFound' | 'back' | 'retry' | 'recorders' | 'recorderAlive' | 'recorderDown' | 'recorderEnded' | 'camerasIdle' | 'lastFrame'
  | 'backedUp' | 'backupLag' | 'notBackedUp' | 'sources' | 'never' | 'status' | 'heartbeat' | 'host' | 'sees'
  | 'webhookFails' | 'webhookWorks' | 'webhookFailingSince' | 'webhookWaiting' | 'webhookParked'
  | 'pages' | 'morePages' | 'room' | 'nvr' | 'since' | 'detail' | 'hostClock' | 'clockError' | 'checkedAt' | 'webhooks' | 'webhookName' | 'onlyTroubles' | 'noCameras'
  | 'noTroubles' | 'heartbeats' | 'clockUnread' | 'clockWitness' | 'recorderGone' | 'workerGone' | 'startRecorder' | 'checkNvr'
  | 'schedule' | 'noSchedule' | 'timeUnproven' | 'timeUnvouched' | 'statusStale' | 'neverConnected' | 'mjpegNotPlayable' | 'download'
  | 'permitOver' | 'fullScreen' | 'leaveFullScreen' | 'purpose' | 'purposeAsked' | 'purposeHint' | 'goOn' | 'permits' | 'askPermit'
  | 'outsideScope' | 'places' | 'place' | 'mustReach' | 'inPhases' | 'expectedCameras' | 'notSeen' | 'noCameraReaches' | 'byRegister'
  | 'outsideScope' | 'unusable' | 'unusableNote' | 'noUnusable' | 'unusablePicture' | 'doubtfulPicture' | 'shown' | 'obstructed'
  | 'unverified' | 'timelineTable' | 'timelineElsewhere' | 'what' | 'marks' | 'pictured'
  | 'happened' | 'stepsByTicket' | 'zoom' | 'zoomIn' | 'zoomOut' | 'earlier' | 'later' | 'from' | 'to' | 'wrongTime'

export interface Words extends Record<Plain, string> {
  states: Record<SittingState, string>
  verdicts: Record<Verdict, string>
  causes: Record<Cause, string>
  faults: Record<Fault, string>
  markNames: Record<Mark, string>
  steps: Record<Happened['steps'][number]['step'], string>
  times: (number: number) => string
  problems: Partial<Record<string, string>>
  phases: Record<PhaseId, string>
  targets: Record<Target, string>
  cameraStates: Record<RecordingState, string>
  connections: Record<CameraState, string>
  clockStates: Record<ClockState, string>
  witnesses: Record<Witness, string>
  disposedOf: (list: string, day: string) => string
  sinceTime: (time: string) => string
  list: (names: readonly string[]) => string
  someOf: (first: readonly string[], all: number) => string
  cameraTrouble: (camera: string, what: string) => string
  nvrTrouble: (nvr: string, what: string) => string
  clockTrouble: (host: string, what: string) => string
  notRecorded: (cameras: string) => string
  darkStations: (stations: string) => string
  seenByOthers: (stations: string) => string
  moreTroubles: (number: number) => string
  channel: (number: number) => string
  sittingNumber: (number: number) => string
  total: (batches: number, sittings: number) => string
  updated: (time: string) => string
  markAfter: (others: string) => string
  markCorrected: (times: number, why: string) => string
  measured: (value: string, limit: string) => string
  gapNotice: (length: string, cause: string) => string
  gapJoined: (from: string, to: string) => string
  seenStation: (station: string, camera: string) => string
  camerasShowing: (showing: number, all: number) => string
}
