// One camera's live pictures in one video element: a ticket, a WebSocket, a MediaSource. Begins anew when it breaks.
// Not here: whether what is shown is live (pure/wall), and what it looks like (Tile).

import { fetchLiveTicket, Refused } from '@/api/client'
import { chase, HostClock, mediaOf, type Condition, CONDITIONS } from '@/pure/wall'

const PING_MS = 2_000
const AGAIN_MS = [500, 1_000, 2_000, 5_000] as const
const REFUSED_MS = 15_000
const BEHIND_S = 12 // what is kept behind the picture that is shown
const MOST_WAITING = 150

export type Ended = 'right_ended' | 'no_room' | 'refused'

export class LivePictures {
  open = false
  condition: Condition = 'connecting'
  until: number | undefined // when the camera is tried again, in milliseconds
  ended: Ended | undefined
  unplayable = false
  arrived: number | undefined
  skippedAt: number | undefined // when pictures were left out last, because this viewer was slow

  private readonly clock = new HostClock()
  private socket: WebSocket | undefined
  private source: MediaSource | undefined
  private buffer: SourceBuffer | undefined
  private address: string | undefined
  private waiting: ArrayBuffer[] = []
  private codec = ''
  private pings = new Map<number, number>()
  private ping = 0
  private failures = 0
  private stopped = false
  private pinging: ReturnType<typeof setInterval> | undefined
  private again: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly camera: string,
    private readonly video: HTMLVideoElement,
  ) {
    void this.begin()
  }

  /** How old the newest picture is, by its arrival at the host. */
  age(): number | undefined {
    const now = this.clock.at(performance.now())
    return now === undefined || this.arrived === undefined ? undefined : Math.max(0, now - this.arrived)
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.again)
    this.leave()
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

  private connect(ticket: { port: number; path: string }): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${location.hostname}:${ticket.port}${ticket.path}`)
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
        this.until = typeof said.until === 'number' ? said.until / 1000 : undefined
        break
      case 'format':
        this.codec = String(said.codec)
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
      this.play(media.data)
      return
    }
    this.arrived = media.arrived
    if (this.unplayable) return
    this.waiting.push(media.data)
    if (this.waiting.length > MOST_WAITING) this.socket?.close() // the browser does not keep up: begin anew
    this.append()
  }

  /** Pictures of a head follow: with a MediaSource of their own, for what came before is over. */
  private play(head: ArrayBuffer): void {
    const type = `video/mp4; codecs="${this.codec}"`
    this.drop()
    this.unplayable = !('MediaSource' in window) || !MediaSource.isTypeSupported(type)
    if (this.unplayable) return
    const source = new MediaSource()
    this.source = source
    this.waiting = [head]
    source.onsourceopen = () => {
      if (this.source !== source) return
      this.buffer = source.addSourceBuffer(type)
      this.buffer.onupdateend = () => {
        this.follow()
        this.append()
      }
      this.append()
    }
    this.address = URL.createObjectURL(source)
    this.video.src = this.address
    this.video.onerror = () => this.socket?.close()
    void this.video.play().catch(() => undefined)
  }

  private append(): void {
    const buffer = this.buffer
    if (!buffer || buffer.updating || this.source?.readyState !== 'open') return
    const ranges = buffer.buffered
    if (ranges.length > 0 && this.video.currentTime - ranges.start(0) > 2 * BEHIND_S) {
      buffer.remove(0, this.video.currentTime - BEHIND_S)
      return
    }
    const next = this.waiting
    if (next.length === 0) return
    this.waiting = []
    try {
      buffer.appendBuffer(next.length === 1 && next[0] ? next[0] : joined(next))
    } catch {
      this.socket?.close()
    }
  }

  private follow(): void {
    const ranges = this.buffer?.buffered
    if (!ranges) return
    const listed = Array.from({ length: ranges.length }, (_, index) => ({ start: ranges.start(index), end: ranges.end(index) }))
    const { to, rate } = chase(this.video.currentTime, listed)
    if (to !== undefined && !this.video.seeking) this.video.currentTime = to
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate
    if (this.video.paused) void this.video.play().catch(() => undefined)
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
    this.pings.clear()
    socket?.close()
    if (this.stopped) this.drop()
  }

  /** The last picture stays where it is until another one comes: greyed, with the reason (Tile). */
  private drop(): void {
    this.buffer = undefined
    this.source = undefined
    this.waiting = []
    if (this.address) URL.revokeObjectURL(this.address)
    this.address = undefined
    this.video.onerror = null
    if (this.stopped) {
      this.video.removeAttribute('src')
      this.video.load()
    }
  }
}

function joined(parts: readonly ArrayBuffer[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.byteLength, 0))
  let at = 0
  for (const each of parts) {
    whole.set(new Uint8Array(each), at)
    at += each.byteLength
  }
  return whole
}
