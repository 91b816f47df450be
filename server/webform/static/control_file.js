/** Questions answered by a file: photos (made smaller, without their place and maker), films, sounds, a signature. */

import { button, make } from "./elements.js";
import { has } from "./screens.js";
import { say } from "./words.js";

const MOST_PIXELS = 2048; // of the longer side, where the form says nothing
const QUALITY = 0.85;

export function uploadControl(node, context) {
  if (["signature", "draw"].some((each) => has(node, each))) return drawnControl(node, context);
  const { accept, type } = node.nodeOptions.media;
  const words = { image: "photo", video: "film", audio: "record" }[type] ?? "file";
  const file = make("input", { type: "file", accept: type === "image" ? "image/*" : accept, "aria-labelledby": context.label,
    ...(has(node, "new") ? { capture: "environment" } : {}), onchange: take, onclick: () => context.save() });
  // taking a photo may reload the page on a phone that is short of memory: what was answered is on the disk before
  const choose = make("label", { class: "button", onpointerdown: () => context.save() }, say(words), file);
  const shown = make("div", { class: "taken" });
  const clear = button(say("clear"), () => {
    sent = null;
    context.set(() => node.setValue(null));
    if (node.currentState.instanceValue) context.reopen();
  }, "second");
  const wrong = make("p", { class: "wrong", role: "alert" });
  let sent = context.sentFile(); // what came with a visit that is corrected; the engine does not hold it

  async function take() {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    wrong.textContent = "";
    try {
      const kept = type === "image" ? await photo(chosen, node.maxPixels ?? MOST_PIXELS) : chosen;
      context.set(() => node.setValue(kept));
      await context.save();
    } catch {
      wrong.textContent = say("photo_unreadable");
    }
  }
  const preview = previewed(shown, type);
  context.onLeave(preview.stop);
  return {
    element: make("div", {}, shown, choose, clear, wrong),
    update() {
      const value = node.currentState.value;
      preview.show(value, sent);
      clear.hidden = !value && !sent;
      file.disabled = clear.disabled = node.currentState.readonly;
    },
  };
}

/** Shows a file that was taken now, else the one at the address `sent`. */
function previewed(shown, type) {
  let now = null;
  let url = null;
  const stop = () => url && URL.revokeObjectURL(url);
  return {
    stop,
    show(value, sent = null) {
      if ((value ?? sent) === now) return;
      stop();
      now = value ?? sent;
      url = value && URL.createObjectURL(value);
      const name = { image: "img", video: "video", audio: "audio" }[type];
      const named = value?.name ?? make("a", { href: sent, target: "_blank" }, say("file_sent"));
      const onerror = () => shown.replaceChildren(make("p", { class: "hint" }, say("photo_unseen")));
      const looks = name === "img" ? { alt: say("take_photo"), onerror } : { controls: true };
      const seen = name ? make(name, { src: url ?? sent, ...looks }) : make("span", {}, named);
      shown.replaceChildren(...(now ? [seen] : []));
    },
  };
}

const OF_A_GALLERY = /^ftyp(?:he[iv][cmsx]|m[is]f[12]|avi[fs])/; // server/files/heif_photos.py takes out their place

/** The photo made smaller; one of a kind that this browser cannot read goes as it is, where the server can. */
async function photo(file, most) {
  try {
    return await smaller(file, most);
  } catch (error) {
    if (!OF_A_GALLERY.test(await file.slice(4, 12).text())) throw error;
    return file;
  }
}

/** The picture at most `most` pixels long, as JPEG: the canvas leaves out whatever the camera wrote beside it. */
async function smaller(file, most) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, most / Math.max(picture.width, picture.height));
  const canvas = make("canvas", {});
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("no memory for the picture"); // else the file would be the word “null”
  return new File([blob], "photo.jpg", { type: "image/jpeg" });
}

/** A signature or a drawing, by a finger; kept as PNG when the finger leaves. */
function drawnControl(node, context) {
  const canvas = make("canvas", { class: "signature", "aria-labelledby": context.label, role: "img" });
  Object.assign(canvas, { width: 600, height: 300 });
  const pen = Object.assign(canvas.getContext("2d"), { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
  const clear = button(say("clear"), () => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    context.set(() => node.setValue(null));
  }, "second");
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
  };
  let isDown = false;
  let shown = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (node.currentState.readonly) return;
    isDown = true;
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!isDown) return;
    pen.lineTo(...at(event));
    pen.stroke();
  });
  const lifted = async () => {
    if (!isDown) return;
    isDown = false;
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    shown = new File([blob], "drawing.png", { type: "image/png" });
    context.set(() => node.setValue(shown));
  };
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, lifted); // a call comes in: what is drawn stays
  return {
    element: make("div", {}, make("p", { class: "hint" }, say("sign")), canvas, clear),
    async update() {
      const value = node.currentState.value;
      clear.hidden = !value;
      if (value === shown || !value) return;
      shown = value;
      const picture = await createImageBitmap(value);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    },
  };
}
