/**
 * A moment: the microtasks of one request. While they run no other request gets a turn, so who is heard within a moment
 * belongs to the request that began it. Across requests no promise may be settled: that can leave a Worker hanging.
 *
 * @param promises how many promises, one behind another, the moment has room for
 */
export async function momentOf(promises: number): Promise<void> {
  for (let tick = 0; tick < promises; tick++) await undefined
}
