/**
 * The picture of a user, drawn from the user's id alone: the same id always gives the same picture, and no personal data is used.
 * DiceBear draws it, in the style "Moods" (CC0 1.0).
 */
import { Avatar, Style } from '@dicebear/core'
import moods from '@dicebear/styles/moods.json'

/** Pixels of a side, in rising order, so that all are stored once the last one is. */
export const avatarSizes = [64, 256, 512] as const
export type AvatarSize = (typeof avatarSizes)[number]

let style: Style | undefined

/** The drawing as SVG. Changing the seed or the style changes the picture of every user drawn from then on. */
export function avatarSvg(userId: number): string {
  // Checking a style takes milliseconds; most isolates never draw.
  style ??= new Style(moods)
  return new Avatar(style, { seed: `user ${userId}` }).toString()
}
