/** The part of the engine that these apps need, and no more, so that a fake can stand in for it. The types are the engine's own. */
import type { Chard, Jobs } from '../engine/index.ts'

/** What the admin routes need. A `Chard` has it. */
export interface AdminEngine
  extends Pick<Chard, 'tasks' | 'schedules' | 'stats' | 'pause' | 'resume' | 'drain' | 'settings' | 'halt'> {
  readonly jobs: Omit<Jobs, 'enqueue' | 'watch' | 'wait'>
}

/** What the public status of jobs needs. A `Chard` has it. */
export interface JobReader {
  readonly jobs: Pick<Jobs, 'get' | 'wait' | 'watch'>
}
