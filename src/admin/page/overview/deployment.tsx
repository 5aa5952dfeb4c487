/** The shards in detail, and the switches for all of them. */

import { useState } from 'preact/hooks'
import { change } from '../api/client.ts'
import { useSettings } from '../api/use.ts'
import type { Overview, ShardView } from '../api/wire.ts'
import { bytes, count } from '../health/time.ts'
import { Dialog } from '../shell/dialog.tsx'
import { Scroll } from '../shell/scroll.tsx'
import { Ago } from '../shell/when.tsx'
import { finalStates, sumOf, unfinished } from '../states/states.ts'

type Question = 'halt' | 'resume' | 'pause' | 'resume-all'

export function Deployment({ overview }: { overview: Overview }) {
  const [asked, question] = useState<Question>()
  const settings = useSettings()
  const isHalted = overview.shards.some(({ halted }) => halted)
  const isHeld = settings.data?.paused || settings.data?.draining
  return (
    <section class="card" aria-labelledby="deployment">
      <div class="card-head">
        <h2 id="deployment">Deployment</h2>
        <div class="actions">
          {settings.data && (
            <button type="button" class="small" onClick={() => question(isHeld ? 'resume-all' : 'pause')}>
              {isHeld ? 'Resume all tasks' : 'Pause all tasks'}
            </button>
          )}
          <button type="button" class="small danger" onClick={() => question(isHalted ? 'resume' : 'halt')}>
            {isHalted ? 'Switch the kill switch off' : 'Kill switch'}
          </button>
        </div>
      </div>
      <details class="more">
        <summary>Shards ({overview.shards.length})</summary>
        <Scroll name="Table of shards">
          <table>
            <thead>
              <tr>
                <th scope="col">Shard</th>
                <th scope="col" class="number">
                  Not ended
                </th>
                <th scope="col" class="number">
                  Ended
                </th>
                <th scope="col">Oldest ready</th>
                <th scope="col" class="number">
                  Runners
                </th>
                <th scope="col" class="number">
                  Wake-ups unanswered
                </th>
                <th scope="col">Alarm</th>
                <th scope="col" class="number">
                  Stored
                </th>
              </tr>
            </thead>
            <tbody>
              {overview.shards.map((shard) => (
                <Shard key={shard.shard} {...shard} />
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
      {asked && <Switch question={asked} close={() => question(undefined)} />}
    </section>
  )
}

function Shard({ shard, states, oldestReadyAt, runners, wakeUps, alarmAt, bytes: stored, halted }: ShardView) {
  return (
    <tr>
      <th scope="row">
        {shard}
        {halted && <span class="chip is-bad">halted</span>}
      </th>
      <td class="number">{count(unfinished(states))}</td>
      <td class="number">{count(sumOf(states, finalStates))}</td>
      <td>
        <Ago at={oldestReadyAt} />
      </td>
      <td class="number">{runners}</td>
      <td class="number">
        {wakeUps.unanswered}
        {wakeUps.resent > 0 && <span class="quiet"> ({wakeUps.resent} times)</span>}
      </td>
      <td>
        <Ago at={alarmAt} />
      </td>
      <td class="number">{bytes(stored)}</td>
    </tr>
  )
}

const questions = {
  halt: {
    title: 'Stop everything?',
    verb: 'Stop everything',
    path: 'halt',
    text: 'No attempts start, no wake-ups are sent and no alarms are set until you switch it off. Running handlers go on; jobs are still accepted.',
    done: 'The kill switch is on.',
  },
  resume: {
    title: 'Switch the kill switch off?',
    verb: 'Switch off',
    path: 'resume',
    text: 'Work goes on where it stopped.',
    done: 'The kill switch is off.',
  },
  pause: {
    title: 'Pause all tasks?',
    verb: 'Pause all',
    path: 'settings/pause',
    text: 'No attempts of any task start; running ones go on. Jobs are accepted and wait.',
    done: 'Everything is paused.',
  },
  'resume-all': {
    title: 'Resume all tasks?',
    verb: 'Resume all',
    path: 'settings/resume',
    text: 'Ends the pause or the draining of the whole deployment. Tasks that are paused one by one stay paused.',
    done: 'Everything goes on.',
  },
} as const

function Switch({ question, close }: { question: Question; close: () => void }) {
  const { title, verb, path, text, done } = questions[question]
  const act = async () => {
    const { missing } = await change<{ missing: number[] }>('POST', path)
    return missing.length === 0 ? done : `${done} Shards that did not hear it: ${missing.join(', ')}.`
  }
  return (
    <Dialog title={title} verb={verb} danger={question === 'halt'} act={act} close={close}>
      <p>{text}</p>
    </Dialog>
  )
}
