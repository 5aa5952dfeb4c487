/** The security headers of every answer. A route that needs another value sets it itself, and keeps it. */
import { secureHeaders } from 'hono/secure-headers'

/** Scripts and styles are files of our own; nothing inline, nothing from elsewhere, no frame around us. */
const policy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
}

const headers = {
  contentSecurityPolicy: policy,
  xFrameOptions: 'DENY',
  // Of this host only: what else lives under the domain is not ours to decide.
  strictTransportSecurity: 'max-age=31536000',
  permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
  overwrite: false,
}

export const security = secureHeaders(headers)

/** Of `/docs` alone: the style of Swagger UI holds its arrows as `data:` pictures. */
export const docsSecurity = secureHeaders({
  ...headers,
  contentSecurityPolicy: { ...policy, imgSrc: ["'self'", 'data:'] },
})
