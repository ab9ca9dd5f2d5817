/** What people call a colour, for ears and for lists: its CIE Lab lightness, hue and chroma, looked up in a table. */

import { labOf, polar } from "./lab.js";

const DARK = 32;
const LIGHT = 65;
const GREY = 4;
const TINTED = 12;
const SOFT = 20;
const STRONG = 55;
const VIVID = 70;

/**
 * Up to which hue in degrees; the name when dark, in the middle and when light; what a grey of that hue is called.
 * @type {[number, [string, string, string], string][]}
 */
const HUES = [
  [22, ["wine red", "crimson", "pink"], "pinkish"],
  [46, ["dark red", "red", "salmon"], "reddish"],
  [76, ["dark brown", "brown", "peach"], "brownish"],
  [94, ["dark brown", "ochre", "sand"], "yellowish"],
  [116, ["dark olive", "olive", "yellow"], "yellowish"],
  [170, ["dark green", "green", "light green"], "greenish"],
  [225, ["dark teal", "teal", "turquoise"], "greenish"],
  [310, ["dark blue", "blue", "light blue"], "bluish"],
  [332, ["dark purple", "purple", "lilac"], "purplish"],
  [352, ["dark magenta", "magenta", "pink"], "pinkish"],
];

/**
 * @param {string} hex `#rrggbb`
 * @returns {string} such as "dark blue" or "brownish dark grey"
 */
export function nameOf(hex) {
  const [lightness] = labOf(hex);
  const { hue, chroma } = polar(hex);
  const [, names, tint] = HUES.find(([to]) => hue <= to) ?? HUES[0];
  if (chroma < GREY) return grey(lightness);
  if (chroma < TINTED) return `${tint} ${grey(lightness)}`;
  if (chroma > STRONG && hue > 46 && hue <= 82 && lightness > 50) return "orange";
  const name = names[lightness < DARK ? 0 : lightness > LIGHT ? 2 : 1];
  if (chroma < SOFT) return `${lightness > LIGHT ? "pale" : "greyish"} ${name}`;
  return chroma > VIVID ? `vivid ${name}` : name;
}

/** @param {number} lightness */
function grey(lightness) {
  if (lightness < 12) return "black";
  if (lightness < 38) return "dark grey";
  if (lightness < 68) return "grey";
  return lightness < 94 ? "light grey" : "white";
}
