/** The routes over the deployment as a whole, in one app. */
import { amendApi } from './amend-api.ts'
import { bulkApi } from './bulk-api.ts'
import { describedApp } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { schedulesApi } from './schedules-api.ts'
import { settingsApi } from './settings-api.ts'
import { tasksApi } from './tasks-api.ts'

export function steeringApi(chard: AdminEngine) {
  return describedApp()
    .route('/jobs', amendApi(chard))
    .route('/bulk', bulkApi(chard))
    .route('/schedules', schedulesApi(chard))
    .route('/tasks', tasksApi(chard))
    .route('/settings', settingsApi(chard))
}
