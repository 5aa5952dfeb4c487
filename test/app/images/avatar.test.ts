import { describe, expect, test } from 'vitest'
import { avatarSizes, avatarSvg } from '../../../src/app/images/avatar.ts'
import { renderPng } from '../../../src/app/images/render.ts'

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

describe('avatarSvg', () => {
  test('the same user always gets the same picture, in this version and the next', async () => {
    expect(avatarSvg(123)).toBe(avatarSvg(123))
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(avatarSvg(123)))
    // A new hash here means that every user drawn from now on looks different than before.
    expect(hex(new Uint8Array(digest)).slice(0, 16)).toBe('9c011a674e9782c8')
  })

  test('two thousand users get two thousand pictures', () => {
    // Names inside the drawing tell the seed; what is drawn must differ without them.
    const drawn = (id: number) => avatarSvg(id).replace(/id="[^"]*"|url\([^)]*\)|href="#[^"]*"/g, '')
    expect(new Set(Array.from({ length: 2_000 }, (_, index) => drawn(index + 1))).size).toBe(2_000)
  })
})

describe('renderPng', () => {
  test.each(avatarSizes)('renders a PNG of %d px a side', async (size) => {
    const png = await renderPng(avatarSvg(123), size)
    expect(hex(png.subarray(0, 8))).toBe('89504e470d0a1a0a')
    const header = new DataView(png.buffer, png.byteOffset + 16, 8)
    expect([header.getUint32(0), header.getUint32(4)]).toEqual([size, size])
  })

  test('the same drawing gives the same bytes, another one others', async () => {
    const [first, second, other] = await Promise.all([123, 123, 124].map((id) => renderPng(avatarSvg(id), 64)))
    expect(second).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test('a malformed drawing is an error, and the next drawing works', async () => {
    await expect(renderPng('<svg', 64)).rejects.toThrow()
    expect((await renderPng(avatarSvg(1), 64)).byteLength).toBeGreaterThan(100)
  })
})
