/** The images in R2, by user and size. All keys are made here. */
import { type AvatarSize, avatarSizes } from './avatar.ts'

type Bucket = Pick<Cloudflare.Env, 'IMAGES'>

function keyOf(userId: number, size: AvatarSize): string {
  return `avatars/${userId}/${size}.png`
}

/** Stores one size. To store it again changes nothing for readers. */
export async function storeAvatar(
  { IMAGES }: Bucket,
  userId: number,
  size: AvatarSize,
  png: Uint8Array,
): Promise<void> {
  await IMAGES.put(keyOf(userId, size), png, { httpMetadata: { contentType: 'image/png' } })
}

/** The image; or its metadata alone, when the conditions in the request's headers say that its reader has the image. */
export async function readAvatar(
  { IMAGES }: Bucket,
  userId: number,
  size: AvatarSize,
  conditions: Headers,
): Promise<R2ObjectBody | R2Object | null> {
  return IMAGES.get(keyOf(userId, size), { onlyIf: conditions })
}

/** True once all sizes are stored, because the last size is stored last. */
export async function hasAvatar({ IMAGES }: Bucket, userId: number): Promise<boolean> {
  const largest = avatarSizes[avatarSizes.length - 1] as AvatarSize
  return (await IMAGES.head(keyOf(userId, largest))) !== null
}
