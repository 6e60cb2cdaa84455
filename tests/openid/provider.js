// An identity provider on loopback: `node provider.js '{"clients": [...]}'` prints its address as one line. Whoever asks
// is let in under the name they type; a name that ends in +mfa has used two factors. Everything else is the library's.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'

import Provider from 'oidc-provider'

const given = JSON.parse(process.argv[2])
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

function made(issuer) {
  return new Provider(issuer, {
    clients: given.clients,
    jwks: { keys: [{ ...key, kid: 'first', use: 'sig' }] },
    cookies: { keys: ['only for tests'] },
    acrValues: ['urn:kaojian:two'],
    claims: { openid: ['sub', 'amr'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, amr: amr(id) }) }),
    async loadExistingGrant(ctx) {
      const { client, session, provider } = ctx.oidc
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid')
      await grant.save()
      return grant
    },
    ttl: { Session: 3600, Interaction: 600, Grant: 3600, AccessToken: 60, AuthorizationCode: 60, IdToken: 300 },
  })
}

function amr(id) {
  return id.endsWith('+mfa') ? ['pwd', 'mfa'] : ['pwd']
}

function body(request) {
  return new Promise((resolve) => {
    let text = ''
    request.on('data', (piece) => (text += piece))
    request.on('end', () => resolve(new URLSearchParams(text)))
  })
}

async function interact(provider, request, response) {
  const { uid } = await provider.interactionDetails(request, response)
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><title>Provider</title><form method="post" action="/interaction/${uid}">
      <label>Who are you? <input name="login" autofocus></label>
      <button name="deed" value="in">Sign in</button><button name="deed" value="off">Break off</button></form>`)
    return
  }
  const form = await body(request)
  const id = form.get('login')
  const result =
    form.get('deed') === 'off'
      ? { error: 'access_denied', error_description: 'the person broke off' }
      : { login: { accountId: id, amr: amr(id), acr: id.endsWith('+mfa') ? 'urn:kaojian:two' : undefined } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = made(issuer)
  const rest = provider.callback()
  server.on('request', (request, response) => {
    if (request.url === '/favicon.ico') return response.writeHead(204).end()
    if (!request.url.startsWith('/interaction/')) return rest(request, response)
    interact(provider, request, response).catch((error) => {
      response.statusCode = 400
      response.end(String(error))
    })
  })
  process.stdout.write(`${issuer}\n`)
})
