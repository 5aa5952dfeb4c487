/** A world whose queue loses everything, so that the only runners in it are those a test opens. */
import { World, type WorldOptions } from './world.ts'

export function silentWorld(options: WorldOptions = {}): World {
  const world = new World(options)
  world.queue.fate = () => []
  return world
}
