/** Every planted bug. One that the simulator does not find is a gap of the simulator, and stays on the list. */
import { alarms } from './list/alarms.ts'
import { attempts } from './list/attempts.ts'
import { control } from './list/control.ts'
import { fences } from './list/fences.ts'
import { keys } from './list/keys.ts'
import { limits } from './list/limits.ts'
import { memory } from './list/memory.ts'
import { requests } from './list/requests.ts'
import { schedules } from './list/schedules.ts'
import { wakeUps } from './list/wake-ups.ts'
import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  ...fences,
  ...alarms,
  ...attempts,
  ...wakeUps,
  ...memory,
  ...requests,
  ...limits,
  ...keys,
  ...schedules,
  ...control,
]
