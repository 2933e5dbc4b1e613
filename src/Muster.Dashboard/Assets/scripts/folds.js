// What is long is fetched when it is unfolded.
import { parse } from "./morph.js";

export function startFolds() {
  document.addEventListener("toggle", async event => {
    const fold = event.target;
    if (!(fold instanceof HTMLDetailsElement) || !fold.open || !fold.dataset.load) return;
    const place = fold.querySelector(".loads");
    if (!place || place.hasAttribute("data-loaded")) return;
    const answer = await fetch(fold.dataset.load, { headers: { Accept: "text/html" } });
    const part = answer.ok ? parse(await answer.text()).querySelector("[data-part]") : null;
    // What could not be had keeps the link that leads to it.
    if (!part) return;
    place.setAttribute("data-loaded", "");
    place.replaceChildren(document.importNode(part, true));
  }, true);
}
