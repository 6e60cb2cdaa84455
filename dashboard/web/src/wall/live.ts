// One camera's live pictures in one video element: a ticket, a WebSocket, and the pictures over it (mse), or over
// WebRTC where they are large (whep), with the WebSocket telling when each arrived. Begins anew when it breaks, and goes
// over to the WebSocket for good where WebRTC does not come or stays behind.
// Not here: whether what is shown is live (pure/wall), and what it looks like (Tile).

import { fetchLiveTicket, Refused } from '@/api/client'
import { type Anew, anewOf, Arrivals, HostClock, mediaOf, type Condition, CONDITIONS, GATHER_MS, type Way, WHEP_MS } from '@/pure/wall'

import { MsePictures } from './mse'
import { WhepPictures } from './whep'

const PING_MS = 2_000
const LOOK_MS = 250
const AGAIN_MS = [500, 1_000, 2_000, 5_000] as const
const REFUSED_MS = 15_000

export type Ended = 'right_ended' | 'no_room' | 'refused'

export class LivePictures {
  open = false
  condition: Condition = 'connecting'
  until: number | undefined // when the camera is tried again, in milliseconds
  anew: Anew | undefined
  ended: Ended | undefined
  skippedAt: number | undefined // when pictures were left out last, because this viewer was slow
  way: Way

  private readonly clock = new HostClock()
  private readonly arrivals = new Arrivals()
  private readonly mse: MsePictures
  private readonly gathered: number // milliseconds' worth of pictures that come at a time
  private whep: WhepPictures | undefined
  private keptUpAt = 0
  private arrived: number | undefined
  private socket: WebSocket | undefined
  private codec = ''
  private pings = new Map<number, number>()
  private ping = 0
  private failures = 0
  private stopped = false
  private pinging: ReturnType<typeof setInterval> | undefined
  private looking: ReturnType<typeof setInterval> | undefined
  private again: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly camera: string,
    private readonly video: HTMLVideoElement,
    large: boolean,
  ) {
    this.way = large && 'RTCPeerConnection' in window ? 'whep' : 'mse'
    this.gathered = large ? 0 : GATHER_MS
    this.mse = new MsePictures(video, () => this.socket?.close(), this.gathered / 1000)
    void this.begin()
  }

  get unplayable(): boolean {
    return this.way === 'mse' && this.mse.unplayable
  }

  /** How old the picture is that is shown, or where the browser does not tell which that is, the newest; by its arrival
   * at the host. */
  age(): number | undefined {
    const now = this.clock.at(performance.now())
    const arrived = this.way === 'whep' ? this.arrivals.of(this.whep?.last) : this.arrived
    return now === undefined || arrived === undefined ? undefined : Math.max(0, now - arrived)
  }

  /** When the picture that is shown arrived at the host, by the host's clock in milliseconds. */
  shownAt(): number | undefined {
    if (this.way === 'whep') return this.arrivals.of(this.whep?.last)
    return this.arrived === undefined ? undefined : this.arrived - this.mse.behind() * 1000
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.again)
    this.leave()
    this.mse.stop()
  }

  private async begin(): Promise<void> {
    try {
      const ticket = await fetchLiveTicket(this.camera)
      if (!this.stopped) this.connect(ticket)
    } catch (error) {
      if (error instanceof Refused && error.kind) {
        this.ended = 'refused'
        this.later(REFUSED_MS)
      } else {
        this.later()
      }
    }
  }

  private connect(ticket: { port: number; path: string; whep: string }): void {
    const host = `${location.hostname}:${ticket.port}`
    const told = this.way === 'whep' ? '&pictures=false' : `&gather_ms=${this.gathered}`
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${host}${ticket.path}${told}`)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.open = true
      this.ended = undefined
      this.sendPing()
      this.pinging = setInterval(() => {
        this.sendPing()
      }, PING_MS)
    }
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.heard(data)
      else this.take(data as ArrayBuffer)
    }
    socket.onclose = () => {
      if (this.socket !== socket) return
      this.leave()
      this.later(this.ended ? REFUSED_MS : undefined)
    }
    this.socket = socket
    if (this.way === 'whep') {
      this.looking = setInterval(() => {
        this.look(`${location.protocol}//${host}${ticket.whep}`)
      }, LOOK_MS)
    }
  }

  /** Ask for pictures by WHEP once the camera plays; go over to the WebSocket where they do not come. */
  private look(address: string): void {
    const now = performance.now()
    const plays = this.condition === 'playing'
    if (plays && !this.whep) {
      this.whep = new WhepPictures(this.video, address)
      this.keptUpAt = now
    }
    if (!plays || this.arrivals.keptUp(this.whep?.last)) this.keptUpAt = now
    if (!this.whep || (!this.whep.failed && now - this.keptUpAt <= WHEP_MS)) return
    this.leave()
    this.way = 'mse'
    void this.begin()
  }

  private sendPing(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return
    this.pings.set(++this.ping, performance.now())
    this.pings.delete(this.ping - 8)
    this.socket.send(JSON.stringify({ ping: this.ping }))
  }

  private heard(text: string): void {
    const said = JSON.parse(text) as Record<string, unknown>
    switch (said.kind) {
      case 'pong': {
        const sent = this.pings.get(Number(said.ping))
        if (sent !== undefined) this.clock.heard(sent, performance.now(), Number(said.now) / 1000)
        break
      }
      case 'camera':
        this.condition = CONDITIONS.find((each) => each === said.state) ?? 'lost'
        this.anew = anewOf(said.anew)
        this.until = typeof said.until === 'number' ? said.until / 1000 : undefined
        break
      case 'format':
        this.codec = String(said.codec)
        break
      case 'arrived':
        this.failures = 0
        this.arrivals.heard(Number(said.stamp), Number(said.at) / 1000, performance.now())
        break
      case 'skipped':
        this.skippedAt = performance.now()
        break
      case 'ended':
        if (said.why === 'right_ended' || said.why === 'no_room') this.ended = said.why
        break
    }
  }

  private take(message: ArrayBuffer): void {
    const media = mediaOf(message)
    if (!media) return
    this.failures = 0
    if (media.kind === 'head') {
      this.mse.begin(media.data, this.codec)
      return
    }
    this.arrived = media.arrived
    this.mse.add(media.data)
  }

  private later(after?: number): void {
    if (this.stopped) return
    const pause = after ?? AGAIN_MS[Math.min(this.failures, AGAIN_MS.length - 1)]
    this.failures++
    this.again = setTimeout(() => void this.begin(), pause)
  }

  private leave(): void {
    const socket = this.socket
    this.socket = undefined
    this.open = false
    clearInterval(this.pinging)
    clearInterval(this.looking)
    this.pings.clear()
    this.arrivals.clear()
    this.whep?.stop()
    this.whep = undefined
    // Browsers complain of one that is closed before it is open.
    if (socket?.readyState === WebSocket.CONNECTING) {
      socket.onopen = () => {
        socket.close()
      }
    } else {
      socket?.close()
    }
  }
}
