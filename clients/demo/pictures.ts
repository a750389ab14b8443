/** Makes a picture small enough for a message. */
import { PICTURE_TYPES, pictureUrl } from "./content.js";

/** Bytes: a message has at most 64 KiB (docs/rooms-api.md, 12.1), and something stands around the picture. */
const MAX_BYTES = 60_000;

/** Pixels of the longer side, at first. */
const MAX_SIDE = 1_600;

/** How often it is made smaller. */
const TRIES = 12;

/** The picture as a `data:` URL. Rejects with an Error, for people, if the file is none that the browser can draw. */
export async function pictureOf(file: Blob): Promise<string> {
  const isFine = file.size <= MAX_BYTES && PICTURE_TYPES.includes(file.type);
  const small = isFine ? file : await shrunk(file);
  return pictureUrl(small.type, new Uint8Array(await small.arrayBuffer()));
}

async function shrunk(file: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error("This is no picture that your browser can read.");
  });
  try {
    let scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
    for (let tries = 0; tries < TRIES; tries++) {
      const blob = await drawn(bitmap, scale);
      if (blob.size <= MAX_BYTES) return blob;
      // The size grows with the area.
      scale *= Math.min(0.9, Math.sqrt(MAX_BYTES / blob.size));
    }
  } finally {
    bitmap.close();
  }
  throw new Error("This picture cannot be made small enough for a message.");
}

function drawn(bitmap: ImageBitmap, scale: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob === null) reject(new Error("Your browser could not write this picture."));
        else resolve(blob);
      },
      // A browser that does not write it makes a PNG instead (HTML, "toBlob").
      "image/webp",
      0.8,
    );
  });
}
