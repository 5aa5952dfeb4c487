/**
 * The signs of states and findings. Each has a shape of its own, so that nobody has to distinguish colours. Screen readers read the
 * word beside it.
 */
import type { JSX } from 'preact'
import type { Outcome } from '../api/wire.ts'
import type { Finding } from '../health/verdict.ts'
import { factsOf, isState, type JobState } from '../states/states.ts'

type OtherSign = Exclude<Outcome, JobState> | Finding['level'] | 'good' | 'search' | 'pause' | 'play'

const ring = <circle cx="8" cy="8" r="6" />
const triangle = <path d="M8 2.5 14.5 13.5h-13ZM8 6.5v3.2m0 1.7v.1" />

const shapes: Record<OtherSign, JSX.Element> = {
  snoozed: (
    <>
      {ring}
      <path d="M6 5.8h4L6 10.2h4" />
    </>
  ),
  rejected: (
    <>
      {ring}
      <path d="M5 8h6" />
    </>
  ),
  lapsed: <path d="M4 2.5h8M4 13.5h8M4.8 2.5c0 3.2 6.4 7.8 6.4 11M11.2 2.5c0 3.2-6.4 7.8-6.4 11" />,
  good: (
    <>
      {ring}
      <path d="m5.2 8.2 2 2.1 3.6-4.4" />
    </>
  ),
  bad: (
    <>
      <path d="M5.2 1.8h5.6l3.4 3.4v5.6l-3.4 3.4H5.2L1.8 10.8V5.2Z" />
      <path d="M8 4.8v3.8m0 2.2v.1" />
    </>
  ),
  warn: triangle,
  note: (
    <>
      {ring}
      <path d="M8 7.4v3.4m0-5.8v.1" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.4 10.4 3.6 3.6" />
    </>
  ),
  pause: <path d="M5.5 3.5v9m5-9v9" />,
  play: <path class="solid" d="m5 3 8 5-8 5Z" />,
}

function StateShape({ of }: { of: JobState }) {
  const { path, inRing, isSolid } = factsOf(of).sign
  return (
    <>
      {inRing && ring}
      <path class={isSolid && 'solid'} d={path} />
    </>
  )
}

export function Glyph({ of }: { of: JobState | OtherSign }) {
  return (
    <svg class={`glyph sign-${of}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {isState(of) ? <StateShape of={of} /> : shapes[of]}
    </svg>
  )
}

/** A state, as a word with its sign. */
export function State({ of, reason }: { of: JobState; reason?: string | undefined }) {
  return (
    <span class={`state state-${of}`}>
      <Glyph of={of} />
      {of}
      {reason && <span class="reason"> · {reason}</span>}
    </span>
  )
}

/** The plant of the page's icon. */
export function Plant() {
  return (
    <svg class="plant" viewBox="0 0 64 64" width="28" height="28" aria-hidden="true">
      <path class="leaf" d="M32 3c14 5 24 17 21 30-2 10-11 13-18 14h-6c-7-1-16-4-18-14C8 20 18 8 32 3Z" />
      <path class="stem" d="M32 15v46" />
      <path class="vein" d="M32 29l10-8M32 40l13-8M32 29l-10-8M32 40l-13-8" />
    </svg>
  )
}
