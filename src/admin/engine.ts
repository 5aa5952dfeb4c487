/** What these apps need of the engine, and no more: two narrow faces, so that a fake can stand in for it. */
import type { Chard } from '../engine/index.ts'

/** Jobs, one by one and in lists. */
export type JobSteering = Pick<Chard, 'served' | 'enqueue' | 'get' | 'list' | 'cancel' | 'redrive'>

/** The deployment as a whole: its schedules, its tasks' limits and pauses, many jobs at once. */
export type Steering = Pick<
  Chard,
  | 'schedules'
  | 'tasks'
  | 'settings'
  | 'pause'
  | 'resume'
  | 'drain'
  | 'setLimits'
  | 'amend'
  | 'cancelMany'
  | 'redriveMany'
  | 'bulk'
>
