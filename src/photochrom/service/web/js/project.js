/** Takes up a colouring that was kept: from a `.photochrom` file, or from the mark in a picture coloured before. */

import { changed, untouched } from "./edits.js";

/** @typedef {import("./types.js").Edit} Edit */
/** @typedef {import("./types.js").Saved} Saved */
/** @typedef {import("./types.js").Size} Size */

const FORMAT = 1;
const SAME_SHAPE = 0.02;

/**
 * The colouring that a project file keeps, in the pixels of a photograph.
 * @param {string} text
 * @param {string} name of the file
 * @param {Size} photo
 * @returns {Saved}
 * @throws {Error} named "Problem", with a sentence
 */
export function readProject(text, name, photo) {
  /** @type {any} */
  let project;
  try {
    project = JSON.parse(text);
  } catch {
    throw problem(`${name} is no project of Photochrom.`);
  }
  const { width, height } = project?.photo ?? {};
  if (project?.photochrom !== FORMAT || !(width > 0 && height > 0) || !Array.isArray(project.hints ?? [])) {
    throw problem(
      project?.photochrom > FORMAT
        ? `${name} was written by a newer Photochrom. Update this one to read it.`
        : `${name} is no project of Photochrom.`,
    );
  }
  const across = photo.width / width;
  const down = photo.height / height;
  if (Math.abs(across / down - 1) > SAME_SHAPE) {
    throw problem(
      `${name} was made for a photograph of another shape (${width} × ${height} pixels), so its hints would lie ` +
        "elsewhere. Give a scan of the same cut.",
    );
  }
  /** @param {number[]} pairs of x and y */
  const scaled = (pairs) => pairs.map((value, at) => value * (at % 2 ? down : across));
  const hints = (project.hints ?? []).map((/** @type {any} */ hint) => ({
    ...hint,
    ...(hint.stroke ? { stroke: hint.stroke.map(scaled) } : { x: hint.x * across, y: hint.y * down }),
    ...(hint.radius ? { radius: hint.radius * Math.sqrt(across * down) } : {}),
  }));
  const options = project.options ?? {};
  const lacks = [options.reference && "its reference picture", options.keep_grey && "its mask of what stays grey"];
  const named = lacks.filter(Boolean).join(" and ");
  return {
    options,
    hints,
    boxes: options.refine?.map(scaled) ?? [],
    warnings: named ? [`Give ${named} once more: a project names it, but does not hold it.`] : [],
  };
}

/**
 * What has to be asked of a photograph for that colouring.
 * @param {import("./types.js").Engine} engine
 * @param {Edit} edit of the photograph as it is now
 * @param {Saved} saved
 * @returns {Promise<Edit>}
 */
export async function takenUp(engine, edit, { options, hints, boxes }) {
  let photo = edit.photo;
  const there = new Set(photo.boxes.map(String));
  for (const box of boxes) {
    if (!there.has(String(box))) photo = await engine.refine(photo, box);
  }
  return changed(untouched(photo), {
    hints: Object.freeze(hints),
    vividness: options.vividness ?? null,
    strength: options.strength ?? 1,
    warmth: options.warmth ?? 0,
    keepTone: options.keep_tone ?? false,
    reference: edit.reference,
  });
}

/** @param {string} sentence */
function problem(sentence) {
  return Object.assign(new Error(sentence), { name: "Problem" });
}
