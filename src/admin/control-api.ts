/** The routes that control jobs in bulk, schedules, tasks and the deployment, in one app. */

import { bulkApi } from './bulk-api.ts'
import { describedApp } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { schedulesApi } from './schedules-api.ts'
import { settingsApi } from './settings-api.ts'
import { tasksApi } from './tasks-api.ts'
import { updateApi } from './update-api.ts'

export function controlApi(chard: AdminEngine) {
  return describedApp()
    .route('/jobs', updateApi(chard))
    .route('/bulk', bulkApi(chard))
    .route('/schedules', schedulesApi(chard))
    .route('/tasks', tasksApi(chard))
    .route('/settings', settingsApi(chard))
}
