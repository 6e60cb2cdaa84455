// One camera's player under a clock that is not its own: loads its list, brings it to where the clock is, and says
// what it shows. No rules of its own: those are in pure/sync.ts.

import Hls, { type ErrorData, type Fragment } from 'hls.js/light'

import { instantOf, troublesomeCodec } from '@/pure/playback'
import { correction, endOf, spotOf, type Clock } from '@/pure/sync'

/** Why a camera cannot be played. */
export type Failure = 'none' | 'forbidden' | 'disposed' | 'codec' | 'failed'

/** What a camera shows; ``capture`` is the instant of its picture, ``waits`` that it is loading what it should show. */
export interface Look {
  kind: 'loading' | 'footage' | 'hole' | 'failed'
  capture?: number
  waits: boolean
  resumes?: number
}

const AHEAD_S = 12 // loaded ahead at single speed
const MOST_AHEAD_S = 60
const SMALL_HOLE_S = 0.5
const JUST_BEFORE_S = 0.15 // the end of footage, where a player says that it has nothing to come
const STEP_S = 0.001 // how exactly a standing picture is placed

export class Track {
  failure: Failure | undefined
  private hls: Hls | undefined
  private fragments: Fragment[] = []
  private renewed = false // since pictures came last
  private asleep = false
  private begun: number | undefined // where loading was begun, until the player knows its footage

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly address: () => string,
  ) {}

  /** Asks for the list of what there is; whoever asks is written down by the service. */
  open(): void {
    this.close()
    if (!Hls.isSupported()) {
      this.failure = 'failed'
      return
    }
    // As in Player.vue: no worker, for the content security policy.
    const player = new Hls({ autoStartLoad: false, enableWorker: false, maxBufferLength: AHEAD_S, maxMaxBufferLength: MOST_AHEAD_S, backBufferLength: 10 })
    player.on(Hls.Events.LEVEL_LOADED, (_, data) => {
      this.fragments = data.details.fragments
    })
    player.on(Hls.Events.FRAG_BUFFERED, () => {
      this.renewed = false
    })
    player.on(Hls.Events.ERROR, (_, data) => {
      this.complain(data)
    })
    player.attachMedia(this.video)
    player.loadSource(this.address())
    this.hls = player
  }

  close(): void {
    this.hls?.destroy()
    this.hls = undefined
    this.fragments = []
    this.begun = undefined
    this.failure = undefined
  }

  /** Out of sight: nothing more is loaded. */
  sleep(): void {
    this.asleep = true
    this.hls?.stopLoad()
    this.video.pause()
  }

  wake(): void {
    // What was put to sleep before it had its list asks anew: the request for it was broken off.
    if (!this.hls || (this.asleep && this.fragments.length === 0)) this.open()
    else if (this.asleep && this.begun !== undefined) this.hls.startLoad(-1)
    this.asleep = false
  }

  /** When the footage that is known of ends; undefined while nothing is known. */
  get end(): number | undefined {
    return endOf(this.fragments)
  }

  /** Brings the player to where the clock is. */
  follow(at: number, clock: Clock): Look {
    if (this.failure) return { kind: 'failed', waits: false }
    if (this.asleep || !this.hls) return { kind: 'loading', waits: false }
    if (this.fragments.length === 0) return { kind: 'loading', waits: true }
    const spot = spotOf(at, this.fragments)
    if (spot.kind === 'hole') {
      this.rest(spot.position)
      return { kind: 'hole', waits: false, resumes: spot.resumes }
    }
    const known = this.load(spot.position)
    if (known) this.steer(spot.position, clock)
    return { kind: 'footage', waits: !known || !this.ready(), capture: known ? this.capture : undefined }
  }

  private get capture(): number | undefined {
    return this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || this.video.seeking
      ? undefined
      : instantOf(this.video.currentTime, this.fragments)
  }

  /** Stands at what comes after a hole, so that it is there when the clock comes to it. */
  private rest(position: number | undefined): void {
    this.video.pause()
    if (position !== undefined && this.load(position)) this.place(position)
  }

  /** Begins to load, once; whether the player knows its footage, so that it can be placed. */
  private load(position: number): boolean {
    const known = this.video.readyState >= HTMLMediaElement.HAVE_METADATA
    if (this.begun === undefined || (!known && Math.abs(this.begun - position) > 1)) {
      this.hls?.startLoad(position)
      this.begun = position
    }
    return known
  }

  private steer(position: number, clock: Clock): void {
    const { video } = this
    if (this.hls) this.hls.config.maxBufferLength = Math.min(MOST_AHEAD_S, AHEAD_S * Math.max(1, clock.speed))
    if (!clock.runs) {
      video.pause()
      this.place(position)
      return
    }
    if (video.seeking) return
    const found = correction(video.currentTime - position, clock.speed)
    if (found.kind === 'seek') {
      video.currentTime = position
      return
    }
    if (video.playbackRate !== found.rate) video.playbackRate = found.rate
    if (video.paused) void video.play().catch(() => undefined)
    this.crossSmallHole()
  }

  private place(position: number): void {
    if (!this.video.seeking && Math.abs(this.video.currentTime - position) > STEP_S) this.video.currentTime = position
  }

  /** Two files that follow each other may leave some hundredths between them, which no player crosses by itself. */
  private crossSmallHole(): void {
    const { buffered, currentTime, readyState } = this.video
    if (readyState > HTMLMediaElement.HAVE_CURRENT_DATA) return
    for (let index = 0; index < buffered.length; index++) {
      const next = buffered.start(index)
      if (next > currentTime && next - currentTime < SMALL_HOLE_S) {
        this.video.currentTime = next + 0.01
        return
      }
    }
  }

  private ready(): boolean {
    const { video } = this
    if (video.seeking) return false
    if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return true
    const last = this.fragments.at(-1)
    const ends = last !== undefined && last.start + last.duration - video.currentTime < JUST_BEFORE_S
    return video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && ends
  }

  private complain(data: ErrorData): void {
    if (data.details === Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR && troublesomeCodec(data.mimeType)) this.fail('codec')
    if (!data.fatal || this.failure) return
    const code = data.response?.code ?? 0
    // As in Player.vue: the addresses of a list are good for an hour; ask for others, once.
    if (data.details === Hls.ErrorDetails.FRAG_LOAD_ERROR && [404, 410].includes(code) && !this.renewed) {
      this.open()
      this.renewed = true
      return
    }
    const none = data.details === Hls.ErrorDetails.LEVEL_EMPTY_ERROR || code === 404
    this.fail(code === 410 ? 'disposed' : code === 403 ? 'forbidden' : none ? 'none' : 'failed')
  }

  private fail(why: Failure): void {
    this.hls?.stopLoad()
    this.failure = why
  }
}
