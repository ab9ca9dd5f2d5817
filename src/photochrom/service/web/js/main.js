/** Puts the parts of the page together. */

import { Album } from "./album.js";
import { welcome } from "./arrivals.js";
import { Coloring } from "./coloring.js";
import { Cross } from "./cross.js";
import { Curtain } from "./curtain.js";
import { byId, plural, told } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Editor } from "./editor.js";
import { ServerEngine } from "./engine.js";
import { listen as listenToGestures } from "./gestures.js";
import { askKey } from "./keys.js";
import { Markers } from "./markers.js";
import { Notices } from "./notices.js";
import { Overlay } from "./overlay.js";
import { Panel } from "./panel.js";
import { takenUp } from "./project.js";
import { Queue } from "./queue.js";
import { Reference } from "./reference.js";
import { Refine } from "./refine.js";
import { listen as listenToSheet } from "./sheet.js";
import { key, listen as listenToKeys, withCtrl } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { Thumbnails } from "./thumbnails.js";
import { Variants } from "./variants.js";

/** @typedef {import("./album.js").Picture} Picture */

const notices = new Notices();
/** @type {import("./types.js").Engine} */
const engine = new ServerEngine({
  busy: () => notices.tell("Photochrom is busy; this waits its turn."),
  askKey,
});
const album = new Album();
const stage = new Stage(byId("photograph", HTMLCanvasElement));
stage.leaveBelow(68);
const curtain = new Curtain(byId("curtain", HTMLElement), stage);
new Coloring(engine, album, stage, curtain, notices);
const queue = new Queue(engine, album);
new Thumbnails(album, queue, engine, notices);

const open = (/** @type {number} */ index) => editor.change(index);
const markers = new Markers(byId("markers", HTMLElement), stage, album, open);
const editor = new Editor(engine, album, stage, (index) => markers.choose(index));
const refine = new Refine(engine, album, stage, notices);
new Panel(album, open);
new Reference(engine, album, notices);
const overlay = new Overlay(engine, album, stage, notices);
const variants = new Variants(engine, album, notices);
const downloads = new Downloads(engine, album, notices);

const hint = (/** @type {import("./types.js").Point} */ place) => {
  const photo = album.current?.edit?.photo;
  const inside = photo && place.x >= 0 && place.y >= 0 && place.x < photo.width && place.y < photo.height;
  if (inside) editor.begin(place);
  else editor.close();
};
new Cross(stage, refine, notices, hint);
listenToGestures(stage.canvas, {
  tap: (at) => hint(stage.toPhoto(at)),
  drag: (across, down) => stage.pan(across, down),
  zoom: (factor, at) => stage.zoom(factor, at),
  boxing: () => refine.active,
  box: (from, to, done) => refine.draw(from, to, done),
  cancel: () => refine.cancel(),
});

welcome((files) => {
  const projects = files.filter((file) => /\.photochrom$/i.test(file.name));
  const photographs = files.filter((file) => !projects.includes(file));
  if (photographs.length) album.add(photographs);
  const picture = album.current;
  for (const file of projects) {
    if (!picture) notices.problem(`Add the photograph that ${file.name} belongs to first.`);
    else if (picture.edit) void resume(picture, (photo) => engine.project(photo, file));
    else early.set(picture, file);
  }
});

/** Projects that came with their photograph, until that is open. @type {WeakMap<Picture, File>} */
const early = new WeakMap();

/**
 * @param {Picture} picture
 * @param {(photo: import("./types.js").Photo) => Promise<import("./types.js").Saved>} read how it was coloured once
 */
async function resume(picture, read) {
  const edit = picture.edit;
  if (!edit) return;
  const done = notices.busy();
  try {
    const saved = await read(edit.photo);
    const next = await takenUp(engine, edit, saved);
    album.change(next, { of: picture });
    notices.tell(`Taken up: ${next.hints.length} ${plural("hint", next.hints.length)} and all settings.`);
    for (const warning of saved.warnings) notices.tell(warning);
  } catch (error) {
    notices.problem(told(error));
  } finally {
    done();
  }
}

/** Offers that come with some photographs, once each. @type {WeakSet<Picture>} */
const offered = new WeakSet();
album.on("picture", (picture) => {
  const photo = picture.edit?.photo;
  if (picture !== album.current || !photo || offered.has(picture)) return;
  offered.add(picture);
  for (const warning of photo.warnings) notices.tell(warning);
  const { saved } = photo;
  const project = early.get(picture);
  if (project) void resume(picture, () => engine.project(photo, project));
  else if (saved) {
    const act = () => void resume(picture, async () => saved);
    notices.tell("This picture was coloured by Photochrom before.", { label: "Go on from there", act });
  }
  if (photo.pages > 1 && photo.page === 0) {
    const others = Array.from({ length: photo.pages - 1 }, (_, at) => at + 1);
    const act = () => others.forEach((page) => album.add([picture.file], page));
    notices.tell(`This file has ${photo.pages} pages; this is the first.`, { label: "Open the others", act });
  }
});

for (const [id, act] of /** @type {[string, () => void][]} */ ([
  ["undo", () => album.undo()],
  ["redo", () => album.redo()],
  ["zoom-in", () => stage.zoom(1.5)],
  ["zoom-out", () => stage.zoom(1 / 1.5)],
  ["zoom-level", () => (stage.fitted ? stage.zoomToPixels() : stage.zoomToFit())],
])) {
  byId(id, HTMLButtonElement).addEventListener("click", act);
}

const reflect = () => {
  const history = album.current?.history;
  byId("undo", HTMLButtonElement).disabled = !history?.past.length;
  byId("redo", HTMLButtonElement).disabled = !history?.future.length;
  for (const id of ["refine", "overlay", "variants", "zoom-in", "zoom-out", "zoom-level"]) {
    byId(id, HTMLButtonElement).disabled = !history || album.current?.state === "failed";
  }
};
for (const name of /** @type {const} */ (["current", "picture", "edit"])) album.on(name, reflect);
stage.on("view", () => {
  const percent = `${Math.round(100 * stage.view.scale * devicePixelRatio)} %`;
  byId("zoom-level", HTMLButtonElement).textContent = percent;
});

const keep = () => void downloads.one("file");
const again = (/** @type {KeyboardEvent} */ event) => withCtrl("z", true)(event) || withCtrl("y")(event);
const choose = () => byId("chooser", HTMLInputElement).click();
listenToKeys([
  { keys: "A", means: "add photographs", is: key("a", "A"), act: choose },
  { keys: "Ctrl Z", means: "undo", is: withCtrl("z"), act: () => album.undo(), always: true },
  { keys: "Ctrl Shift Z", means: "do again, as Ctrl Y", is: again, act: () => album.redo(), always: true },
  { keys: "Ctrl S", means: "download the picture", is: withCtrl("s"), act: keep, always: true, typing: true },
  { keys: "D", means: "all downloads", is: key("d", "D"), act: () => downloads.open() },
  { keys: "R", means: "look closer at a box", is: key("r", "R"), act: () => refine.toggle() },
  { keys: "O", means: "show what is known and what guessed", is: key("o", "O"), act: () => overlay.toggle() },
  { keys: "V", means: "variants", is: key("v", "V"), act: () => variants.toggle() },
  { keys: "B", means: "the photograph as it came, while held", is: key("b", "B"), act: () => curtain.peek(true) },
  { keys: "+", means: "closer", is: key("+", "="), act: () => stage.zoom(1.25) },
  { keys: "−", means: "farther", is: key("-", "_", "−"), act: () => stage.zoom(0.8) },
  { keys: "0", means: "all of the photograph", is: key("0"), act: () => stage.zoomToFit() },
  { keys: "1", means: "its own pixels", is: key("1"), act: () => stage.zoomToPixels() },
  { keys: "[", means: "the photograph before", is: key("["), act: () => album.selectNext(-1) },
  { keys: "]", means: "the next photograph", is: key("]"), act: () => album.selectNext(1) },
  { keys: "?", means: "this list", is: key("?"), act: () => byId("help", HTMLDialogElement).showModal() },
]);
addEventListener("keyup", (event) => event.key.toLowerCase() === "b" && curtain.peek(false));
addEventListener("blur", () => curtain.peek(false));
addEventListener("keydown", (event) => event.key === "Escape" && (refine.active ? refine.toggle(false) : editor.close()));
addEventListener("beforeunload", (event) => album.pictures.some((each) => each.unkept) && event.preventDefault());
listenToSheet();
