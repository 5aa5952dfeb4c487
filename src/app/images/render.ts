/** SVG to PNG, with resvg as WebAssembly: a static import, because Workers refuse to compile at run time. */
import { initWasm, Resvg } from '@resvg/resvg-wasm'
import wasm from '@resvg/resvg-wasm/index_bg.wasm'

let ready: Promise<void> | undefined

/** The drawing as a PNG, `size` pixels wide. */
export async function renderPng(svg: string, size: number): Promise<Uint8Array> {
  // Once in an isolate, because a second call throws. It waits for no I/O, so requests may share the promise.
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
    // This memory is WebAssembly's, which no garbage collector frees.
    resvg.free()
  }
}
