/** The first thing on every view: whether anything is wrong, where, and since when. */
import { change } from '../api/client.ts'
import type { Resource } from '../api/use.ts'
import { useNow } from '../api/use.ts'
import type { Overview } from '../api/wire.ts'
import { calm, type Finding, type Known, verdict } from '../health/verdict.ts'
import { useAction } from './dialog.tsx'
import { Glyph } from './glyph.tsx'
import { Clock } from './when.tsx'

export function Banner({ overview, known }: { overview: Resource<Overview>; known: Known | undefined }) {
  const now = useNow(5_000)
  if (!known) {
    if (!overview.error) return <section class="banner is-loading" aria-label="Health" aria-busy="true" />
    return (
      <section class="banner is-bad" aria-label="Health">
        <Item level="bad" title="The service does not answer" detail={overview.error.message} />
      </section>
    )
  }
  const findings = [...unanswered(overview), ...verdict(known, now)]
  const worst = findings.some(({ level }) => level !== 'note') ? findings[0]?.level : 'good'
  return (
    <section class={`banner is-${worst}`} aria-label="Health" aria-live="polite">
      {worst === 'good' && <Item level="good" title="All is well" detail={calm(known)} />}
      {findings.map((finding) => (
        <Item key={finding.title.replace(/\d.*/, '')} {...finding} />
      ))}
    </section>
  )
}

/** What is shown is old then, and must not be taken for the present state. */
function unanswered({ error, at }: Resource<Overview>): Finding[] {
  if (!error || at === undefined) return []
  const detail = 'What is shown is from that time. The page tries again by itself.'
  return [{ level: 'bad', title: 'The service does not answer', detail, since: at }]
}

type ItemProps = Omit<Finding, 'level'> & { readonly level: Finding['level'] | 'good' }

function Item({ level, title, detail, since, href, remedy }: ItemProps) {
  return (
    <div class={`finding is-${level}`}>
      <Glyph of={level} />
      <p>
        <strong>{title}</strong>
        {since !== undefined && (
          <span class="since">
            since <Clock at={since} />
          </span>
        )}
        <span class="detail">{detail}</span>
      </p>
      {remedy && <Remedy remedy={remedy} />}
      {href && (
        <a class="button small" href={href} aria-label={`Look: ${title}`}>
          Look
        </a>
      )}
    </div>
  )
}

const remedies = {
  'switch-off': { verb: 'Switch off', path: 'resume', done: 'The kill switch is off.' },
  'resume-all': { verb: 'Resume all', path: 'settings/resume', done: 'Everything goes on.' },
} as const

function Remedy({ remedy }: { remedy: keyof typeof remedies }) {
  const [isBusy, run] = useAction()
  const { verb, path, done } = remedies[remedy]
  return (
    <button type="button" class="small" disabled={isBusy} onClick={() => run(() => change('POST', path), done)}>
      {verb}
    </button>
  )
}
