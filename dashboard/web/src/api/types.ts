// Short names for the generated types; nothing is declared by hand that the API describes.

import type { components } from './schema'

type Schemas = components['schemas']

export type Verdict = Schemas['Verdict']
export type Cause = Schemas['Cause']
export type SittingState = Schemas['SittingState']
export type RecordingState = Schemas['RecordingState']
export type PhaseId = Schemas['PhaseShape']['id']
export type CameraCause = Schemas['CameraCauseShape']
export type Gap = Omit<Schemas['OwnGap'], 'recorders'>
export type StationGap = Schemas['StationGap']
export type StationReport = Schemas['StationShape']
export type CameraReport = Schemas['CameraShape']
export type Report = Schemas['Report']
export type Room = Schemas['RoomShape']
export type BatchSummary = Schemas['BatchSummary']
export type SittingSummary = Schemas['SittingSummary']
export type SittingDetail = Schemas['SittingDetail']
export type Status = Schemas['Status']
export type Account = Schemas['AccountShape']
export type Session = Schemas['SessionShape']
export type Role = Schemas['Role']
export type CameraStatus = Schemas['CameraStatus']
export type CameraState = Schemas['CameraState']
export type NvrStatus = Schemas['NvrStatus']
export type ClockStatus = Schemas['ClockStatus']
export type ClockState = Schemas['ClockState']
export type Witness = Schemas['Witness']
export type RecorderStatus = Schemas['RecorderShape']
export type CameraDrift = Schemas['CameraDrift']
