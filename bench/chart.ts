/** Draws the results as an SVG for the README, readable on a light and on a dark page. */
import { type MeasureResult, shown } from './results.ts'

/** The figure that is drawn for each measure. Measures without one are left out. */
const shownFigures: Readonly<Record<string, { readonly figure: string; readonly better: string }>> = {
  'end-to-end': { figure: 'throughput', better: 'higher is better' },
  'one-at-a-time': { figure: 'p50', better: 'lower is better' },
  'single-enqueues': { figure: 'throughput', better: 'higher is better' },
  'sign-up': { figure: 'completed', better: 'higher is better' },
}

const width = 760
const left = 264
const barMax = 350
const rowHeight = 24
const titleHeight = 34

export function chartOf(results: readonly MeasureResult[], caption: string): string {
  const parts: string[] = []
  let y = 28
  for (const { name, title, contenders } of results) {
    const chosen = shownFigures[name]
    if (!chosen) continue
    const rows = Object.entries(contenders).flatMap(([contender, figures]) => {
      const found = figures[chosen.figure]
      return found ? [{ contender, ...found }] : []
    })
    const most = Math.max(...rows.map(({ median }) => median))
    parts.push(text(16, y, 'title', title), text(16, y + 16, 'note', chosen.better))
    y += titleHeight
    for (const { contender, median, unit } of rows) {
      const length = Math.max(2, (median / most) * barMax)
      const style = contender.startsWith('Chard') ? 'own' : 'other'
      parts.push(
        text(left - 8, y + 14, 'label', contender),
        `<rect class="${style}" x="${left}" y="${y + 2}" width="${length.toFixed(1)}" height="16" rx="2"/>`,
        text(left + length + 6, y + 14, 'value', `${shown(median)} ${unit}`),
      )
      y += rowHeight
    }
    y += 24
  }
  parts.push(text(16, y, 'note', caption))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 16}" role="img" aria-label="${escaped(caption)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 13px; font-weight: 600 }
.note { fill: #59636e }
.label { text-anchor: end }
.own { fill: #b3261e }
.other { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .own { fill: #ff7b72 }
  .other { fill: #656c76 }
}
</style>
${parts.join('\n')}
</svg>
`
}

function text(x: number, y: number, style: string, content: string): string {
  return `<text class="${style}" x="${x.toFixed(0)}" y="${y}">${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
