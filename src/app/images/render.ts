/** SVG to PNG, with resvg as WebAssembly: a static import, because Workers refuse to compile at run time. */
import { initWasm, Resvg } from '@resvg/resvg-wasm'
import wasm from '@resvg/resvg-wasm/index_bg.wasm'

let ready: Promise<void> | undefined

/** The drawing as a PNG, `size` pixels wide. */
export async function renderPng(svg: string, size: number): Promise<Uint8Array> {
  // Once an isolate: a second call throws. It waits for no I/O, so sharing the promise between requests is safe.
  ready ??= initWasm(wasm)
  await ready
  const resvg = new Resvg(svg, { fitTo: { mode: 'width', value: size }, font: { loadSystemFonts: false } })
  try {
    const image = resvg.render()
    try {
      return image.asPng()
    } finally {
      image.free()
    }
  } finally {
    // The memory is WebAssembly's own, which no garbage collector sees.
    resvg.free()
  }
}
