/** What all routes of the service share: the type of their Hono app. */
export interface Service {
  Bindings: Cloudflare.Env
}
