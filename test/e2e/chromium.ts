/** The browser of the end-to-end tests: Debian's Chromium, driven without a download of its own. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Nothing that would ask the network, and no sandbox: tests run as root in containers. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** @throws when there is none, saying how to get it: a test that quietly left the browser out would prove nothing. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = places.find((place) => place !== undefined && existsSync(place))
  if (executablePath === undefined) {
    throw new Error(
      'There is no Chromium here. Install it (Debian: apt-get install --no-install-recommends chromium fonts-dejavu-core), ' +
        'or set CHROMIUM to the path of one.',
    )
  }
  return chromium.launch({ executablePath, args })
}
