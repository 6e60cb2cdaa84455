// Live pictures in one video element over WebRTC, asked for by WHEP (draft-ietf-wish-whep): an offer, an answer, and
// the end of it. Candidates of this browser are not told: it comes to the host, which answers with where.

import type { LastShown } from '@/pure/wall'

const SDP = 'application/sdp'

export class WhepPictures {
  readonly last: LastShown = { shown: 0, stamp: undefined, at: 0 }
  failed = false

  private readonly connection = new RTCPeerConnection({ iceServers: [] })
  private resource: string | undefined
  private stopped = false

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly address: string,
  ) {
    const { receiver } = this.connection.addTransceiver('video', { direction: 'recvonly' })
    // Shown as soon as it is decoded: a camera is no conversation, whose sound would have to fit.
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0
    this.connection.ontrack = ({ track }) => {
      if (this.stopped) return
      this.video.srcObject = new MediaStream([track])
      this.look()
      void this.video.play().catch(() => undefined)
    }
    this.connection.onconnectionstatechange = () => {
      if (this.connection.connectionState === 'failed') this.failed = true
    }
    void this.begin()
  }

  /** Ends it at the host first, which then knows that it was meant; the request outlives the page. */
  stop(): void {
    this.stopped = true
    this.video.srcObject = null
    void this.end()
  }

  private async begin(): Promise<void> {
    try {
      await this.connection.setLocalDescription()
      const body = this.connection.localDescription?.sdp ?? ''
      const answer = await fetch(this.address, { method: 'POST', body, headers: { 'Content-Type': SDP }, credentials: 'include' })
      const where = answer.headers.get('Location')
      if (answer.status !== 201 || where === null) throw new Error(`the offer is answered ${answer.status}`)
      this.resource = new URL(where, this.address).href
      if (this.stopped) void this.end()
      else await this.connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() })
    } catch {
      this.failed = true
    }
  }

  private look(): void {
    if (!('requestVideoFrameCallback' in this.video)) return
    this.video.requestVideoFrameCallback((_, { rtpTimestamp }) => {
      if (this.stopped) return
      Object.assign(this.last, { shown: this.last.shown + 1, stamp: rtpTimestamp, at: performance.now() })
      this.look()
    })
  }

  private async end(): Promise<void> {
    const resource = this.resource
    this.resource = undefined
    if (resource) await fetch(resource, { method: 'DELETE', keepalive: true, credentials: 'include' }).catch(() => undefined)
    this.connection.close()
  }
}
