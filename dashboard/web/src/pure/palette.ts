// The colours of the timeline, shared by chart and legend. Footage is a quiet blue; every cause of a gap stands
// out from it and from white by more than 3:1 or by hue and lightness together, and the legend names each one.

import type { Cause, PhaseId, Proposal, Verdict } from '@/api/types'

export const COVERED = '#7fa8d9'
export const NOT_YET = '#c9d0da'
// Footage that shows nothing usable, and footage of which nobody can tell what it shows.
export const UNUSABLE = '#3949ab'
export const DOUBTFUL = '#9e9d24'
// What people said was done when.
export const MARK = '#00574b'

// An incident in a room's record, and what candidates did.
export const INCIDENT = '#9c3d00'
export const STEP_COLOURS: Record<'came' | 'moved' | 'left', string> = { came: '#1b7f3b', moved: '#6a1b9a', left: '#596473' }

export const CAUSE_COLOURS: Record<Cause, string> = {
  withheld: '#00527a',
  disk_full: '#4e342e',
  recorder_stopped: '#6a1b9a',
  clock_step: '#00695c',
  overflow: '#8d5a00',
  segment_missing: '#ad1457',
  segment_damaged: '#e0218a',
  camera_disconnected: '#c62828',
  no_data: '#e65100',
  packet_loss: '#f0b400',
  no_camera: '#546e7a',
  unexplained: '#1b1b1b',
}

/** In the order in which the legend lists them: as ranked in docs/time.md. */
export const CAUSES = Object.keys(CAUSE_COLOURS) as Cause[]

export const PHASE_TINTS: Record<PhaseId, string> = {
  W1: 'rgba(26, 75, 140, 0.035)',
  W2: 'rgba(26, 75, 140, 0.10)',
  W3: 'rgba(26, 75, 140, 0.035)',
}

/** Text and background of a verdict's tag; every pair has a contrast above 4.5:1 (tested). */
export const VERDICT_COLOURS: Record<Verdict, { text: string; background: string }> = {
  pass: { text: '#1b5e20', background: '#e3f2e5' },
  fail: { text: '#ffffff', background: '#b71c1c' },
  warn: { text: '#7a4300', background: '#fdf0d5' },
  pending: { text: '#1a4b8c', background: '#e3edf9' },
  unknown: { text: '#5b2a86', background: '#f0e6f8' },
  not_applicable: { text: '#4a5260', background: '#eceff3' },
}

/** The same of what is proposed of a candidate. Held back is no fault of theirs, and no red. */
export const PROPOSAL_COLOURS: Record<Proposal, { text: string; background: string }> = {
  issue: { text: '#1b5e20', background: '#e3f2e5' },
  hold: { text: '#7a4300', background: '#fdf0d5' },
  refuse: { text: '#ffffff', background: '#8e2430' },
}
