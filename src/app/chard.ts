/** The engine of this Worker. It has a file of its own, so that every task can be defined with it and none imports another. */
import { createChard } from '../engine/index.ts'
import { webhook } from './webhook.ts'

export const chard = createChard({ webhook })
