/** The security headers of every answer. A route that needs another value sets it itself. */
import { secureHeaders } from 'hono/secure-headers'

/** Scripts and styles are files of our own: nothing inline, nothing from another origin, and no frames. */
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
  // For this host only: we do not decide for other hosts of the domain.
  strictTransportSecurity: 'max-age=31536000',
  permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
  overwrite: false,
}

export const security = secureHeaders(headers)

/** For `/docs` alone, because the style of Swagger UI has its arrows as `data:` pictures. */
export const docsSecurity = secureHeaders({
  ...headers,
  contentSecurityPolicy: { ...policy, imgSrc: ["'self'", 'data:'] },
})
