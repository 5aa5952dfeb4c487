/** Every planted bug. One that the simulator does not find is a gap of the simulator; none is ever taken off the list. */
import { alarms } from './list/alarms.ts'
import { asking } from './list/asking.ts'
import { attempts } from './list/attempts.ts'
import { books } from './list/books.ts'
import { fences } from './list/fences.ts'
import { meeting } from './list/meeting.ts'
import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [...fences, ...alarms, ...attempts, ...meeting, ...books, ...asking]
