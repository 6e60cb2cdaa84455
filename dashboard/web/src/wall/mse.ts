// Live pictures in one video element through a MediaSource: a head, then fragments as they come.

import { chase } from '@/pure/wall'

const BEHIND_S = 12 // what is kept behind the picture that is shown
const MOST_WAITING = 150

export class MsePictures {
  unplayable = false

  private source: MediaSource | undefined
  private buffer: SourceBuffer | undefined
  private address: string | undefined
  private waiting: ArrayBuffer[] = []

  /** `broken` is called where the browser cannot go on: the pictures have to begin anew. Messages with pictures come
   * `apart` seconds apart, or picture by picture. */
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly broken: () => void,
    private readonly apart = 0,
  ) {}

  /** Pictures of a head follow: with a MediaSource of their own, for what came before is over. */
  begin(head: ArrayBuffer, codec: string): void {
    const type = `video/mp4; codecs="${codec}"`
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
    this.video.onerror = this.broken
    void this.video.play().catch(() => undefined)
  }

  add(pictures: ArrayBuffer): void {
    if (this.unplayable) return
    this.waiting.push(pictures)
    if (this.waiting.length > MOST_WAITING) this.broken() // the browser does not keep up
    this.append()
  }

  /** By how many seconds the picture that is shown is behind the newest one. */
  behind(): number {
    const ranges = this.buffer?.buffered
    return ranges?.length ? Math.max(0, ranges.end(ranges.length - 1) - this.video.currentTime) : 0
  }

  /** The last picture stays where it is until another one comes: greyed, with the reason (Tile). */
  drop(): void {
    this.buffer = undefined
    this.source = undefined
    this.waiting = []
    if (this.address) URL.revokeObjectURL(this.address)
    this.address = undefined
    this.video.onerror = null
  }

  stop(): void {
    this.drop()
    this.video.removeAttribute('src')
    this.video.load()
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
      this.broken()
    }
  }

  private follow(): void {
    const ranges = this.buffer?.buffered
    if (!ranges) return
    const listed = Array.from({ length: ranges.length }, (_, index) => ({ start: ranges.start(index), end: ranges.end(index) }))
    const { to, rate } = chase(this.video.currentTime, listed, this.apart)
    if (to !== undefined && !this.video.seeking) this.video.currentTime = to
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate
    if (this.video.paused) void this.video.play().catch(() => undefined)
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
