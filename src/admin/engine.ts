/**
 * What these apps need of the engine, and no more: narrow faces of it, so that a fake can stand in for it. Every shape is
 * the engine's own.
 */
import type { Chard } from '../engine/index.ts'

/** Jobs, one by one and in lists. */
export type JobSteering = Pick<Chard, 'served' | 'get' | 'list' | 'cancel' | 'redrive' | 'amend'>

/** The deployment as a whole: its schedules, its tasks' limits and pauses, many jobs at once. */
export type Steering = Pick<
  Chard,
  | 'schedules'
  | 'pause'
  | 'resume'
  | 'drain'
  | 'setLimits'
  | 'settings'
  | 'tasks'
  | 'cancelMany'
  | 'redriveMany'
  | 'bulk'
  | 'overview'
  | 'charts'
  | 'metrics'
  | 'halt'
>

/** All that the admin's room needs. */
export type AdminEngine = JobSteering & Steering
