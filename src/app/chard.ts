/** The engine of this Worker. By itself in a file, so that every task can be defined with it and none imports another. */
import { createChard } from '../engine/index.ts'
import { webhook } from './webhook.ts'

export const chard = createChard({ webhook })
