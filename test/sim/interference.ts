/** Connects the weather to the hooks of the cloud's parts, so that each fault is drawn where it can strike. */
import { connectionLost, overloaded, superseded } from '../../src/testing/faults.ts'
import type { Fault, VirtualLedger } from '../../src/testing/ledger.ts'
import type { VirtualQueue } from '../../src/testing/queue.ts'
import { isolateOf } from './isolate.ts'
import type { Weather } from './weather.ts'
import type { World } from './world.ts'

/** How long a message travels to the queue, and the queue's answer. */
const sendMs = 2
/** How long the platform's alarm takes to reach the object. */
const ringMs = 1

/** The error that callers get when an object is reset. */
export function anyReset(weather: Weather): Error {
  return weather.dice('reset').happens(0.5) ? superseded() : connectionLost()
}

export function interfereWithQueue({ weather, clock }: World, queue: VirtualQueue): void {
  const pass = (ms: number) =>
    new Promise<void>((resolve) => {
      clock.ring(clock.now + ms, resolve, 'queue')
    })
  const delay = () => {
    if (weather.strikes('wakeUpHoursLate')) return weather.upTo('wakeUpHoursLate', 4 * 3_600_000)
    return weather.strikes('wakeUpLate') ? weather.upTo('wakeUpLate', 30_000) : weather.dice('latency').between(3, 10)
  }
  queue.accept = async () => {
    await pass(sendMs)
    if (weather.strikes('sendFailsBefore')) throw connectionLost()
  }
  queue.fate = () => {
    if (weather.strikes('wakeUpLost')) return []
    return weather.strikes('wakeUpDoubled') ? [delay(), delay()] : [delay()]
  }
  queue.confirm = async () => {
    await pass(sendMs)
    if (weather.strikes('sendFailsAfter')) throw connectionLost()
  }
  queue.redelivers = () => weather.dice('redelivery').happens(0.7)
}

export function interfereWithLedger({ weather, clock }: World, ledger: VirtualLedger): void {
  ledger.travelMs = () => weather.dice('latency').between(1, 3)
  ledger.fault = (_verb, _request, caller) => {
    const isCutOff = !weather.isOver && clock.now < isolateOf(caller).silentUntil
    return faultsOfCall(weather, isCutOff)
  }
  ledger.sqlFault = () => {
    if (weather.strikes('resetInStatement')) {
      ledger.restart(anyReset(weather))
      return new Error('this object was reset')
    }
    return weather.strikes('sqlError') ? new Error('disk I/O error') : undefined
  }
  const { alarm } = ledger
  alarm.delay = (waitMs) => {
    const earlyMs = weather.strikes('alarmEarly') ? weather.upTo('alarmEarly', Math.min(waitMs, 60_000)) : 0
    const lateMs = weather.strikes('alarmLate') ? weather.upTo('alarmLate', 120_000) : 0
    return ringMs - earlyMs + lateMs
  }
  alarm.fate = () => {
    if (weather.strikes('alarmStuck')) return 'stuck'
    if (weather.strikes('alarmStolen')) return 'lost'
    return weather.strikes('alarmDoubled') ? { againInMs: weather.upTo('alarmDoubled', 2_000) } : 'rings'
  }
}

function faultsOfCall(weather: Weather, isCutOff: boolean): Fault[] {
  const faults: Fault[] = []
  if (weather.strikes('rpcSlow')) {
    const ms = slowMs(weather)
    faults.push({ when: 'late', ms, way: weather.dice('rpcSlow').happens(0.5) ? 'there' : 'back' })
  }
  if (isCutOff || weather.strikes('rpcBefore')) faults.push({ when: 'before', error: anyReset(weather) })
  else if (weather.strikes('rpcOverloaded')) faults.push({ when: 'before', error: overloaded() })
  if (weather.strikes('rpcAfter')) faults.push({ when: 'after', error: anyReset(weather) })
  else if (weather.strikes('rpcStrange')) faults.push({ when: 'after', error: new Error('something unheard of') })
  return faults
}

function slowMs(weather: Weather): number {
  const dice = weather.dice('rpcSlow')
  return dice.one([
    dice.between(3, 50),
    dice.between(50, 1_500),
    dice.between(1_500, 8_000),
    dice.between(8_000, 45_000),
  ])
}
