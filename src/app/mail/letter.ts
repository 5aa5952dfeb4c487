/** What an e-mail says. Who sends it to whom is said when it is sent. */
export interface Letter {
  readonly subject: string
  readonly text: string
  readonly html: string
}
