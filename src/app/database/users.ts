/**
 * The users as rows, and all SQL about them. Every verb is one statement with its precondition in the WHERE, and zero rows are an
 * answer. It decides nothing: the caller decides what a conflict means.
 */

/** A user as stored. Times are in epoch milliseconds; null means that it has not happened. */
export interface User {
  readonly id: number
  readonly email: string
  readonly createdAt: number
  readonly welcomedAt: number | null
  readonly imageJobId: string | null
  readonly imageFailedAt: number | null
}

/** A user before it is stored. `emailKey` is equal for equal addresses; the hashes come from an Idempotency-Key. */
export interface NewUser {
  readonly id: number
  readonly email: string
  readonly emailKey: string
  readonly keyHash: string | null
  readonly requestHash: string | null
  readonly createdAt: number
}

/** A row that has a new user's id, address or key already. */
export interface Rival extends Pick<NewUser, 'id' | 'emailKey' | 'keyHash' | 'requestHash'> {
  readonly imageJobId: string | null
}

/** What is still to be done for a user: a job for the image, a welcome, or both. */
export interface Owed {
  readonly id: number
  readonly image: boolean
  readonly welcome: boolean
}

const sql = {
  /** Zero rows: the id, the address or the key is taken. */
  create: `INSERT INTO users (id, email, email_key, key_hash, request_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`,
  /** Three index look-ups, at most three rows. */
  rivals: `SELECT id, email_key AS emailKey, key_hash AS keyHash, request_hash AS requestHash, image_job_id AS imageJobId
    FROM users WHERE id = ? OR email_key = ? OR key_hash = ?`,
  get: `SELECT id, email, created_at AS createdAt, welcomed_at AS welcomedAt, image_job_id AS imageJobId,
    image_failed_at AS imageFailedAt FROM users WHERE id = ?`,
  /** Removes a row whose image was never handed over, and only the one that was created at that time. */
  withdraw: 'DELETE FROM users WHERE id = ? AND created_at = ? AND image_job_id IS NULL',
  imageHandedOver: 'UPDATE users SET image_job_id = ? WHERE id = ? AND image_job_id IS NULL',
  imageFailed: 'UPDATE users SET image_failed_at = ? WHERE id = ?',
  welcomed: 'UPDATE users SET welcomed_at = ? WHERE id = ? AND welcomed_at IS NULL',
  welcomeHandedOver: 'UPDATE users SET welcome_job_id = ? WHERE id = ? AND welcome_job_id IS NULL',
  /** Its first condition repeats that of the partial index `users_owed`, which SQLite needs to see to use it. */
  owedSince: `SELECT id, image_job_id IS NULL AS image, welcomed_at IS NULL AND welcome_job_id IS NULL AS welcome
    FROM users WHERE (image_job_id IS NULL OR (welcomed_at IS NULL AND welcome_job_id IS NULL)) AND created_at <= ?
    ORDER BY created_at LIMIT ?`,
  /** Counts a range of the index `users_by_time`. */
  madeBetween: `SELECT COUNT(*) AS users, COUNT(welcomed_at) AS welcomed, COUNT(image_job_id) AS drawn
    FROM users WHERE created_at >= ? AND created_at < ?`,
  ping: 'SELECT 1',
} as const

/** The verbs. `openUsers` makes it, after it has seen to the schema. */
export class Users {
  constructor(private readonly db: D1Database) {}

  /** False when the id, the address or the idempotency key is taken; `rivals` finds by whom. */
  async create({ id, email, emailKey, keyHash, requestHash, createdAt }: NewUser): Promise<boolean> {
    return this.changes(sql.create, id, email, emailKey, keyHash, requestHash, createdAt)
  }

  /** The rows that share this user's id, address or key. */
  async rivals({ id, emailKey, keyHash }: NewUser): Promise<Rival[]> {
    const { results } = await this.db.prepare(sql.rivals).bind(id, emailKey, keyHash).all<Rival>()
    return results
  }

  async get(id: number): Promise<User | null> {
    return this.db.prepare(sql.get).bind(id).first<User>()
  }

  /** Undoes `create`, unless the image was handed over since. */
  async withdraw({ id, createdAt }: NewUser): Promise<boolean> {
    return this.changes(sql.withdraw, id, createdAt)
  }

  /** Records the job that draws the image. The first one stays. */
  async imageHandedOver(id: number, jobId: string): Promise<boolean> {
    return this.changes(sql.imageHandedOver, jobId, id)
  }

  /** Records that the image's job failed for good. An image that is stored later is served all the same. */
  async imageFailed(id: number, at: number): Promise<boolean> {
    return this.changes(sql.imageFailed, at, id)
  }

  /** Records that the welcome e-mail was accepted for delivery. */
  async welcomed(id: number, at: number): Promise<boolean> {
    return this.changes(sql.welcomed, at, id)
  }

  /** Records that a job holds the welcome e-mail now. The first one stays. */
  async welcomeHandedOver(id: number, jobId: string): Promise<boolean> {
    return this.changes(sql.welcomeHandedOver, jobId, id)
  }

  /** Users created at or before `at` for whom something is still to be done, the oldest first. */
  async owedSince(at: number, limit: number): Promise<Owed[]> {
    const { results } = await this.db.prepare(sql.owedSince).bind(at, limit).all<Record<keyof Owed, number>>()
    return results.map(({ id, image, welcome }) => ({ id, image: image === 1, welcome: welcome === 1 }))
  }

  /** How many users were created from `from` until before `to`, and what was done for them. */
  async madeBetween(from: number, to: number): Promise<{ users: number; welcomed: number; drawn: number }> {
    const row = await this.db
      .prepare(sql.madeBetween)
      .bind(from, to)
      .first<Record<'users' | 'welcomed' | 'drawn', number>>()
    return row ?? { users: 0, welcomed: 0, drawn: 0 }
  }

  /** Resolves when the database answers. */
  async ping(): Promise<void> {
    await this.db.prepare(sql.ping).run()
  }

  private async changes(statement: string, ...values: (string | number | null)[]): Promise<boolean> {
    const { meta } = await this.db
      .prepare(statement)
      .bind(...values)
      .run()
    return meta.changes > 0
  }
}
