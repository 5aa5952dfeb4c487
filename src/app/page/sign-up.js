// @ts-check
/**
 * The sign-up page: sends the form, follows the job until it is final, and shows the picture. The server decides the states of
 * the job, and this file shows them.
 */
import { follow } from './job.js'
import { factsOf } from './states.js'

/** @typedef {import('./states.js').JobView} JobView */
/** @typedef {{ user: { id: number, url: string }, job: { url: string } }} Accepted */
/** @typedef {{ detail?: string, errors?: { path: string, message: string }[] }} Problem */

const form = /** @type {HTMLFormElement} */ (document.querySelector('#sign-up'))
const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'))
const formError = /** @type {HTMLElement} */ (document.querySelector('#form-error'))
const section = /** @type {HTMLElement} */ (document.querySelector('#job'))
const heading = /** @type {HTMLElement} */ (document.querySelector('#job-heading'))
const picture = /** @type {HTMLElement} */ (document.querySelector('#picture'))
const progress = /** @type {HTMLProgressElement} */ (document.querySelector('#progress'))
const word = /** @type {HTMLElement} */ (document.querySelector('#word'))
const jobLink = /** @type {HTMLAnchorElement} */ (document.querySelector('#job-link'))
const again = /** @type {HTMLButtonElement} */ (document.querySelector('#again'))
const inputs = /** @type {HTMLInputElement[]} */ ([form.elements.namedItem('email'), form.elements.namedItem('userId')])

/** The same sign-up, sent again after a lost answer, has the same key, so it creates one user. */
let attempt = { body: '', key: '' }

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  showProblem({})
  button.disabled = true
  try {
    const response = await send()
    const answer = await response.json()
    if (response.ok) await showAccepted(answer)
    else showProblem(answer)
  } catch {
    showProblem({ detail: 'The service could not be reached. Try again: it will not sign you up twice.' })
  } finally {
    button.disabled = false
  }
})

again.addEventListener('click', () => {
  section.hidden = true
  form.hidden = false
  form.reset()
  inputs[0]?.focus()
})

function send() {
  const [email, userId] = inputs.map(({ value }) => value.trim())
  const body = JSON.stringify({ email, ...(userId && { userId: Number(userId) }) })
  // Browsers have randomUUID only on a page over https. Elsewhere the request has no key.
  if (attempt.body !== body) attempt = { body, key: crypto.randomUUID?.() ?? '' }
  return fetch('/users', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(attempt.key && { 'Idempotency-Key': attempt.key }) },
    body,
  })
}

/** @param {Accepted} accepted */
async function showAccepted({ user, job }) {
  form.hidden = true
  section.hidden = false
  heading.textContent = `Welcome, number ${user.id}`
  picture.replaceChildren()
  jobLink.href = job.url
  heading.focus()
  for await (const view of follow(job.url)) showJob(view, user)
}

/**
 * @param {JobView} job
 * @param {Accepted['user']} user
 */
function showJob(job, user) {
  const { words, isLost = false } = factsOf(job.state)
  word.textContent = `${words(job)}.`
  progress.hidden = isLost
  if (job.state === 'completed') progress.value = 1
  else if (job.state === 'running' && job.progress) progress.value = job.progress.value
  else progress.removeAttribute('value')
  if (job.state === 'completed') showPicture(user)
}

/** @param {Accepted['user']} user */
function showPicture(user) {
  const image = new Image(256, 256)
  image.alt = `The profile image of user ${user.id}`
  image.src = `${user.url}/avatar.png?size=512`
  picture.replaceChildren(image)
}

/** Puts each finding beside its field, and the others below. @param {Problem} problem */
function showProblem({ detail = '', errors = [] }) {
  for (const input of inputs) {
    const error = errors.find(({ path }) => path === input.name)
    const place = /** @type {HTMLElement} */ (document.querySelector(`#${input.name}-error`))
    place.textContent = error ? `It ${error.message}.` : ''
    input.setAttribute('aria-invalid', String(error !== undefined))
  }
  const placed = errors.length > 0 && errors.every(({ path }) => inputs.some(({ name }) => name === path))
  formError.textContent = placed ? '' : detail
  inputs.find((input) => input.getAttribute('aria-invalid') === 'true')?.focus()
}
