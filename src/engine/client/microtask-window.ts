/**
 * Waits while the microtasks of the running request go on, so that its caller can collect what that request does
 * meanwhile. No other request runs during microtasks, so whatever arrives within the window belongs to this one.
 * That matters because a promise that another request settles can leave a Worker hanging.
 *
 * @param promises how many promises, one awaited after another, the window lasts
 */
export async function microtaskWindow(promises: number): Promise<void> {
  for (let tick = 0; tick < promises; tick++) await undefined
}
