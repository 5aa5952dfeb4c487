/** The dashboard declares by itself what it reads, in wire.ts; here the compiler holds that to the API's schemas. */

import { expect, test } from 'vitest'
import type { z } from 'zod'
import type * as wire from '../../src/admin/page/api/wire.ts'
import type { chartsSchema } from '../../src/admin/schema/charts.ts'
import type * as deployment from '../../src/admin/schema/deployment.ts'
import type { jobDetailSchema, jobListSchema } from '../../src/admin/schema/job.ts'
import type { scheduleListSchema } from '../../src/admin/schema/schedule.ts'

/** Fails to compile when what is sent is not what is read. */
type Reads<Sent extends Read, Read> = [Sent, Read]

type Answers = [
  Reads<z.infer<typeof deployment.overviewSchema>, wire.Overview>,
  Reads<z.infer<typeof chartsSchema>, wire.Charts>,
  Reads<z.infer<typeof deployment.settingsSchema>, wire.Settings>,
  Reads<z.infer<typeof deployment.taskListSchema>, wire.TaskList>,
  Reads<z.infer<typeof deployment.bulkSchema>, wire.Bulk>,
  Reads<z.infer<typeof jobListSchema>, wire.JobList>,
  Reads<z.infer<typeof jobDetailSchema>, wire.JobDetail>,
  Reads<z.infer<typeof scheduleListSchema>, wire.ScheduleList>,
]

test('what the API sends is what the dashboard reads', () => {
  const held: Answers | undefined = undefined
  expect(held).toBeUndefined()
})
