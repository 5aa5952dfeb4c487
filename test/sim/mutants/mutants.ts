/** Every planted bug. One that the simulator does not find is a gap of the simulator; none is ever taken off the list. */
import { alarms } from './list/alarms.ts'
import { asking } from './list/asking.ts'
import { attempts } from './list/attempts.ts'
import { steering } from './list/control.ts'
import { fences } from './list/fences.ts'
import { keys } from './list/keys.ts'
import { limits } from './list/limits.ts'
import { meeting } from './list/meeting.ts'
import { books } from './list/memory.ts'
import { schedules } from './list/schedules.ts'
import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  ...fences,
  ...alarms,
  ...attempts,
  ...meeting,
  ...books,
  ...asking,
  ...limits,
  ...keys,
  ...schedules,
  ...steering,
]
