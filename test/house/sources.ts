/** The sources of a folder as the house rules see them: their paths, their texts, what each imports. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'

export const root = resolve(import.meta.dirname, '../..')
/** Made by scripts/page.ts. */
const made = 'src/admin/page-files.ts'

/** The TypeScript files below a folder of the repository, declarations left out. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => /(?<!\.d)\.tsx?$/.test(name) && name !== made && !name.includes('node_modules'))
    .sort()
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** The files of the repository that a file imports, types and dynamic imports included. */
export function importsOf(file: string): string[] {
  const { module } = parseSync(file, textOf(file))
  const named = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) =>
      textOf(file).slice(moduleRequest.start, moduleRequest.end).replaceAll(/['"`]/g, ''),
    ),
  ]
  return [...new Set(named.filter((name) => name.startsWith('.')))].map((name) =>
    relative(root, resolve(root, dirname(file), name)),
  )
}

/** The circles in which these files import one another: each a list of files. Tarjan's strongly connected components. */
export function circlesOf(files: readonly string[]): string[][] {
  const imports = new Map(files.map((file) => [file, importsOf(file)]))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string): void => {
    order.set(file, order.size)
    lowest.set(file, order.size - 1)
    stack.push(file)
    for (const target of imports.get(file) ?? []) {
      if (!imports.has(target)) continue
      if (!order.has(target)) visit(target)
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file) as number, lowest.get(target) as number))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const file of files) if (!order.has(file)) visit(file)
  return circles
}
