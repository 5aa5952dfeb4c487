/** The contents of an e-mail. Sender and recipient are given when it is sent. */
export interface Letter {
  readonly subject: string
  readonly text: string
  readonly html: string
}
