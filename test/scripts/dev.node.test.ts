import { describe, expect, it } from 'vitest'
import { planDev } from '../../scripts/dev/plan.ts'

const LOCAL_MODE = ['--define', 'CHARD_LOCAL:true']

describe('npm run dev', () => {
  it('serves only this machine, on port 8787, in local mode', () => {
    expect(planDev([]).args).toEqual([
      'dev',
      '--port',
      '8787',
      '--ip',
      'localhost',
      '--show-interactive-dev-session=false',
      '--local',
      ...LOCAL_MODE,
    ])
  })

  it('passes its arguments on and adds no default for an argument that is given', () => {
    const { args } = planDev(['--port', '9000', '--persist-to', '/tmp/x', '--ip=127.0.0.1'])
    expect(args.slice(0, 6)).toEqual(['dev', '--port', '9000', '--persist-to', '/tmp/x', '--ip=127.0.0.1'])
    expect(args.filter((arg) => arg.startsWith('--port') || arg.startsWith('--ip'))).toHaveLength(2)
  })

  it.each([
    [[]],
    [['--ip', 'localhost']],
    [['--ip', '127.0.0.1']],
    [['--ip', '127.8.8.8']],
    [['--ip', '::1']],
    [['--no-remote']],
    [['--local', '--live-reload', '--log-level', 'debug']],
  ])('turns local mode on if only this machine can reach the server: %j', (given) => {
    expect(planDev(given)).toMatchObject({ local: true, cron: true })
  })

  it.each([
    [['--ip', '0.0.0.0'], '--ip 0.0.0.0'],
    [['--ip=0.0.0.0'], '--ip 0.0.0.0'],
    [['--ip', '::'], '--ip ::'],
    [['--ip', '*'], '--ip *'],
    [['--ip', '192.168.0.7'], '--ip 192.168.0.7'],
    [['--ip', '127.0.0.1.example.com'], '--ip 127.0.0.1.example.com'],
    [['--ip', 'localhost', '--ip', '0.0.0.0'], '--ip 0.0.0.0'],
    [['--remote'], '--remote'],
    [['-r'], '--remote'],
    [['-lr'], '--remote'],
    [['--tunnel'], '--tunnel'],
    [['--tunnel', '--tunnel-name', 'mine'], '--tunnel'],
  ])('keeps local mode off if other machines can reach the server: %j', (given, notLocalBecause) => {
    const plan = planDev(given)
    expect(plan).toMatchObject({ local: false, notLocalBecause })
    expect(plan.args.join(' ')).not.toContain('CHARD_LOCAL')
  })

  it('does not fire the cron trigger if the code runs on Cloudflare', () => {
    expect(planDev(['--remote']).cron).toBe(false)
  })
})
