import { describe, expect, it } from 'vitest'
import { planDev } from '../../scripts/dev/plan.mjs'

const DOOR = ['--define', 'CHARD_LOCAL:true']

describe('npm run dev', () => {
  it('serves this machine alone on port 8787', () => {
    expect(planDev([]).args).toEqual([
      'dev',
      '--port',
      '8787',
      '--ip',
      'localhost',
      '--show-interactive-dev-session=false',
      '--local',
      ...DOOR,
    ])
  })

  it('passes its arguments on, and adds no second value to one that was given', () => {
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
  ])('opens the local door where only this machine can reach it: %j', (given) => {
    expect(planDev(given)).toMatchObject({ door: true, cron: true })
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
  ])('keeps the door closed where others can: %j', (given, closedBy) => {
    const plan = planDev(given)
    expect(plan).toMatchObject({ door: false, closedBy })
    expect(plan.args.join(' ')).not.toContain('CHARD_LOCAL')
  })

  it('leaves the clock to the platform when the code runs there', () => {
    expect(planDev(['--remote']).cron).toBe(false)
  })
})
