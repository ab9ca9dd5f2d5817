/**
 * The words the page is written in, as types only: what a hint, a photograph and an edit are, and what an
 * engine can do. Whatever keeps to `Engine` can stand behind the page; `engine.js` is the one that asks a server.
 */

/**
 * What somebody says about the colour of a place, as in docs/control.md: either x and y, or a stroke.
 * @typedef {object} Hint
 * @property {number} [x] in pixels of the photograph as it is seen, from its upper left corner
 * @property {number} [y]
 * @property {[number, number][]} [stroke] the corners of a line
 * @property {string} color `#rrggbb`; only its hue and how strong it is count
 * @property {number} [radius] pixels around the place that have the colour as well
 * @property {string} [note] where the knowledge comes from
 */

/** @typedef {[left: number, top: number, right: number, bottom: number]} Box in pixels of the photograph */

/** @typedef {{x: number, y: number}} Point */

/** @typedef {{width: number, height: number}} Size */

/**
 * A photograph that the engine has looked at. It never changes: looking closer gives another one.
 * @typedef {object} Photo
 * @property {File} file that it came from
 * @property {string} name
 * @property {number} width as it is seen, upright
 * @property {number} height
 * @property {number} page counted from 0
 * @property {number} pages in the file
 * @property {string} format
 * @property {string} wasColored "grey", "toned" or "color"
 * @property {string} model that colours it
 * @property {number} vividness that the model chooses by itself
 * @property {readonly Box[]} boxes that were looked at closer, in that order
 * @property {Saved | null} saved what the file itself says of how it was coloured before
 * @property {readonly string[]} warnings sentences
 */

/**
 * How a picture was coloured, as a project or a result's own mark says.
 * @typedef {object} Saved
 * @property {Record<string, any>} options
 * @property {Hint[]} hints
 * @property {Box[]} boxes that were looked at closer
 * @property {string[]} warnings what could not be taken over, in sentences
 */

/**
 * All that a person has asked of one picture. It never changes, so each can be gone back to.
 * @typedef {object} Edit
 * @property {Photo} photo looked at in as many boxes as were asked for
 * @property {readonly Hint[]} hints
 * @property {number | null} vividness 0 to 1; null: as the model chooses
 * @property {number} strength 0 to 2
 * @property {number} warmth -1 to 1
 * @property {boolean} keepTone
 * @property {Photo | null} reference a picture in colour that lends its colours
 */

/** @typedef {{color: string, probability: number}} Suggestion */

/**
 * @typedef {object} Suggestions
 * @property {Suggestion[]} suggestions the likeliest first, as they look in the light of the place
 * @property {number} lightness of the place: L* from 0 to 100
 */

/**
 * @typedef {object} Confidence
 * @property {Record<"stated" | "follows" | "inferred" | "uncertain", number>} shares of the picture; their sum is 1
 * @property {Blob} overlay to be laid over the photograph
 */

/** @typedef {{number: number, hints: Hint[], image: Blob}} Variant all hints that give it again, and how it looks */

/** @typedef {{blob: Blob, name: string, warnings: string[]}} Finished a file, ready to be kept */

/** @typedef {"file" | "layer" | "compare" | "project"} Output what can be kept of a picture */

/**
 * What colours photographs. Every call can be aborted by its signal, and rejects with an `Error` whose message is a
 * sentence for people, or with an `AbortError`.
 * @typedef {object} Engine
 * @property {(file: File, how?: {page?: number, signal?: AbortSignal}) => Promise<Photo>} open
 * @property {(photo: Photo, how?: {size?: number, signal?: AbortSignal}) => Promise<Blob>} original the photograph as
 *   it came, its longer side at most `size`
 * @property {(edit: Edit, how?: {size?: number, signal?: AbortSignal}) => Promise<Blob>} paint the picture in colour,
 *   for the screen
 * @property {(edit: Edit, output: Output, how?: {format?: string, label?: boolean, signal?: AbortSignal})
 *   => Promise<Finished>} finish the picture as a file of its own format with all its metadata, or what goes with it
 * @property {(edit: Edit, place: Point, how?: {signal?: AbortSignal}) => Promise<Suggestions>} suggest
 * @property {(edit: Edit, how?: {signal?: AbortSignal}) => Promise<Confidence>} confidence
 * @property {(edit: Edit, how: {n: number, seed: number, size?: number, signal?: AbortSignal}) => Promise<Variant[]>}
 *   variants
 * @property {(photo: Photo, box: Box, how?: {signal?: AbortSignal}) => Promise<Photo>} refine look closer at a part
 * @property {(photo: Photo, file: File, how?: {signal?: AbortSignal}) => Promise<Saved>} project what a .photochrom
 *   file says, in the pixels of this photograph
 * @property {(photo: Photo) => void} close forget it now rather than later; asking again is allowed
 */

export {};
